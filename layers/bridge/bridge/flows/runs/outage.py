"""When nothing that is sent is answered: a worker then stands still, and asks again with one request at a time."""

import math
from dataclasses import dataclass

FAILURES = 10
SILENCE = 1.0
"""Failures in a row, and seconds without an answer, that make an outage: a fault now and then makes none."""
FIRST_PAUSE, LONGEST_PAUSE = 15.0, 600.0


@dataclass(slots=True)
class Outage:
    """Times are those of a monotonic clock; `longest` is the longest pause in seconds."""

    longest: float = LONGEST_PAUSE
    _failures: int = 0
    _pauses: int = 0
    _heard_at: float = -math.inf
    _silent_since: float = math.inf
    _until: float = -math.inf

    @property
    def probing(self) -> bool:
        """Whether one request is to find out if the outage is over."""
        return self._pauses > 0

    def answered(self, started: float, now: float) -> None:
        """The vendor said something to a request begun at `started`."""
        if started >= self._until:
            self._pauses = 0
        self._failures, self._silent_since = 0, math.inf
        self._heard_at = now

    def failed(self, started: float, now: float) -> float | None:
        """The vendor was not there; how long to stand still, when that is news."""
        if started < self._until or started < self._heard_at:
            return None  # it went out before we knew
        self._failures += 1
        self._silent_since = min(self._silent_since, started)
        if not self._pauses and (self._failures < FAILURES or now - self._silent_since < SILENCE):
            return None
        pause = min(FIRST_PAUSE * 2.0**self._pauses, self.longest)
        self._pauses += 1
        self._failures, self._silent_since = 0, math.inf
        self._until = now + pause
        return pause
