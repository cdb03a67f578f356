"""A run that was abandoned had sent something: the next one knows what, and nobody stays in by mistake."""

import json
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from bridge.errors import Rejected
from mapping.export import RunPlan
from tests.unit.plan.world import Killed, World, row, truth

MANY = [row(f"u{n}", n, "here") for n in range(7)]


def abandoned(*, requests: int = 3, kill_after: tuple[int, ...] = ()) -> tuple[World, str]:
    """A world whose first run has sent some of its parts and was then abandoned."""
    made, run_id = _abandoned(requests)
    world = deepcopy(made)
    world.life.writes, world.life.kill_after = 0, kill_after
    return world, run_id


@cache
def _abandoned(requests: int) -> tuple[World, str]:
    world = World(part_rows=3)
    run_id = world.put("one", MANY)
    world.work(until=lambda: _syncing(world, run_id) and len(world.braze.sent) == requests)
    world.parts.messages.clear()
    world.exports.messages.clear()
    world.exports.send([json.dumps({"run_id": run_id, "step": "abandon", "reason": "crashes_the_worker"})])
    world.work()
    assert world.run(run_id).status == "blocked"
    assert world.buckets.pointers == {}
    world.clock.forward(120)
    return world, run_id


def _syncing(world: World, run_id: str) -> bool:
    return run_id in world.runs.rows and world.run(run_id).status == "syncing"


def next_run(world: World, rows: list[dict[str, Any]] | None = None) -> str:
    run_id = world.put("two", MANY[1:] if rows is None else rows)
    world.work()
    assert world.run(run_id).status == "done"
    return run_id


def inside(world: World) -> dict[str, Any]:
    return {user: profile for user, profile in world.braze.profiles.items() if profile["AIQ_a1_1"]}


def test_who_joined_with_an_abandoned_run_leaves_with_the_next_export() -> None:
    world, run_id = abandoned()
    second = next_run(world)
    assert inside(world) == truth(MANY[1:])
    assert world.braze.profiles["u0"]["AIQ_a1_1"] is False
    assert [line["external_id"] for line in world.braze.sent[-1]] == ["u0"]
    told = world.run(run_id).result
    assert (told["committed_by"], told["snapshot_version"], told["members"]) == (second, 1, 7)
    assert world.report(second)["snapshot_version"] == 2


def test_parts_that_were_not_finished_count_with_their_checkpoint() -> None:
    world, run_id = abandoned(requests=2)
    for body in [key for key in world.buckets.objects if key.startswith(f"runs/{run_id}/results/")]:
        del world.buckets.objects[body]
    next_run(world)
    assert inside(world) == truth(MANY[1:])
    assert world.run(run_id).result["members"] == 6
    assert sorted(line["external_id"] for request in world.braze.sent[2:] for line in request) == ["u0", "u6"]


def test_a_run_that_had_sent_nothing_leaves_nothing() -> None:
    world, run_id = abandoned(requests=0)
    next_run(world)
    assert inside(world) == truth(MANY[1:])
    assert "committed_by" not in world.run(run_id).result
    assert world.buckets.pointers_of[-1].version == 1


@pytest.mark.parametrize("write", range(2, 40))
def test_a_death_after_any_write_of_the_healing_costs_nothing(write: int) -> None:
    world, _ = abandoned(kill_after=(write,))
    next_run(world)
    assert inside(world) == truth(MANY[1:])
    assert world.buckets.pointers_of[-1].version == 2
    assert sum(map(len, world.braze.sent)) <= 7 + 1 + 1


def test_a_commit_that_fails_for_good_is_tried_no_more_and_the_audience_goes_on() -> None:
    world, run_id = abandoned()
    del world.buckets.objects[f"runs/{run_id}/plan-1/changes-0000.parquet"]
    build: Any = world.buckets.get_changes

    def gone(run: str, *rest: Any) -> Any:
        if run == run_id:
            raise Killed
        return build(run, *rest)

    world.buckets.get_changes = gone  # type: ignore[method-assign]
    next_run(world)
    assert world.run(run_id).result["healing"] == 3
    assert {user for user in inside(world) if user != "u0"} == {f"u{n}" for n in range(1, 7)}


def test_a_rollback_after_an_abandoned_run_heals_it_first_too() -> None:
    world = World(part_rows=3)
    first = world.put("zero", MANY[:3])
    world.work()
    world.clock.forward(120)
    run_id = world.put("one", MANY)
    world.work(until=lambda: len(world.braze.sent) == 3)
    world.parts.messages.clear()
    world.exports.messages.clear()
    world.exports.send([json.dumps({"run_id": run_id, "step": "abandon"})])
    world.work()
    world.clock.forward(120)
    back = world.roll_back(first)
    world.work()
    world.runs.approve(back)
    world.resume(back)
    world.work()
    assert world.run(back).status == "done"
    assert inside(world) == truth(MANY[:3])


def test_a_run_whose_plan_is_not_kept_any_more_does_not_keep_its_audience() -> None:
    world, run_id = abandoned()
    get = world.buckets.get_plan

    def expired(key: str, digest: str) -> RunPlan:
        if run_id in key:
            raise Rejected("plan_expired", key)
        return get(key, digest)

    world.buckets.get_plan = expired  # type: ignore[method-assign]
    next_run(world)
    assert world.run(run_id).result["not_healed"] == "plan_expired"
