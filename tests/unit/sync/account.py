"""An account with limits and some workers on it, in time that only the test moves."""

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from bridge.flows.runs.pacing import Pacer, Ticket


@dataclass(frozen=True)
class Rate:
    limit: float
    remaining: float
    resets_in: float


@dataclass
class Account:
    """Windows of (requests, seconds) on the clock; the headers tell the first one, in whole seconds."""

    windows: Sequence[tuple[int, float]]
    tells: bool = True
    used: dict[tuple[int, int], int] = field(default_factory=dict)
    refused: int = 0

    def take(self, now: float) -> tuple[bool, Rate | None, float]:
        turns = [(at, int(now // seconds)) for at, (_, seconds) in enumerate(self.windows)]
        for (limit, seconds), turn in zip(self.windows, turns, strict=True):
            if self.used.get(turn, 0) >= limit:
                self.refused += 1
                return False, None, math.ceil((turn[1] + 1) * seconds - now)
        for turn in turns:
            self.used[turn] = self.used.get(turn, 0) + 1
        limit, seconds = self.windows[0]
        resets_in = math.ceil((turns[0][1] + 1) * seconds - now)
        left = limit - self.used[turns[0]]
        return True, Rate(limit, left, resets_in) if self.tells else None, 0.0

    def share_used(self, first: int, last: int) -> float:
        """Of the told windows from `first` to `last`."""
        limit = self.windows[0][0]
        return (
            sum(self.used.get((0, turn), 0) for turn in range(first, last + 1)) / limit / (last + 1 - first)
        )


def play(  # noqa: C901 - four small steps of one loop
    account: Account,
    *,
    workers: int,
    latency: float,
    seconds: float,
    starts: Callable[[int], float] = lambda worker: worker * 0.01,
    back: float = 0.0,
) -> list[Pacer]:
    """Let the workers send as fast as they may; a 429 pauses its worker at once and the others a second later.

    An answer is up to `back` seconds late, each by another time.
    """
    now = 0.1
    pacers = [Pacer(lambda: now) for _ in range(workers)]
    order = count()
    events: list[tuple[float, int, Callable[[], None]]] = []

    def at(when: float, what: Callable[[], None]) -> None:
        heapq.heappush(events, (when, next(order), what))

    def poll(pacer: Pacer) -> None:
        send(pacer)
        at(now + 0.01, lambda: poll(pacer))

    def send(pacer: Pacer) -> None:
        for _ in range(pacer.room(256)):
            ticket = pacer.sending()
            at(now + latency / 2, lambda ticket=ticket: arrive(pacer, ticket))  # type: ignore[misc]

    def arrive(pacer: Pacer, ticket: Ticket) -> None:
        taken, rate, wait = account.take(now)
        late = back * (ticket.number * 0.618 % 1.0)
        at(now + latency / 2 + late, lambda: answered(pacer, ticket, taken, rate, wait))

    def answered(pacer: Pacer, ticket: Ticket, taken: bool, rate: Rate | None, wait: float) -> None:
        pacer.landed(now - ticket.at, refused=not taken)
        if taken:
            pacer.told(ticket, rate)
        else:
            pacer.pause(wait)
            for other in pacers:
                at(now + 1.0, lambda other=other: other.pause(wait - 1.0))  # type: ignore[misc]
        send(pacer)

    for worker, pacer in enumerate(pacers):
        at(starts(worker) + now, lambda pacer=pacer: poll(pacer))  # type: ignore[misc]
    while events and events[0][0] < seconds:
        now, _, what = heapq.heappop(events)
        what()
    return pacers
