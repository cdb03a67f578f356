"""When a part is tried again: five attempts within 24 hours; while nothing may go out, the clock stands still."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST = 5
LONGEST = timedelta(hours=24)
FIRST_SECONDS, FACTOR, LONGEST_RETRY = 15.0, 8.0, 14_400.0

type Jitter = Callable[[float], float]
"""Draws a number of seconds between 0 and the one given."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Passes in a row in which requests went out and no line got an outcome; times are epoch seconds.

    `still` is how long the installation had stood still when the first of them failed.
    """

    count: int = 0
    since: float = 0.0
    still: float = 0.0
    next_at: float = 0.0

    def after_failure(
        self,
        now: datetime,
        stood_still: float,
        wait: float,
        jitter: Jitter,
        longest: float = LONGEST_RETRY,
    ) -> "Attempts":
        """One more; the next comes after `wait` seconds, or later: 15 s, 2 min, 16 min, 2 h, each less up to half."""
        at = now.timestamp()
        backoff = min(FIRST_SECONDS * FACTOR**self.count, longest)
        next_at = at + max(wait, backoff / 2 + jitter(backoff / 2))
        if not self.count:
            return Attempts(1, at, stood_still, next_at)
        return Attempts(self.count + 1, self.since, self.still, next_at)

    def spent(self, now: datetime, stood_still: float) -> bool:
        """Whether the part is given up."""
        if not self.count:
            return False
        age = now.timestamp() - self.since - max(0.0, stood_still - self.still)
        return self.count >= MOST or age > LONGEST.total_seconds()

    def left(self, now: datetime) -> float:
        """Seconds until the next one is due."""
        return max(0.0, self.next_at - now.timestamp())
