"""How long a vendor asks to be left alone, in every dialect of rate header seen (facts: Braze's two pages disagree)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

EPOCH_FROM = 1e8
"""Reset values below this are seconds left, above it the UTC epoch; both are in use."""
LONGEST_WAIT = 3600.0
"""Braze's windows end with the clock hour, so a longer wait is a misread header."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What an answer told of its window: requests allowed, requests left, seconds until it ends."""

    limit: float
    remaining: float
    resets_in: float


def rate(headers: Mapping[str, str], now: datetime) -> Rate | None:
    """The three headers of an answer that was let through; None unless all of them are there."""
    told = (_number(headers.get("x-ratelimit-limit")), _number(headers.get("x-ratelimit-remaining")))
    resets_in = _resets_in(headers, now)
    if told[0] is None or told[1] is None or resets_in is None:
        return None
    return Rate(told[0], told[1], resets_in)


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
    resets_in = _resets_in(headers, now)
    return None if resets_in is None else _bounded(resets_in)


def _resets_in(headers: Mapping[str, str], now: datetime) -> float | None:
    reset = _number(headers.get("x-ratelimit-reset"))
    return reset - now.timestamp() if reset is not None and reset >= EPOCH_FROM else reset


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
