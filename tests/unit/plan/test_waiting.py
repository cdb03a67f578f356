"""Runs that wait for their audience or a person: for days, and then not in silence."""

from datetime import timedelta

import pytest

from bridge.flows.runs.run_messages import MOST_RECEIVES
from bridge.flows.runs.steps import LONGEST_WAIT
from mapping.run import Halt
from tests.unit.plan.world import START, World, row

RETENTION = timedelta(days=14)
PEOPLE = [row(f"u{n}", n) for n in range(5)]


def held_up(*, days: float) -> tuple[World, str]:
    """A world where one run holds the audience for so long, and the run behind it as it is then."""
    world = World(part_rows=100)
    world.put("first", PEOPLE)
    world.work(until=lambda: bool(world.parts.messages))
    [part] = world.parts.messages
    part[1] = START + timedelta(days=days)
    second = world.put("second", PEOPLE[:4])
    world.work(until=lambda: world.clock() >= part[1] or not world.exports.messages)
    return world, second


def looks(world: World) -> int:
    return sum(count for reason, count in world.waits.items() if reason.startswith("waits for "))


@pytest.mark.parametrize("days", [5, 12])
def test_a_run_waits_for_its_audience_for_days_and_is_then_made(days: int) -> None:
    world, second = held_up(days=days)
    assert world.run(second).status == "waiting_lease"
    assert looks(world) < MOST_RECEIVES
    world.work()
    assert world.run(second).status == "done"
    assert world.braze.profiles["u4"]["AIQ_a1_1"] is False


def test_a_run_ends_with_its_reason_before_the_queue_forgets_it() -> None:
    world, second = held_up(days=20)
    assert LONGEST_WAIT < world.clock() - START < RETENTION
    assert looks(world) < MOST_RECEIVES
    report = world.report(second)
    assert (report["status"], report["reason"]) == ("blocked", "waited_too_long")
    assert "13 days" in report["detail"]
    world.work()
    assert list(world.braze.profiles) == [f"u{n}" for n in range(5)]


def test_an_approval_is_waited_for_without_a_message_and_brings_its_own() -> None:
    world = World(config={"approve_recipients": 1})
    run_id = world.put("one", PEOPLE, where="campaign=c1")
    receives = 0
    while world.exports.messages and receives < 2_000:
        receives += looks(world)
        world.waits.clear()
        world.work(until=lambda: bool(world.waits))
    assert receives < MOST_RECEIVES
    assert LONGEST_WAIT < world.clock() - START < RETENTION
    assert world.run(run_id).status == "waiting_approval"
    world.runs.approve(run_id)
    world.resume(run_id)
    world.work()
    assert world.run(run_id).status == "done"


def test_a_run_whose_parts_wait_in_the_queue_is_cancelled_without_waiting_for_them() -> None:
    world = World(part_rows=2)
    run_id = world.put("one", PEOPLE)
    world.work(until=lambda: len(world.braze.sent) == 1)
    for part in world.parts.messages:
        part[1] = world.clock() + timedelta(minutes=15)  # a pause, an outage, an attempt that is not due
    began = world.clock()
    world.runs.stop(run_id, Halt(status="cancelled", reason="cancelled", by="someone"))
    world.resume(run_id)
    world.work(until=lambda: world.run(run_id).ended)
    assert world.run(run_id).status == "cancelled"
    assert world.clock() - began < timedelta(seconds=5)
    assert (len(world.braze.sent), world.report(run_id)["members"]) == (1, 2)
