"""The audience the demonstration exports: who spent over $50 in the 90 days before the last of a month."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from local.demo.log import Order, rank

AUDIENCE = "spent50-90d"
TREATED, HOLDOUT = "1", "2"
SPLITS = (TREATED, HOLDOUT)
EXPORTS = (date(1997, 3, 31), date(1997, 4, 30), date(1997, 5, 31))
WINDOW = timedelta(days=90)
THRESHOLD = Decimal(50)


@dataclass(frozen=True, slots=True)
class Member:
    """One row of an export."""

    external_id: str
    orders: int
    lifetime_value: Decimal
    last_order_date: date


def members(orders: Iterable[Order], as_of: date, split: str) -> list[Member]:
    """The members of one split on a day, by id; attributes count everything bought up to that day."""
    history: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        if order.day <= as_of and split_of(order.customer) == split:
            history[order.customer].append(order)
    return [_member(history[customer]) for customer in sorted(history) if _spent(history[customer], as_of)]


def split_of(customer: str) -> str:
    """One customer in five is held out, by a hash of the id, so that nobody ever changes sides."""
    return HOLDOUT if rank("split", customer) % 5 == 0 else TREATED


def _spent(history: list[Order], as_of: date) -> bool:
    recent = (order.dollars for order in history if order.day > as_of - WINDOW)
    return sum(recent, Decimal(0)) > THRESHOLD


def _member(history: list[Order]) -> Member:
    return Member(
        external_id=history[0].customer,
        orders=len(history),
        lifetime_value=sum((order.dollars for order in history), Decimal(0)),
        last_order_date=max(order.day for order in history),
    )
