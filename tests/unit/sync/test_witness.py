"""Who is told how parts end: once each, and what blocks a run counts against its installation."""

from collections.abc import Mapping

import pytest

from bridge.errors import Blocked, TooLarge
from mapping.outcome import Outcome
from mapping.run import Halt, Run
from tests.unit.plan.world import World, row


class Heard:
    def __init__(self) -> None:
        self.ends: list[dict[Outcome, int]] = []
        self.halts: list[str] = []

    def ended(self, run: Run, outcomes: Mapping[Outcome, int]) -> None:
        self.ends.append({kind: number for kind, number in outcomes.items() if number})

    def blocked(self, run: Run, halt: Halt) -> None:
        self.halts.append(halt.reason)


@pytest.fixture
def world() -> World:
    made = World(part_rows=5)
    object.__setattr__(made.sync, "witness", Heard())
    made.put("one", [row(f"u{number}", number) for number in range(10)])
    made.work(until=lambda: bool(made.parts.messages))
    return made


def heard(world: World) -> Heard:
    found = world.sync.witness
    assert isinstance(found, Heard)
    return found


def test_each_part_is_told_of_once_with_every_line(world: World) -> None:
    world.work()
    assert heard(world).ends == [{Outcome.DELIVERED: 5}, {Outcome.DELIVERED: 5}]
    assert heard(world).halts == []


def test_what_is_never_taken_is_told_as_rejected(world: World) -> None:
    request = world.braze.request

    def poisoned(lines: list[bytes]) -> object:
        if any(b'"u3"' in line for line in lines):
            raise TooLarge("bad_request", "something in it")
        return request(lines)

    world.braze.request = poisoned  # type: ignore[method-assign,assignment]
    world.work()
    assert sum(end.get(Outcome.REJECTED, 0) for end in heard(world).ends) == 1
    assert sum(end[Outcome.DELIVERED] for end in heard(world).ends) == 9


def test_a_refused_run_is_a_strike_and_its_rows_go_with_the_next(world: World) -> None:
    world.braze.script = [Blocked("unauthorized", "no")]
    world.work()
    assert heard(world).halts == ["unauthorized"]
    assert sum(end.get(Outcome.RETRY, 0) for end in heard(world).ends) == 10
