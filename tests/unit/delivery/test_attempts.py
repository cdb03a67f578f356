"""When a delivery is tried again."""

import pytest

from bridge.errors import Retryable
from bridge.flows.delivery.attempts import LONGEST_RETRY, delay


def latest(most: float) -> float:
    return most


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 15), (2, 120), (3, 960), (4, 7_680), (5, LONGEST_RETRY)]
)
def test_each_attempt_may_wait_eight_times_as_long_as_the_one_before(attempt: int, seconds: float) -> None:
    assert delay(attempt, None, latest) == seconds


def test_the_longest_wait_can_be_made_shorter_but_not_the_vendors_own() -> None:
    assert [delay(attempt, None, latest, 12) for attempt in (1, 5)] == [12, 12]
    assert delay(1, Retryable("rate_limited", "", after=60.0), lambda _: 0.0, 12) == 60.0
