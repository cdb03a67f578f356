"""The shipped log is the log, and the sample of it is the same everywhere."""

import gzip
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from local.demo import log
from local.demo.log import Order
from tests.unit.demo.builders import whole_log


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    """All of it, read once."""
    return list(whole_log())


def test_the_shipped_log_is_complete(orders: list[Order]) -> None:
    """The counts its publisher gives."""
    assert len(orders) == 69_659
    assert len({order.customer for order in orders}) == 23_570
    assert sum(order.dollars == 0 for order in orders) == 80
    assert orders[0] == Order("00001", 1, date(1997, 1, 1), 1, Decimal("11.77"))


def test_equal_lines_are_different_orders(orders: list[Order]) -> None:
    """255 lines repeat another word for word; none of them is lost."""
    lines = Counter((order.customer, order.day, order.discs, order.dollars) for order in orders)
    assert sum(count - 1 for count in lines.values()) == 255
    assert len({(order.customer, order.number) for order in orders}) == len(orders)


def test_a_plain_file_reads_like_a_compressed_one(tmp_path: Path) -> None:
    """Whoever has the log elsewhere need not pack it."""
    text = " customer_id  date\r\n 00007 19970203  2   12.00\r\n"
    plain, packed = tmp_path / "log.txt", tmp_path / "log.txt.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    assert log.read(plain) == log.read(packed) == [Order("00007", 1, date(1997, 2, 3), 2, Decimal(12))]


def test_a_smaller_sample_is_part_of_a_larger_one(orders: list[Order]) -> None:
    """Chosen by id, not by chance."""
    small, large = (log.sample(orders, size, date(1997, 5, 31)) for size in (100, 300))
    assert {order.customer for order in small} < {order.customer for order in large}
    assert len({order.customer for order in small}) == 100
    assert max(order.day for order in large) <= date(1997, 5, 31)


def test_the_sample_is_always_the_same(orders: list[Order]) -> None:
    """On every machine: a change of the choice shows here."""
    chosen = sorted({order.customer for order in log.sample(orders, 1500, date(1997, 5, 31))})
    assert (len(chosen), chosen[0]) == (1500, "00027")
