"""What must stand in ActionIQ and Braze at the end, worked out from the log alone.

Nothing here is shared with the project's mapping, diff or packing, nor with the code that builds the events
and the exports: the rules are written a second time, from the documents, so that a mistake in one shows in
the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from local.demo.log import Order
from local.demo.membership_truth import RunTruth, State, apply, change, members, midnight


@dataclass(frozen=True, slots=True)
class Truth:
    """Records by record id, Braze events by user and order id, profiles by user, and the runs behind them."""

    records: dict[str, State]
    events: dict[tuple[str, str], State]
    profiles: dict[str, State]
    runs: tuple[RunTruth, ...]


def of(
    orders: Sequence[Order], *, run: str, destination: str, audience: str, exports: Iterable[date]
) -> Truth:
    """Everything the log implies; `run` is the prefix of the demonstration's message ids."""
    profiles = {order.customer: _profile(order) for order in orders if order.number == 1}
    runs = []
    for split in ("1", "2"):
        before: dict[str, State] = {}
        for as_of in exports:
            now = members(orders, as_of, split)
            runs.append(change(before, now, as_of, split))
            apply(profiles, before, now, f"AIQ_{audience}_{split}")
            before = now
    return Truth(_records(orders, run, destination), _events(orders), profiles, tuple(runs))


def _when(order: Order, seconds: int) -> datetime:
    """Noon of the day, a minute later for each order the customer has made."""
    day = datetime(order.day.year, order.day.month, order.day.day, 12, tzinfo=UTC)
    return day + timedelta(seconds=60 * order.number + seconds)


def _purchase(order: Order) -> State:
    order_id = f"{order.customer}-{order.number}"
    return {"order_id": order_id, "revenue": order.dollars, "quantity": order.discs, "currency": "USD"}


def _traits(order: Order) -> State:
    return {
        "email": f"customer-{order.customer}@example.com",
        "first_order_date": str(order.day),
        "cohort_month": str(order.day)[:7],
        "email_is_synthetic": True,
    }


def _profile(order: Order) -> State:
    """Braze reads text that looks like a date as a time."""
    return _traits(order) | {"first_order_date": midnight(order.day)}


def _records(orders: Iterable[Order], run: str, destination: str) -> dict[str, State]:
    records: dict[str, State] = {}
    for order in orders:
        who = {"user_id": order.customer}
        visit = f"{order.customer}-{order.number}"
        track = {"event_name": "Order Completed", **_purchase(order)}
        records[f"{run}-track-{visit}"] = _record("custom_event", destination, _when(order, 20), who, track)
        if order.number == 1:
            traits = _traits(order)
            both = {**who, "email": traits["email"]}
            at = _when(order, 0)
            records[f"{run}-identify-{visit}"] = _record("user_profile", destination, at, both, traits)
        if order.number % 3 == 1:
            at = _when(order, 10)
            records[f"{run}-page-{visit}"] = _record("page_view", destination, at, who, _page(order))
    return records


def _record(kind: str, destination: str, at: datetime, identifiers: object, attributes: object) -> State:
    return {
        "record_type": kind,
        "destination_id": destination,
        "timestamp": at,
        "identifiers": identifiers,
        "attributes": attributes,
    }


def _page(order: Order) -> State:
    return {
        "url": f"https://shop.example.com/music?visit={order.number}",
        "referrer": "https://search.example.com/",
        "title": "CDs and records",
        "name": "Music",
    }


def _events(orders: Iterable[Order]) -> dict[tuple[str, str], State]:
    return {
        (order.customer, f"{order.customer}-{order.number}"): {
            "name": "Order Completed",
            "time": _when(order, 20),
            "properties": _purchase(order),
        }
        for order in orders
    }


def triggers(truth: Truth, *, joiners: str, best: str, audience: str) -> dict[tuple[str, str], State]:
    """Who gets which campaign: the last to join split 1, and its five best customers; the holdout none."""
    last = [run for run in truth.runs if run.split == "1"][-1]
    inside = [who for who, state in truth.profiles.items() if state.get(f"AIQ_{audience}_1") is True]
    worth = {who: truth.profiles[who]["lifetime_value"] for who in inside}
    top = sorted(inside, key=lambda who: (Decimal(str(worth[who])), who))[-5:]
    sends = [(joiners, who) for who in last.joined] + [(best, who) for who in top]
    return {
        (campaign, who): {"campaign_id": campaign, "trigger_properties": {"lifetime_value": worth[who]}}
        for campaign, who in sends
    }
