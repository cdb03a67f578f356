"""What the rate headers tell of a window that other workers spend from as well."""

import math
from dataclasses import dataclass
from typing import Protocol

HORIZON = 0.5
"""Seconds over which what is left may be spent: a window is never emptied at once, and never left unused."""
GUARD = 0.05
"""Seconds after its end until a new window is believed in: two clocks never agree."""
EARLY = 0.1
"""Seconds before its end by which a window should be spent: headers round the end up."""
MEASURED_SECONDS = 0.2
MEASURED_REQUESTS = 10
SUPPOSED_CROWD = 10.0
"""How many workers there may be, from the first answer until it is measured: they often start together."""
UNHEARD = 5.0
"""Seconds after which a window that no answer told of is given up for a new one."""


class Told(Protocol):
    """The three rate headers of one answer."""

    @property
    def limit(self) -> float: ...
    @property
    def remaining(self) -> float: ...
    @property
    def resets_in(self) -> float: ...


@dataclass(slots=True)
class Window:
    """`crowd` is how many requests the window loses for each one of ours: 1 when nobody else sends.

    It is `supposed` from the first answer until it is measured.

    Tickets number our requests; those after the ticket of the newest answer are not in its `remaining` yet.
    """

    reserve: float
    crowd: float = 1.0
    supposed: float = SUPPOSED_CROWD
    limit: float = math.inf
    _remaining: float = math.inf
    _ticket: int = 0
    _ends_at: float = math.inf
    _first: int = 0
    _known: bool = False
    _began_at: float = math.inf
    _measured: tuple[float, float, int] | None = None

    def left(self, let: int, now: float) -> int:
        """How many more of ours may go out in this window, `let` of them being out already."""
        left = self._left(let, now)
        return int(max(0.0, left)) if math.isfinite(left) else 1_000_000

    def rate(self, let: int, now: float) -> float:
        """Requests a second of ours that spend what is left over the horizon, or until the window ends."""
        return max(0.0, self._left(let, now)) / max(0.05, min(HORIZON, self._ends_at - EARLY - now))

    def seconds_left(self, now: float) -> float:
        """Until the next window; endless when nothing was ever told of one."""
        return min(self._ends_at + GUARD, self._began_at + UNHEARD) - now

    def told(self, ticket: int, rate: Told, let: int, now: float, *, sent: float) -> None:
        """Take in one answer to a request sent then; what comes late from the window before is passed over.

        Whole seconds were counted when the request arrived, half-way between its start and its answer's end as far
        as we can know; what was counted here from an epoch needs no such correction.
        """
        if not math.isfinite(self.limit):
            self.crowd = self.supposed
        self._roll(let, now)
        counted = (sent + now) / 2 if rate.resets_in == int(rate.resets_in) else now
        ends_at = counted + rate.resets_in
        if ticket <= self._first or rate.resets_in <= 0:
            return
        if self._ends_at == math.inf or ends_at > self._ends_at + 1.0:
            self._ends_at, self.limit, self._remaining, self._ticket = ends_at, rate.limit, math.inf, 0
            self._measured = None
        elif ends_at < self._ends_at - 1.0:
            return
        self._ends_at, self._began_at = min(self._ends_at, ends_at), math.inf
        if rate.remaining < self._remaining:
            self._remaining, self._ticket = rate.remaining, ticket
            self._measure(now)

    def untold(self, ticket: int) -> None:
        """Take in an answer without the headers: where the window before was the last that was told, none is known."""
        if ticket > self._first and math.isfinite(self._began_at):
            self.limit = self._remaining = self._began_at = math.inf
            self.crowd, self._known = 1.0, False

    def _measure(self, now: float) -> None:
        if self._measured is None:
            self._measured = (now, self._remaining, self._ticket)
            return
        at, remaining, ticket = self._measured
        own = self._ticket - ticket
        if now - at >= MEASURED_SECONDS and own >= MEASURED_REQUESTS:
            seen = max(1.0, (remaining - self._remaining) / own)
            self.crowd = (self.crowd + seen) / 2 if self._known else seen
            self._known = True
            self._measured = (now, self._remaining, self._ticket)

    def _left(self, let: int, now: float) -> float:
        self._roll(let, now)
        if not math.isfinite(self.limit):
            return math.inf
        uncounted = (let - self._ticket) * self.crowd
        left = (self._remaining - self.limit * self.reserve - uncounted) / self.crowd
        # However small its share may be: somebody has to ask what the new window is like.
        return max(left, 1.0 - (let - self._ticket)) if math.isfinite(self._began_at) else left

    def _roll(self, let: int, now: float) -> None:
        if now > self._ends_at + GUARD or now >= self._began_at + UNHEARD:
            self._remaining, self._ends_at, self._began_at = self.limit, math.inf, now
            self._ticket = self._first = let
            self._measured = None
