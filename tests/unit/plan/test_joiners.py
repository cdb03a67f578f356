"""Where only existing profiles are updated: who joined and is unknown to Braze is told apart and tried again."""

from typing import Any

import pytest

from bridge.errors import Blocked
from mapping.run import Run, Snapshot
from tests.unit.plan.world import World, row

MANY = [row(f"u{n}", n, "here") for n in range(6)]
KNOWN = {"u0", "u1", "u2", "u3"}
DELTA = ("external_id", "op", "n", "city")


def world_of(**config: Any) -> World:
    world = World(part_rows=75, config={"update_existing_only": True, **config})
    world.braze.only = set(KNOWN)
    return world


def export(world: World, name: str, rows: list[dict[str, Any]], **manifest: Any) -> Run:
    run_id = world.put(name, rows, **manifest)
    world.work()
    if world.run(run_id).status == "waiting_approval":
        world.runs.approve(run_id)
        world.resume(run_id)
        world.work()
    assert world.run(run_id).status == "done"
    world.clock.forward(120)
    return world.run(run_id)


def now(world: World) -> Snapshot:
    [pointer] = world.buckets.pointers.values()
    return pointer


def joiners(world: World, run: Run) -> dict[str, Any]:
    told: dict[str, Any] = world.report(run.id)["joiners"]
    assert told == world.run(run.id).result["joiners"]
    return told


def sent_to(world: World, number: int = -1) -> set[str]:
    return {line["external_id"] for line in world.braze.sent[number]}


def test_whom_braze_does_not_know_is_counted_apart() -> None:
    world = world_of()
    run = export(world, "one", MANY)
    told = joiners(world, run)
    assert (told["of"], told["read"], told["unknown_to_braze"], told["told_apart"]) == (6, 6, 2, True)
    assert (now(world).members, now(world).unknown, now(world).version) == (4, 2, 2)
    reading = world.run(told["read_back"])
    assert (reading.kind, reading.origin, reading.based_on, reading.status) == (
        "reconcile",
        "joiners",
        run.id,
        "done",
    )


def test_they_are_tried_again_with_every_run_and_join_once_braze_knows_them() -> None:
    world = world_of()
    export(world, "one", MANY)
    export(world, "two", MANY)
    assert sent_to(world) == {"u4", "u5"}
    assert now(world).unknown == 2
    world.braze.only = {*KNOWN, "u4"}
    told = joiners(world, export(world, "three", MANY))
    assert (told["of"], told["unknown_to_braze"]) == (2, 1)
    assert world.braze.profiles["u4"] == {"AIQ_a1_1": True, "n": 4.0, "city": "here"}
    assert (now(world).members, now(world).unknown) == (5, 1)
    export(world, "four", MANY)
    assert sent_to(world) == {"u5"}


def test_a_delta_that_does_not_name_them_tries_them_again_with_their_values() -> None:
    world = world_of()
    export(world, "one", MANY)
    world.braze.only = {*KNOWN, "u4"}
    export(world, "two", [{**row("u0", 7, "here"), "op": "add"}], mode="delta", columns=DELTA)
    assert sent_to(world) == {"u0", "u4", "u5"}
    assert world.braze.profiles["u4"] == {"AIQ_a1_1": True, "n": 4.0, "city": "here"}
    assert (now(world).members, now(world).unknown) == (5, 1)


def test_who_is_taken_out_is_not_tried_again() -> None:
    world = world_of()
    export(world, "one", MANY)
    export(world, "two", [{**row("u4"), "op": "remove"}], mode="delta", columns=DELTA)
    assert sent_to(world) == {"u5"}
    assert now(world).unknown == 1
    requests = len(world.braze.sent)
    export(world, "three", MANY[:4])
    assert (len(world.braze.sent), now(world).unknown) == (requests, 0)


def test_who_was_not_taken_again_stays_unknown() -> None:
    world = world_of()
    export(world, "one", MANY)
    world.braze.refuse = lambda line: "BAD" if line["external_id"] == "u5" else ""
    export(world, "two", [{**row("u0", 9), "op": "add"}], mode="delta", columns=DELTA)
    world.braze.refuse = lambda _line: ""
    assert now(world).unknown == 2
    world.braze.only = {*KNOWN, "u5"}
    export(world, "three", [{**row("u1", 9), "op": "add"}], mode="delta", columns=DELTA)
    assert world.braze.profiles["u5"]["city"] == "here"


def test_without_the_permission_the_report_says_that_they_cannot_be_told_apart() -> None:
    world = world_of()
    world.reads.script = [Blocked("users_export_ids_missing", "Braze answered 403")] * 9
    run = export(world, "one", MANY)
    told = joiners(world, run)
    assert (told["read"], told["told_apart"]) == (0, False)
    assert told["why"].startswith("the key lacks users.export.ids: those whom Braze does not know cannot")
    assert world.run(told["read_back"]).status == "done"
    assert (now(world).members, now(world).unknown) == (6, 0)


@pytest.mark.parametrize(("setting", "asked"), [("all", 1200), ("sample", 1000)])
def test_all_are_read_back_or_a_sample(setting: str, asked: int) -> None:
    world = World(part_rows=1200, config={"update_existing_only": True, "read_back_joiners": setting})
    export(world, "one", [row(f"u{n}") for n in range(1200)])
    assert sum(map(len, world.reads.asked)) == asked


def test_reading_back_can_be_switched_off() -> None:
    world = world_of(read_back_joiners="off")
    run = export(world, "one", MANY)
    assert joiners(world, run)["why"] == "read_back_joiners is off"
    assert len(world.runs.rows) == 1


def test_nobody_is_read_back_where_profiles_are_created_or_nobody_joined() -> None:
    world = world_of()
    export(world, "one", MANY[:4])
    runs = len(world.runs.rows)
    export(world, "two", [row("u0", 8, "there"), *MANY[1:4]])
    assert len(world.runs.rows) == runs + 1
    creating = World(part_rows=75)
    run = export(creating, "one", MANY)
    assert len(creating.runs.rows) == 1
    assert "joiners" not in creating.report(run.id)


def test_a_rollback_wishes_for_those_braze_did_not_know_then() -> None:
    world = world_of()
    first = export(world, "one", MANY)
    export(world, "two", MANY[:4])
    reading = joiners(world, first)["read_back"]
    world.braze.only = {*KNOWN, "u4", "u5"}
    assert world.run(reading).result["snapshot_version"] == 2
    world.roll_back(first.id)
    world.work()
    assert sent_to(world) == {"u4", "u5"}


def play(kill_after: tuple[int, ...] = ()) -> World:
    world = world_of()
    world.life.kill_after = kill_after
    export(world, "one", MANY)
    world.life.kill_after = ()
    export(world, "two", MANY)
    return world


WRITES = play().life.writes


@pytest.mark.parametrize("write", range(1, 60))
def test_a_death_after_any_write_leaves_them_told_apart(write: int) -> None:
    world = play((write,))
    assert (now(world).members, now(world).unknown) == (4, 2)
    assert sent_to(world) == {"u4", "u5"}
    assert all(run.status == "done" for run in world.runs.rows.values())
    assert all("read" in run.result["joiners"] for run in world.runs.rows.values())
