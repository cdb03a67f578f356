"""The log as Signal events: an identify a new customer, a page for some visits, a track an order."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from local.demo.log import Order

Event = dict[str, Any]
SHOP = "https://shop.example.com"


def build(orders: Iterable[Order], *, run: str) -> list[Event]:
    """Events in the order they happened; `run` makes the message ids of one demonstration its own."""
    return sorted(_all(orders, run), key=lambda event: str(event["timestamp"]))


def _all(orders: Iterable[Order], run: str) -> Iterator[Event]:
    for order in orders:
        if order.number == 1:
            yield _identify(order, run)
        if order.number % 3 == 1:
            yield _page(order, run)
        yield _order_completed(order, run)


def order_completed(order: Order, *, run: str) -> Event:
    """The one event of a benchmark: an order and nothing else."""
    return _order_completed(order, run)


def _identify(order: Order, run: str) -> Event:
    traits = {
        "email": f"customer-{order.customer}@example.com",
        "first_order_date": order.day.isoformat(),
        "cohort_month": f"{order.day:%Y-%m}",
        "email_is_synthetic": True,
    }
    return _event(order, run, "identify", seconds=0, traits=traits)


def _page(order: Order, run: str) -> Event:
    address = f"{SHOP}/music?visit={order.number}"
    page = {"url": address, "referrer": "https://search.example.com/", "title": "CDs and records"}
    return _event(order, run, "page", seconds=10, name="Music", properties=page, context={"page": page})


def _order_completed(order: Order, run: str) -> Event:
    properties = {
        "order_id": f"{order.customer}-{order.number}",
        "revenue": float(order.dollars),
        "quantity": order.discs,
        "currency": "USD",
    }
    return _event(order, run, "track", seconds=20, event="Order Completed", properties=properties)


def _event(order: Order, run: str, kind: str, *, seconds: int, **fields: Any) -> Event:
    """The log knows the day only: a visit starts at noon UTC, orders of one day are a minute apart."""
    start = datetime.combine(order.day, time(12), UTC)
    at = start + timedelta(minutes=order.number, seconds=seconds)
    return {
        "type": kind,
        "messageId": f"{run}-{kind}-{order.customer}-{order.number}",
        "userId": order.customer,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **fields,
    }
