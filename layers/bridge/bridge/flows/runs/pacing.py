"""How fast one worker sends in an installation's name: as Braze's latency, windows and answers allow."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple, Protocol

from bridge.flows.runs.outage import LONGEST_PAUSE, Outage
from bridge.flows.runs.windows import Told, Window

SPEED = 1_000.0
"""Requests a second: /users/track takes 3,000 in 3 s, also where an hourly limit is all the headers tell (2.10)."""
RESERVE = 0.02
"""The share of every limit that is left to the real-time lane; a spent one would stop that lane, too."""
MOST, LEAST = 256, 8
SPARE = 1.25
"""Requests in flight beyond what the speed needs at the latency seen: answers do not come evenly."""
BURST_SECONDS = 0.05
CATCH_UP = 2.0
"""How much faster it may go where the headers tell of the burst itself, and what is left says when to stop."""
JUDGED_SECONDS, JUDGED_ANSWERS = 1.0, 20
TOLERATED = 0.05
"""The share of 429s above which the whole worker slows down; below it, only the refused requests wait."""
SLOWER, FASTER = 0.8, 1.05
CAUTIOUS = 0.7
"""The part of the speed to begin with where a burst limit stands behind what the headers tell."""
SLOWEST = 5.0
READ_SPEED = 40.0
"""Requests a second to /users/export/ids: the fast lane, which every request that names its fields has (4)."""
READ_MOST = 16
_LANES = {"campaign": "send", "reconcile": "read"}


class Ticket(NamedTuple):
    """A request that goes out: its number among ours, and when."""

    number: int
    at: float


class Pacing(Protocol):
    """What a sender tells of each request."""

    def begins(self) -> float: ...
    def heard(self, began: float, *, answered: bool) -> float | None: ...
    def sending(self) -> Ticket: ...
    def told(self, ticket: Ticket, rate: Told | None) -> None: ...
    def pause(self, seconds: float) -> bool: ...


@dataclass(slots=True)
class Pacer:
    """Shared by the threads of a worker; requests are let through by `room` and end with `landed`."""

    monotonic: Callable[[], float]
    most: int = MOST
    speed: float = SPEED
    window: Window = field(default_factory=lambda: Window(RESERVE))
    outage: Outage = field(default_factory=Outage)
    _limit: float = field(init=False)
    _lock: Lock = field(default_factory=Lock)
    _flying: int = 0
    _let: int = 0
    _sent: int = 0
    _latency: float = 0.2
    _tokens: float = 1.0
    _filled_at: float = -math.inf
    _closed_until: float = -math.inf
    _judged_at: float = -math.inf
    _landed: int = 0
    _refused: int = 0

    def __post_init__(self) -> None:  # noqa: D105 (the full speed to begin with)
        self._limit = self.speed

    def room(self, wanted: int) -> int:
        """How many of the wanted requests may start now; these count as in flight."""
        with self._lock:
            now = self.monotonic()
            if now < self._closed_until:
                return 0
            self._refill(now)
            width = 1 if self.outage.probing else self._width()
            allowed = min(wanted, width - self._flying, int(self._tokens))
            allowed = max(0, min(allowed, self.window.left(self._let, now)))
            self._tokens -= allowed
            self._let += allowed
            self._flying += allowed
            return allowed

    def wait(self) -> float:
        """Seconds until asking for room again makes sense; an answer may make it earlier."""
        with self._lock:
            now = self.monotonic()
            if now < self._closed_until:
                return self._closed_until - now
            if self.window.left(self._let, now) < 1:
                return self.window.seconds_left(now)
            return max(0.0, 1.0 - self._tokens) / self._rate(now)

    def give_back(self, unused: int) -> None:
        """These were let through and are not sent."""
        with self._lock:
            self._flying -= unused
            self._let -= unused

    def begins(self) -> float:
        """The moment a request begins, for `heard`."""
        return self.monotonic()

    def heard(self, began: float, *, answered: bool) -> float | None:
        """What became of a request begun then; how long everybody should stand still, when the vendor is not there."""
        with self._lock:
            now = self.monotonic()
            if answered:
                self.outage.answered(began, now)
                return None
            return self.outage.failed(began, now)

    def sending(self) -> Ticket:
        """A ticket for the request that goes out now: what it hears of the window counts those before it."""
        with self._lock:
            self._sent += 1
            self._let = max(self._let, self._sent)
            return Ticket(self._sent, self.monotonic())

    def told(self, ticket: Ticket, rate: Told | None) -> None:
        """What the answer to that request said of the window."""
        with self._lock:
            if rate is None:
                self.window.untold(ticket.number)
                return
            first = self.window.limit == math.inf
            self.window.told(ticket.number, rate, self._let, self.monotonic(), sent=ticket.at)
            if first and not self._tells_burst():
                self._limit = self.speed * CAUTIOUS

    def landed(self, seconds: float, *, refused: bool) -> None:
        """One request less in flight; `refused` by a 429."""
        with self._lock:
            self._flying -= 1
            self._latency += 0.1 * (min(seconds, 1.0) - self._latency)
            self._landed += 1
            self._refused += refused
            now = self.monotonic()
            if now - self._judged_at >= JUDGED_SECONDS and self._landed >= JUDGED_ANSWERS:
                self._judge(now)

    def pause(self, seconds: float) -> bool:
        """Let nothing through for so long; False when that was settled already."""
        with self._lock:
            now = self.monotonic()
            left = self.window.seconds_left(now)
            # Waits are told in whole seconds; when a window ends is known better after some answers.
            until = now + (left if 0 < seconds - left <= 1.0 else seconds)
            later = until > self._closed_until + 0.5
            self._closed_until = max(self._closed_until, until)
            return later

    def _judge(self, now: float) -> None:
        if self._refused > TOLERATED * self._landed:
            self._limit = max(SLOWEST, self._limit * SLOWER)
        else:
            self._limit = min(self.speed, self._limit * FASTER)
        self._judged_at, self._landed, self._refused = now, 0, 0

    def _tells_burst(self) -> bool:
        # An hour allows far more than some seconds at full speed.
        return self.window.limit <= 4 * self.speed

    def _width(self) -> int:
        # Little's law: what has to be in flight for the full speed at this latency.
        return min(self.most, max(LEAST, math.ceil(self.speed * self._latency * SPARE)))

    def _rate(self, now: float) -> float:
        share = self._limit * (1.0 - RESERVE) / self.window.crowd
        if self._tells_burst():
            share *= CATCH_UP
        return max(1.0, min(share, self.window.rate(self._let, now)))

    def _refill(self, now: float) -> None:
        rate = self._rate(now)
        most = max(1.0, rate * BURST_SECONDS)
        self._tokens = min(most, self._tokens + rate * min(now - self._filled_at, 1.0))
        self._filled_at = now


@dataclass(frozen=True, slots=True)
class Pacers:
    """One pacer for each installation and limit: sends and reads have pools of their own, apart from /users/track."""

    monotonic: Callable[[], float]
    most: int = MOST
    speed: float = SPEED
    longest_pause: float = LONGEST_PAUSE
    _known: dict[tuple[str, str], Pacer] = field(default_factory=dict)

    def __call__(self, installation_id: str, kind: str) -> Pacer:
        lane = _LANES.get(kind, "track")
        made = Pacer(self.monotonic, self.most, self.speed, outage=Outage(self.longest_pause))
        if lane == "read":
            # A run has one reader, and the real-time lane reads nothing: the window is its alone.
            most, speed, window = (
                min(READ_MOST, self.most),
                min(READ_SPEED, self.speed),
                Window(0.0, supposed=1.0),
            )
            made = Pacer(self.monotonic, most, speed, window, Outage(self.longest_pause))
        return self._known.setdefault((installation_id, lane), made)
