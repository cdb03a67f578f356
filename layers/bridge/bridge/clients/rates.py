"""How long a vendor asks to be left alone, in every dialect of rate header seen (facts: Braze's two pages disagree)."""

import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

EPOCH_FROM = 1e8
"""Reset values below this are seconds left, above it the UTC epoch; both are in use."""
LONGEST_WAIT = 3600.0
"""Braze's windows end with the clock hour, so a longer wait is a misread header."""


def wait_after_429(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait after a 429: the explicit wait first, the end of the window else, None when neither is told."""
    for name in ("x-ratelimit-retry-after", "retry-after"):
        seconds = _seconds(headers.get(name), now)
        if seconds is not None:
            return _bounded(seconds)
    return _until_reset(headers, now)


def wait_when_spent(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the window ends when this answer used it up (`X-RateLimit-Remaining: 0`), else None."""
    remaining = _number(headers.get("x-ratelimit-remaining"))
    return None if remaining is None or remaining > 0 else _until_reset(headers, now)


def _until_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is None:
        return None
    return _bounded(reset if reset < EPOCH_FROM else reset - now.timestamp())


def _seconds(value: str | None, now: datetime) -> float | None:
    """Delta seconds, an epoch, or an HTTP date."""
    number = _number(value)
    if number is not None:
        return number if number < EPOCH_FROM else number - now.timestamp()
    try:
        return (parsedate_to_datetime(value) - now).total_seconds() if value else None
    except (ValueError, TypeError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 1.0), LONGEST_WAIT)
