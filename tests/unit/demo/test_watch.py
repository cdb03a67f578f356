"""Waiting ends, and says why."""

from itertools import chain, count, repeat

import pytest

from local.demo.watch import Missing, Patience, Watch


def watch(total: float = 100.0, stalled: float = 10.0) -> Watch:
    """A clock that moves a second each time it is asked; nobody sleeps."""
    seconds = count()
    return Watch(
        diagnose=lambda: ["BrazeQueue: 7"],
        patience=Patience(total, stalled),
        clock=lambda: float(next(seconds)),
        sleep=lambda _seconds: None,
    )


def test_what_has_arrived_is_not_waited_for() -> None:
    """More than wanted is left to the comparison."""
    watch().until("records", 3, lambda: 4)


def test_slow_progress_is_progress() -> None:
    """Only standing still is cut short."""
    counts = chain.from_iterable(repeat(number, 5) for number in range(20))
    watch(total=1000).until("records", 19, lambda: next(counts))


def test_standing_still_ends_with_what_is_missing_and_clues() -> None:
    """Before the whole patience is spent."""
    with pytest.raises(Missing, match=r"records: 2 of 3 after 12 s, the last 11 s.*\n  BrazeQueue: 7"):
        watch().until("records", 3, lambda: 2)


def test_progress_without_end_ends_too() -> None:
    """The whole patience is the limit."""
    numbers = count()
    with pytest.raises(Missing, match="after 101 s"):
        watch().until("records", 10_000, lambda: next(numbers))
