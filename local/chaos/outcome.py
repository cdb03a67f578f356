"""What a run of chaos came to; without a fault it is a proof."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from local.chaos import ledger, logs
from local.chaos.agent import Agent
from local.chaos.audiences import Audience
from local.chaos.journeys import Journeys
from local.chaos.ledger import Fault, Line
from local.chaos.load import Load
from local.chaos.onlookers import Onlookers

MOST_GIVEN_UP = 0.1
"""Of the accepted events, those that were sent and not answered in time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how much, and by which dice; `tag` makes the run's ids its own. Times in seconds."""

    seed: int
    load_seconds: float
    drain_seconds: float
    rate: float
    tag: str


@dataclass
class Outcome:
    """Everything that the tables tell."""

    plan: Plan
    load: Load
    agents: list[Agent]
    journeys: Journeys
    onlookers: Onlookers
    audiences: list[Audience]
    lines: list[Line] = field(default_factory=list)
    members: list[Fault] = field(default_factory=list)
    struck: dict[str, int] = field(default_factory=dict)
    repeated: Counter[str] = field(default_factory=Counter)
    scan: logs.Scan = field(default_factory=logs.Scan)
    undrained: str = ""
    broken: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def done(self) -> Counter[str]:
        """How often each thing was done to the stack."""
        return sum((agent.done for agent in self.agents), Counter())

    def faults(self) -> list[Fault | str]:
        """Everything that is off."""
        return list(self._faults())

    def _faults(self) -> Iterator[Fault | str]:
        if self.undrained:
            yield f"not drained in {self.plan.drain_seconds:.0f} s: {self.undrained}"
        if len(self.load.given_up) > MOST_GIVEN_UP * len(self.load.accepted) or not self.journeys.wanted:
            told = f"{len(self.load.accepted)} events, {len(self.journeys.wanted)} recipients were accepted"
            yield f"too little to prove anything: {told}, {len(self.load.given_up)} events never answered"
        yield from ledger.differences(self.lines)
        yield from self.members
        yield from (f"a part of the load broke off: {what}" for what in self.broken)
        yield from self.load.wrong
        yield from self.journeys.wrong
        yield from self.onlookers.wrong
        for one in self.audiences:
            yield from one.wrong
            if one.ended and one.ended[-1] != "done":
                yield f"Audience {one.name}: its last run ended as {one.ended[-1]}"
        for (what, group), count in self.scan.found.items():
            yield f"the log of {group}: {what}, in {count} lines"
        if not self.scan.lines:
            yield "no log line was read"
