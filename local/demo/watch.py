"""Waiting with an end: when something does not arrive, say what is missing and where it may lie."""

import time
from collections.abc import Callable
from dataclasses import dataclass

Diagnose = Callable[[], list[str]]


class Missing(RuntimeError):
    """Something did not come in time; the lines say what, and where to look."""

    def __init__(self, what: str, clues: list[str]) -> None:
        """`clues`: queue depths, dead letters, health."""
        super().__init__("\n".join([what, *(f"  {clue}" for clue in clues)]))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: in all, and without any progress. Seconds."""

    total: float = 300.0
    stalled: float = 60.0
    poll: float = 0.25


@dataclass(frozen=True, slots=True)
class Watch:
    """Waits for counts to be reached, within one patience, and asks for clues when they are not."""

    diagnose: Diagnose
    patience: Patience = Patience()
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(self, what: str, wanted: int, count: Callable[[], int]) -> None:
        """Return once `count()` is `wanted` or more (the comparison finds doubles); else `Missing`."""
        started = moved = self.clock()
        last = -1
        while (have := count()) < wanted:
            now = self.clock()
            if have != last:
                last, moved = have, now
            if now - started > self.patience.total or now - moved > self.patience.stalled:
                waited = f"{now - started:.0f} s, the last {now - moved:.0f} s without progress"
                raise Missing(f"{what}: {have} of {wanted} after {waited}", self.diagnose())
            self.sleep(self.patience.poll)
