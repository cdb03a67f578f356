"""The CDNOW purchase log: who bought when, how many discs, for how many dollars (data/README.md)."""

import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "data" / "cdnow_master.txt.gz"


@dataclass(frozen=True, slots=True)
class Order:
    """One line of the log; `number` counts a customer's orders from 1: equal lines are different orders."""

    customer: str
    number: int
    day: date
    discs: int
    dollars: Decimal


def read(path: Path = SHIPPED) -> list[Order]:
    """Every order of the log, plain or gzip, in the order of the file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="ascii") as lines:
        return list(_orders(lines))


def _orders(lines: Iterable[str]) -> Iterator[Order]:
    seen: Counter[str] = Counter()
    for line in lines:
        fields = line.split()
        if len(fields) != 4 or not fields[0].isdigit():  # the heading, blank lines
            continue
        customer, day, discs, dollars = fields
        seen[customer] += 1
        yield Order(customer, seen[customer], date.fromisoformat(day), int(discs), Decimal(dollars))


@cache
def rank(purpose: str, customer: str) -> int:
    """A number below 2**32 that depends on nothing but the purpose and the id: the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{purpose}:{customer}".encode()).digest()[:4])


def renamed(orders: Iterable[Order], prefix: str) -> list[Order]:
    """The same orders of people whose ids begin otherwise, for a demonstration beside another."""
    return [replace(order, customer=prefix + order.customer) for order in orders]


def sample(orders: Iterable[Order], customers: int, until: date) -> list[Order]:
    """The orders up to a day of the `customers` whose ids rank first among those who had bought by then."""
    early = [order for order in orders if order.day <= until]
    ids = sorted({order.customer for order in early}, key=lambda customer: rank("sample", customer))
    chosen = frozenset(ids[:customers])
    return [order for order in early if order.customer in chosen]
