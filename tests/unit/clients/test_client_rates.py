"""How long a vendor wants to be left alone, in every dialect."""

from datetime import UTC, datetime

import pytest

from bridge.clients.rates import Rate, rate, wait_after_429, wait_when_spent

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EPOCH = str(int(NOW.timestamp()) + 90)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-retry-after": "7"}, 7.0),
        ({"x-ratelimit-retry-after": "7", "retry-after": "99", "x-ratelimit-reset": "5"}, 7.0),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"x-ratelimit-reset": EPOCH}, 90.0),
        ({"x-ratelimit-reset": "90"}, 90.0),
        ({"x-ratelimit-reset": "99999"}, 3600.0),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) - 50)}, 1.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "soon", "x-ratelimit-reset": "nan"}, None),
        ({}, None),
    ],
)
def test_the_wait_after_a_429(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_after_429(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": EPOCH}, 90.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "30"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-reset": "30"}, None),
    ],
)
def test_a_spent_window_is_waited_out(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_when_spent(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("reset", "told"),
    [(EPOCH, Rate(3000, 7, 90.0)), ("2", Rate(3000, 7, 2.0)), ("soon", None), (None, None)],
)
def test_a_window_is_told_in_both_dialects_or_not_at_all(reset: str | None, told: Rate | None) -> None:
    headers = {"x-ratelimit-limit": "3000", "x-ratelimit-remaining": "7"}
    assert rate(headers | ({"x-ratelimit-reset": reset} if reset else {}), NOW) == told
