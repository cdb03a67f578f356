"""The log as events: one each, in time, with ids of their own."""

from collections import Counter

from local.demo import events
from tests.unit.demo.builders import order

TWO_ORDERS = [order(number=1), order(number=2)]


def test_an_order_of_a_new_customer_is_three_events() -> None:
    """Who they are, the visit, the order; the next order is one event."""
    assert [e["type"] for e in events.build(TWO_ORDERS, run="r")] == ["identify", "page", "track", "track"]


def test_the_same_log_gives_the_same_events() -> None:
    """But for the tag in the message ids."""
    assert events.build(TWO_ORDERS, run="r") == events.build(TWO_ORDERS, run="r")
    ids = [{e["messageId"] for e in events.build(TWO_ORDERS, run=run)} for run in ("r", "s")]
    assert not ids[0] & ids[1]


def test_no_two_events_share_a_message_id() -> None:
    """Two equal lines of the log are two events."""
    built = events.build([order(c, n) for c in ("00001", "00002") for n in range(1, 8)], run="r")
    assert set(Counter(event["messageId"] for event in built).values()) == {1}


def test_an_order_keeps_what_the_log_says() -> None:
    """Amount, discs, day; ids keep their zeros."""
    event = events.order_completed(order("00042", 3, "1997-04-05", "12.34"), run="r")
    assert event["userId"] == "00042"
    assert event["timestamp"] == "1997-04-05T12:03:20.000Z"
    assert event["properties"] == {"order_id": "00042-3", "revenue": 12.34, "quantity": 2, "currency": "USD"}


def test_what_is_synthetic_says_so() -> None:
    """The log holds no addresses."""
    identify = events.build([order("00042")], run="r")[0]
    assert identify["traits"]["email"].endswith("@example.com")
    assert identify["traits"]["email_is_synthetic"] is True
