"""Going back to what an earlier run committed, by a run of its own."""

from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from mapping.run import Halt, Run
from tests.unit.plan.world import World, row, truth

ONE = [row(f"u{n}", n, "here") for n in range(8)]
TWO = [*ONE[1:7], row("u7", 7, "there"), row("new", 9, "here")]


def done(world: World, name: str, rows: list[dict[str, Any]], **manifest: Any) -> str:
    run_id = world.put(name, rows, **manifest)
    world.work()
    assert world.run(run_id).status == "done"
    world.clock.forward(120)
    return run_id


def ends(world: World, run_id: str, status: str = "done") -> Run:
    world.work()
    assert world.run(run_id).status == status
    return world.run(run_id)


def test_only_what_differs_is_sent_and_the_old_state_is_back() -> None:
    world = World(part_rows=75)
    first = done(world, "one", ONE)
    done(world, "two", TWO)
    back = ends(world, world.roll_back(first))
    [sent] = world.braze.sent[2:]
    assert {line.pop("external_id"): line for line in sent} == {
        "u0": {"AIQ_a1_1": True},
        "u7": {"city": "here"},
        "new": {"AIQ_a1_1": False},
    }
    inside = {user: p for user, p in world.braze.profiles.items() if p["AIQ_a1_1"]}
    assert inside == truth(ONE)
    assert (back.origin, back.based_on, back.kind) == ("rollback", first, "audience")
    report = world.report(back.id)
    assert (report["origin"], report["based_on"], report["members"]) == ("rollback", first, 8)


def test_who_had_left_by_then_gets_the_values_of_then_back_too() -> None:
    world = World(part_rows=75)
    done(world, "one", ONE)
    second = done(world, "two", ONE[1:])
    done(world, "three", [row("u0", 5, "elsewhere"), *ONE[1:]])
    ends(world, world.roll_back(second))
    assert world.braze.profiles["u0"] == {"AIQ_a1_1": False, "n": 0.0, "city": "here"}


def test_leavers_of_a_rollback_are_told_as_the_last_run_told_them() -> None:
    world = World()
    first = done(world, "one", ONE, on_leave="null")
    done(world, "two", [*ONE, row("new", 9)], on_leave="null", update_existing_only=True)
    ends(world, world.roll_back(first))
    assert "AIQ_a1_1" not in world.braze.profiles["new"]
    assert world.braze.sent[-1][0]["_update_existing_only"] is True


def test_a_rollback_waits_for_approval_like_any_run() -> None:
    world = World()
    first = done(world, "one", ONE[:3])
    done(world, "two", ONE)
    run_id = world.roll_back(first)
    plan = ends(world, run_id, "waiting_approval").plan
    assert plan
    assert [wait.code for wait in plan.waits_for] == ["removes_many"]
    world.runs.approve(run_id)
    world.resume(run_id)
    ends(world, run_id)
    assert [p["AIQ_a1_1"] for p in world.braze.profiles.values()].count(True) == 3


def test_the_next_export_starts_from_the_state_that_was_gone_back_to() -> None:
    world = World(part_rows=75)
    first = done(world, "one", ONE)
    done(world, "two", TWO)
    ends(world, world.roll_back(first))
    world.clock.forward(120)
    sent = len(world.braze.sent)
    done(world, "three", ONE)
    assert len(world.braze.sent) == sent


def test_an_export_from_before_the_rollback_is_stale() -> None:
    world = World()
    first = done(world, "one", ONE)
    done(world, "two", TWO)
    before = world.put("three", TWO)
    late = world.exports.messages.pop()
    world.clock.forward(60)
    ends(world, world.roll_back(first))
    world.exports.messages.append(late)
    world.clock.forward(60)
    plan = ends(world, before, "stale").plan
    assert plan
    assert {wait.code for wait in plan.waits_for} >= {"stale_export"}


def test_a_snapshot_that_is_gone_blocks_the_rollback_and_nothing_is_sent() -> None:
    world = World()
    first = done(world, "one", ONE)
    done(world, "two", TWO)
    del world.buckets.objects[world.buckets.pointers_of[0].described_at]
    sent = len(world.braze.sent)
    run_id = world.roll_back(first)
    ends(world, run_id, "blocked")
    assert world.report(run_id)["reason"] == "snapshot_expired"
    assert len(world.braze.sent) == sent


def test_files_that_expired_before_their_description_block_the_rollback_too() -> None:
    world = World()
    first = done(world, "one", ONE)
    done(world, "two", TWO)
    del world.buckets.objects[f"{world.buckets.pointers_of[0].prefix}p-0000.parquet"]
    run_id = world.roll_back(first)
    ends(world, run_id, "blocked")
    assert world.report(run_id)["reason"] == "snapshot_expired"


def test_a_cancelled_rollback_commits_what_braze_accepted_and_can_be_ordered_anew() -> None:
    world = World(part_rows=1)
    first = done(world, "one", ONE)
    done(world, "two", TWO)
    sent = len(world.braze.sent)
    run_id = world.roll_back(first)
    world.work(until=lambda: len(world.braze.sent) == sent + 1)
    world.runs.stop(run_id, Halt(status="cancelled", reason="cancelled", by="someone"))
    ends(world, run_id, "cancelled")
    world.clock.forward(120)
    ends(world, world.roll_back(first, again="2"))
    assert len(world.braze.sent) == sent + 3
    assert {user: p for user, p in world.braze.profiles.items() if p["AIQ_a1_1"]} == truth(ONE)


def play(kill_after: tuple[int, ...] = (), *, deliver_twice: bool = False) -> World:
    committed, first = _twice_committed()
    world = deepcopy(committed)
    world.life.writes, world.life.kill_after = 0, kill_after
    world.roll_back(first)
    world.work(deliver_twice=deliver_twice)
    return world


@cache
def _twice_committed() -> tuple[World, str]:
    world = World(part_rows=2)
    first = done(world, "one", ONE)
    done(world, "two", TWO)
    return world, first


def check(world: World) -> None:
    assert {user: p for user, p in world.braze.profiles.items() if p["AIQ_a1_1"]} == truth(ONE)
    assert [run.status for run in world.runs.rows.values()] == ["done"] * 3
    assert all(run.report_key for run in world.runs.rows.values())


WRITES = play().life.writes
UNHINDERED = len(play().braze.sent)


@pytest.mark.parametrize("write", range(3, WRITES + 1))
def test_a_death_after_any_write_of_a_rollback_costs_nothing_but_a_request(write: int) -> None:
    world = play((write,))
    check(world)
    assert len(world.braze.sent) <= UNHINDERED + 1


@pytest.mark.parametrize("step", [11, 13])
def test_death_after_death_a_rollback_still_ends(step: int) -> None:
    check(play(tuple(range(step, 300, step))))


def test_every_message_of_a_rollback_twice_changes_nothing() -> None:
    world = play(deliver_twice=True)
    check(world)
    assert len(world.braze.sent) == UNHINDERED
