"""How often and when: five attempts within 24 hours, exponential backoff with full jitter."""

from collections.abc import Callable

from bridge.errors import BridgeError, Retryable

MOST_ATTEMPTS = 5
LONGEST_HIDE = 900.0
"""A message is hidden for 15 minutes at the most at a time, in seconds."""

Jitter = Callable[[float], float]
"""Draws a number of seconds between 0 and the one given."""

LONGEST_RETRY = 4 * 3600.0
"""Seconds between two attempts at the most, unless the vendor names more."""

_FIRST = 15.0
_FACTOR = 8.0


def delay(attempt: int, error: BridgeError | None, jitter: Jitter, longest: float = LONGEST_RETRY) -> float:
    """Seconds to the next attempt after attempt number `attempt` (1 is the first); a vendor's wait comes first."""
    if isinstance(error, Retryable) and error.after is not None:
        return error.after + jitter(min(error.after, 5.0))
    return max(1.0, jitter(min(_FIRST * _FACTOR ** max(attempt - 1, 0), longest)))
