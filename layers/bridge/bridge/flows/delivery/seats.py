"""How many of a lane's workers one installation may hold: a vendor that keeps them waiting leaves the rest to others.

A worker is held until the slowest request of its batch is answered. Without a limit, one installation whose
vendor takes ten seconds has all of a lane's workers after as many batches, and its neighbours wait behind it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from bridge.errors import Retryable

HELD = timedelta(seconds=20)
"""A seat's time: longer than a request that gets no answer; a worker that dies keeps it no longer than that."""
REFUSED = timedelta(seconds=0.5)
"""So long a refusal stands for the other deliveries of the batch."""


class Seat(Protocol):
    """A place among the workers, until it is given back or its time is over."""


class Rows[S: Seat](Protocol):
    """The seats of each installation, shared by all workers of the lane. Both raise Retryable."""

    def take(self, installation_id: str, seats: int, *, now: datetime, until: datetime) -> S | None:
        """One of so many, or None while all are taken."""
        ...

    def give_back(self, seat: S) -> None:
        """Free for the next worker."""
        ...


@dataclass(slots=True)
class _Held[S: Seat]:
    """What this worker holds for one installation: `using` counts its deliveries under way."""

    lock: Lock = field(default_factory=Lock)
    using: int = 0
    seat: S | None = None
    refused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seats[S: Seat]:
    """One worker's side; safe to call from several threads, whose deliveries share one seat.

    `workers` are the lane's at the most, `installations` says how many share them: one alone has them all.
    """

    rows: Rows[S]
    workers: int
    installations: Callable[[], int]
    clock: Callable[[], datetime]
    _held: dict[str, _Held[S]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def enter(self, installation_id: str) -> bool:
        """Whether this worker may be held by the installation; if so, it must leave."""
        held = self._of(installation_id)
        with held.lock:
            if held.using == 0 and not self._seated(installation_id, held):
                return False
            held.using += 1
            return True

    def leave(self, installation_id: str) -> None:
        """The last delivery to leave gives the seat back; one that cannot be given back runs out."""
        held = self._of(installation_id)
        with held.lock:
            held.using -= 1
            if held.using or held.seat is None:
                return
            seat, held.seat = held.seat, None
            try:
                self.rows.give_back(seat)
            except Retryable:
                return

    def _of(self, installation_id: str) -> _Held[S]:
        with self._lock:
            return self._held.setdefault(installation_id, _Held())

    def _seated(self, installation_id: str, held: _Held[S]) -> bool:
        """A table that does not answer holds nobody up: a delivery needs it more than the seats do."""
        now = self.clock()
        if held.refused_at is not None and now - held.refused_at < REFUSED:
            return False
        try:
            if self.installations() <= 1:
                return True
            held.seat = self.rows.take(installation_id, self.most, now=now, until=now + HELD)
        except Retryable:
            return True
        held.refused_at = now if held.seat is None else None
        return held.seat is not None

    @property
    def most(self) -> int:
        """Half of the workers."""
        return max(1, self.workers // 2)
