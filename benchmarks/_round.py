"""One run of load through both vendors: watched while it lasts, compared by id at its end."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Self

from benchmarks._arrivals import Destination, Workspace, drained
from benchmarks._load import Pace, Taken, offer
from benchmarks.full_log import lost_and_doubled
from tests.stack.house import House


@dataclass
class Round:
    """A house with an installation of each vendor."""

    house: House
    installed: list[str] = field(default_factory=list)
    sent: list[Taken] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.house.open()
        self.installed = [self.house.install("actioniq"), self.house.install("braze")]
        self.actioniq = Destination(self.house.stack, self.house.destination)
        self.braze = Workspace(self.house.stack, self.house.tag)
        return self

    def __exit__(self, *_: object) -> None:
        self.house.close()

    def offer(self, pace: Pace, *, senders: int = 16) -> list[Taken]:
        """Send what the pace gives; it is compared with the rest at the end."""
        taken = offer(self.house, pace, senders=senders)
        self.sent += taken
        return taken

    def arrived(self) -> int:
        """Events at both vendors."""
        return min(self.actioniq.total(), self.braze.total())

    def until_drained(self) -> float:
        """When the last event of all that was sent came, in epoch seconds."""
        return drained(sum(len(told.ids) for told in self.sent), self.actioniq.total, self.braze.total)

    def lost_and_doubled(self) -> tuple[int, int]:
        """At either vendor, by id."""
        ids = [one for told in self.sent for one in told.ids]
        found = [lost_and_doubled(ids, arrived) for arrived in (self.actioniq.ids(), self.braze.ids())]
        return found[0][0] + found[1][0], found[0][1] + found[1][1]

    def letters(self) -> int:
        """Dead letters of both installations, 100 of each at the most."""
        asked = (f"dead-letters?integration_id={one}&limit=100" for one in self.installed)
        return sum(len(self.house.admin("GET", path)[1]["data"]) for path in asked)


@dataclass
class Watched:
    """Looks every so many seconds how many events are at both vendors, from before the first one is sent."""

    round: Round
    every: float
    before: int = 0
    seen: list[tuple[float, int]] = field(default_factory=list)
    _done: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        self.before = sum(len(told.ids) for told in self.round.sent)
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(self.every):
            self.seen.append((time.time(), self.round.arrived() - self.before))

    def ages(self, taken: Iterable[Taken]) -> list[tuple[float, float]]:
        """At each look the age of the oldest of these events that was accepted and not yet there."""
        known = sorted(taken, key=lambda one: one.accepted)
        return [(now, behind(known, arrived, now)) for now, arrived in self.seen]


def behind(accepted: Iterable[Taken], arrived: int, now: float) -> float:
    """Seconds since the oldest event under way was accepted, were they to arrive in the order of acceptance."""
    waiting = -arrived
    for told in accepted:
        waiting += len(told.ids)
        if waiting > 0:
            return max(0.0, now - told.accepted)
    return 0.0
