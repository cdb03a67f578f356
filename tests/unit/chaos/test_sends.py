"""Campaign messages: once at the most, whatever happens."""

from typing import Any

import pytest

from tests.unit.chaos.books import ORDERED, message, sent


def test_a_message_that_went_out_once_is_in_order() -> None:
    assert sent([message()], 1) == []


@pytest.mark.parametrize("count", [0, 1])
def test_a_message_that_is_held_may_have_gone_out(count: int) -> None:
    assert sent([message("dead-lettered", reason="worker_lost", perhaps=True)], count) == []


@pytest.mark.parametrize(
    ("entries", "count", "found"),
    [
        ([], 0, ["nowhere"]),
        ([message()], 2, ["sent 2 times"]),
        ([message("dead-lettered", perhaps=True)], 2, ["sent 2 times"]),
        ([message()], 0, ["delivered, and never sent"]),
        ([message("rejected", reason="expired")], 1, ["rejected, and sent"]),
        (
            [message("dead-lettered", perhaps=True, delivery="dlv_9")],
            0,
            ["dead-lettered, and dlv_9 has no open letter"],
        ),
        ([message("under way")], 0, ["still under way"]),
        ([message(), message("rejected", delivery="dlv_2")], 1, ["in delivered and rejected"]),
        ([message("filtered", reason="duplicate")], 1, ["nowhere"]),
    ],
)
def test_a_single_fault_is_found(entries: list[Any], count: int, found: list[str]) -> None:
    assert sent(entries, count) == found


def test_an_order_without_an_answer_may_have_been_carried_out_but_once() -> None:
    assert sent([], 1, unsure={ORDERED}) == []
    assert sent([], 2, unsure={ORDERED}) == ["sent twice"]


def test_what_nobody_ordered_is_a_fault() -> None:
    assert sent([], 1, unsure={("act-2", "welcome", "u1")}) == ["sent, and nobody ordered it"]
