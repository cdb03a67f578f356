"""How long a part is tried for: an outage is sat out, a part that never gets through ends with its reason."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from bridge.errors import Retryable
from bridge.flows.runs.attempts import LONGEST, MOST, Attempts
from bridge.flows.runs.ledger import Ledger
from mapping.run import Run
from tests.unit.plan.world import START, Killed, World, row
from tests.unit.sync.gates import OpenGate

MANY = [row(f"u{n}", n) for n in range(10)]


def down(seconds: float) -> tuple[World, str, list[datetime]]:
    """A world whose Braze is not there for so long, the run in it, and when it was asked."""
    world = World(part_rows=5)
    world.sync = replace(world.sync, monotonic=count().__next__)
    run_id = world.put("one", MANY)
    asked: list[datetime] = []
    request = world.braze.request

    def outage(lines: Sequence[bytes]) -> Mapping[int, str]:
        if world.clock() < START + timedelta(seconds=seconds):
            asked.append(world.clock())
            raise Retryable("vendor_unavailable")
        return request(lines)

    world.braze.request = outage  # type: ignore[method-assign]
    return world, run_id, asked


def finished(world: World, run_id: str) -> Run:
    world.work()
    return world.run(run_id)


@pytest.mark.parametrize("minutes", [1, 30, 70])
def test_no_part_is_given_up_for_an_outage_of(minutes: int) -> None:
    world, run_id, asked = down(minutes * 60)
    assert finished(world, run_id).status == "done"
    report = world.report(run_id)
    assert (report["sent"]["accepted"], report["sent"]["undelivered"]) == (10, 0)
    assert len(set(asked)) <= 2 * MOST
    assert report["sent"]["failed_requests"] == {"vendor_unavailable": len(asked)}


def test_a_part_that_never_gets_through_is_given_up_after_five_attempts_within_a_day() -> None:
    world, run_id, asked = down(7 * 86_400)
    assert finished(world, run_id).status == "done"
    report = world.report(run_id)
    assert [(part["ended"], part["reason"]) for part in report["parts"]] == [
        ("gave_up", "attempts_exhausted"),
        ("gave_up", "attempts_exhausted"),
    ]
    assert (report["sent"]["undelivered"], report["members"]) == (10, 0)
    assert len(set(asked)) <= 2 * MOST
    assert timedelta(minutes=70) < asked[-1] - asked[0] < LONGEST


def test_a_receive_before_its_time_sends_nothing_and_costs_nothing() -> None:
    world, run_id, asked = down(3_600)
    world.work(until=lambda: bool(asked))
    world.work(until=lambda: all(message[1] > world.clock() for message in world.parts.messages))
    before, ledger = len(asked), world.runs.parts[run_id, 1]["ledger"]
    world.parts.send([json.dumps({"run_id": run_id, "part": 1})] * 20)
    world.work(until=lambda: all(message[1] > world.clock() for message in world.parts.messages))
    assert (len(asked), world.runs.parts[run_id, 1]["ledger"]) == (before, ledger)


def test_one_line_that_gets_through_starts_the_count_anew() -> None:
    ledger = Ledger(3)
    ledger.attempts = Attempts(4, 1.0, 2.0, 3.0)
    assert Ledger.read(ledger.write(), 3).attempts == Attempts(4, 1.0, 2.0, 3.0)
    world = World(part_rows=100)
    run_id = world.put("one", MANY)
    world.work(until=lambda: bool(world.parts.messages))
    world.runs.parts[run_id, 1] = {
        "ledger": json.dumps({"attempts": [4, START.timestamp(), 0.0, 0.0]}), "tries": 0, "done": False
    }  # fmt: skip
    world.work(until=lambda: bool(world.braze.sent))
    assert "attempts" not in world.runs.parts[run_id, 1]["ledger"]


def test_the_day_does_not_pass_while_the_installation_stands_still() -> None:
    first = Attempts().after_failure(START, 1_000.0, 0.0, lambda most: most)
    late = START + LONGEST + timedelta(hours=1)
    assert first.spent(late, 1_000.0)
    assert not first.spent(late, 1_000.0 + 2 * 3_600.0)


def test_a_vendor_that_names_a_longer_wait_is_left_alone_for_as_long() -> None:
    after = Attempts().after_failure(START, 0.0, 3_000.0, lambda most: most)
    assert after.left(START) == 3_000.0
    assert Attempts().left(datetime(2026, 1, 1, tzinfo=UTC)) == 0.0


def test_no_two_attempts_are_further_apart_than_the_stack_allows() -> None:
    attempts, waits = Attempts(), []
    for _ in range(3):
        attempts = attempts.after_failure(START, 0.0, 0.0, lambda most: most, longest=100.0)
        waits.append(attempts.left(START))
    assert waits == [15.0, 100.0, 100.0]


def deadly(world: World, run_id: str, *, after: int) -> None:
    """Every worker dies at its so-manyth request."""
    request, counted, gate = world.braze.request, [0], OpenGate(width=1)
    world.sync = replace(world.sync, pacers=gate)

    def die(lines: Sequence[bytes]) -> Mapping[int, str]:
        counted[0] += 1
        if counted[0] % after == 0:
            gate.flying = 0
            raise Killed
        return request(lines)

    world.braze.request = die  # type: ignore[method-assign]


def test_a_part_that_kills_five_workers_in_a_row_is_given_up() -> None:
    world = World(part_rows=100)
    run_id = world.put("one", MANY)
    deadly(world, run_id, after=1)
    assert finished(world, run_id).status == "done"
    [part] = world.report(run_id)["parts"]
    assert (part["ended"], part["reason"]) == ("gave_up", "crashes_the_worker")


def test_deaths_that_leave_something_done_are_not_counted() -> None:
    world = World(part_rows=1_000)
    run_id = world.put("one", [row(f"u{n}", n) for n in range(900)])
    deadly(world, run_id, after=2)
    assert finished(world, run_id).status == "done"
    assert world.report(run_id)["sent"]["accepted"] == 900
