"""Runs that wait for their audience or a person: for days, and then not in silence."""

from datetime import timedelta

import pytest

from bridge.flows.runs.run_messages import MOST_RECEIVES
from bridge.flows.runs.steps import LONGEST_WAIT
from mapping.run import Halt
from tests.unit.plan.world import INSTALLATION, START, World, row

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


def test_of_those_that_wait_for_their_audience_a_newer_full_export_overtakes_the_older_ones() -> None:
    world, second = in_line()
    change = world.put("delta", [{**row("u0", 9), "op": "add"}], mode="delta", columns=(*COLUMNS, "op"))
    begins_to_wait(world, change)
    assert world.run(second).status == "waiting_lease"
    world.clock.forward(60)
    third = world.put("third", PEOPLE[:4])
    begins_to_wait(world, third)
    assert [(world.run(one).status, world.run(one).waits_on) for one in (second, change)] == [
        ("stale", third)
    ] * 2
    world.work()
    assert world.run(third).status == "done"
    assert {user for user, one in world.braze.profiles.items() if one["AIQ_a1_1"]} == {"u0", "u1", "u2", "u3"}
    assert [world.report(one)["status"] for one in (second, change)] == ["stale", "stale"]


@pytest.mark.parametrize(
    ("where", "exported_at"), [("audience=a1/split=1", "2026-11-21T00:00:00Z"), ("audience=a1/split=2", None)]
)
def test_an_older_export_or_one_of_another_audience_overtakes_nobody(
    where: str, exported_at: str | None
) -> None:
    world, second = in_line()
    world.runs.holders[f"{INSTALLATION}#a1#2"] = world.run(second).waits_on
    begins_to_wait(world, world.put("other", PEOPLE, where=where, exported_at=exported_at))
    assert world.run(second).status == "waiting_lease"


COLUMNS = ("external_id", "n", "city")


def in_line() -> tuple[World, str]:
    """One run sends, the other waits for it."""
    world = World(part_rows=100)
    world.put("first", PEOPLE)
    world.work(until=lambda: bool(world.parts.messages))
    world.parts.messages[0][1] = START + timedelta(days=1)
    world.clock.forward(60)
    second = world.put("second", PEOPLE[:4])
    begins_to_wait(world, second)
    world.clock.forward(60)
    return world, second


def begins_to_wait(world: World, run_id: str) -> None:
    world.work(until=lambda: run_id in world.runs.rows and world.run(run_id).status == "waiting_lease")


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


def two_deltas() -> tuple[World, str, str]:
    """The older one has waited for hours and looks every half an hour; the newer one looks every 15 s."""
    world = World(part_rows=100)
    world.put("first", PEOPLE)
    world.work(until=lambda: bool(world.parts.messages))
    [part] = world.parts.messages
    part[1] = START + timedelta(hours=10)
    world.clock.forward(60)
    older = delta(world, "older", 8)
    world.work(until=lambda: world.clock() >= START + timedelta(hours=9, minutes=50))
    world.clock.moment = START + timedelta(hours=9, minutes=59)
    newer = delta(world, "newer", 9)
    begins_to_wait(world, newer)
    return world, older, newer


def delta(world: World, name: str, number: int) -> str:
    return world.put(name, [{**row("u0", number), "op": "add"}], mode="delta", columns=(*COLUMNS, "op"))


def test_deltas_go_in_the_order_of_their_exports_whoever_looks_first() -> None:
    world, older, newer = two_deltas()
    world.work()
    assert [world.run(one).status for one in (older, newer)] == ["done", "done"]
    assert world.braze.profiles["u0"]["n"] == 9


def test_who_died_in_line_is_not_waited_for_longer_than_it_would_have_slept() -> None:
    world, older, newer = two_deltas()
    world.exports.messages = [one for one in world.exports.messages if "older" not in one[0]]
    world.work()
    assert [world.run(one).status for one in (older, newer)] == ["waiting_lease", "done"]
    assert world.clock() < START + timedelta(hours=10, minutes=35)


def test_a_full_export_waits_for_no_older_one() -> None:
    world, older, _ = two_deltas()
    world.exports.messages = [one for one in world.exports.messages if "newer" not in one[0]]
    world.clock.moment = START + timedelta(hours=10, minutes=1)
    world.work(until=lambda: not world.parts.messages)
    full = world.put("full", PEOPLE)
    world.work(until=lambda: world.run(full).status == "done" if full in world.runs.rows else False)
    assert world.clock() < START + timedelta(hours=10, minutes=10)
    assert world.run(older).status == "waiting_lease"
