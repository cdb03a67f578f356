"""When an accepted request takes effect: at once, later, or out of order (facts 2.14)."""

import heapq
from collections.abc import Callable
from random import Random

from local.standins.braze.modes import Modes


class Applying:
    """Accepted work that waits; whoever looks at profiles calls `due` first."""

    def __init__(self, clock: Callable[[], float], seed: int) -> None:
        self.clock = clock
        self.dice = Random(seed)  # noqa: S311 - repeatable, not secret
        self.waiting: list[tuple[float, int, Callable[[], None]]] = []
        self.accepted = 0

    def accept(self, work: Callable[[], None], modes: Modes) -> None:
        """Do the work now, or when its delay is over."""
        self.accepted += 1
        if not modes.apply_delay:
            work()
            return
        now, order = self.clock(), self.accepted
        when = now + modes.apply_delay
        if modes.apply_order == "random":
            when = now + self.dice.uniform(0, modes.apply_delay)
        elif modes.apply_order == "reverse":
            when, order = (now // modes.apply_delay + 1) * modes.apply_delay, -order
        heapq.heappush(self.waiting, (when, order, work))

    def due(self) -> None:
        """Do what is due by now."""
        now = self.clock()
        while self.waiting and self.waiting[0][0] <= now:
            heapq.heappop(self.waiting)[2]()

    def settle(self) -> None:
        """Do everything that waits, in the order it would have been done."""
        while self.waiting:
            heapq.heappop(self.waiting)[2]()
