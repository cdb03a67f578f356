"""Who is in the audience and what changed between two exports, worked out from the log a second time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

from local.demo.log import Order

State = dict[str, object]


@dataclass(frozen=True, slots=True)
class RunTruth:
    """One export of one split against the one before it, and its price in Braze data points."""

    as_of: date
    split: str
    members: int
    joined: tuple[str, ...]
    left: int
    changed: int
    data_points: int
    full_resend: int


def members(orders: Iterable[Order], as_of: date, split: str) -> dict[str, State]:
    """Who spent over $50 on the day itself and the 89 before it, with three attributes of all time."""
    recent: dict[str, Decimal] = defaultdict(Decimal)
    count: dict[str, int] = defaultdict(int)
    value: dict[str, Decimal] = defaultdict(Decimal)
    last: dict[str, date] = {}
    for order in orders:
        if order.day > as_of or _side(order.customer) != split:
            continue
        if (as_of - order.day).days < 90:
            recent[order.customer] += order.dollars
        count[order.customer] += 1
        value[order.customer] += order.dollars
        last[order.customer] = max(order.day, last.get(order.customer, order.day))
    return {
        who: {"orders": count[who], "lifetime_value": value[who], "last_order_date": midnight(last[who])}
        for who, spent in recent.items()
        if spent > 50
    }


def _side(customer: str) -> str:
    digest = sha256(b"split:" + customer.encode()).hexdigest()
    return "1" if int(digest[:8], 16) % 5 else "2"


def midnight(day: date) -> datetime:
    """The instant Braze keeps for a date without a time."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def change(before: dict[str, State], now: dict[str, State], as_of: date, split: str) -> RunTruth:
    """Each changed custom attribute is one data point, and so is each membership switched on or off."""
    joined = sorted(now.keys() - before.keys())
    left = len(before.keys() - now.keys())
    changes = [
        sum(state[name] != before[who][name] for name in state) for who, state in now.items() if who in before
    ]
    return RunTruth(
        as_of=as_of,
        split=split,
        members=len(now),
        joined=tuple(joined),
        left=left,
        changed=sum(map(bool, changes)),
        data_points=4 * len(joined) + left + sum(changes),
        full_resend=4 * len(now) + left,
    )


def apply(
    profiles: dict[str, State], before: dict[str, State], now: dict[str, State], membership: str
) -> None:
    """Whoever leaves keeps the attributes and is told `false`."""
    for who in before.keys() - now.keys():
        profiles[who][membership] = False
    for who, state in now.items():
        profiles[who] |= {membership: True, **state}
