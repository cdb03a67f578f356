"""A person is removed from everything, wherever a worker dies, and never beside a run."""

import json
from datetime import timedelta

import pytest

from bridge.flows.erase.erasing import either
from bridge.flows.runs.run_messages import MOST_RECEIVES
from bridge.flows.runs.runs import Later
from tests.unit.erase.world import ANN, AUDIENCE, MEMBERS, ErasingWorld
from tests.unit.plan.world import INSTALLATION, World, row


def erased(kill_after: tuple[int, ...] = ()) -> ErasingWorld:
    world = ErasingWorld(kill_after)
    world.lived()
    assert "customer-0042" in world.kept()
    assert "Annstadt" in world.kept()
    world.erase()
    return world


def check(world: ErasingWorld) -> None:
    kept = world.kept()
    assert "customer-0042" not in kept
    assert "Annstadt" not in kept
    for other in ("customer-0041", "customer-0043", "customer-0044"):
        assert other in kept
    assert world.job.status == "done"
    pointer = world.buckets.pointers[AUDIENCE]
    assert (pointer.rows, pointer.members) == (4, 3)
    assert world.purged[AUDIENCE]
    assert world.noted
    assert world.runs.holders[AUDIENCE] in world.runs.rows or world.jobs.life.kill_after


WRITES = erased().jobs.life.writes


def test_nothing_that_is_kept_names_the_person_and_everybody_else_stays() -> None:
    world = erased()
    check(world)
    assert world.job.erased == {
        "changes": 1,
        "claims": 2,
        "deliveries": 1,
        "letters": 1,
        "lines": 2,
        "memories": 1,
        "snapshots": 2,
        "stages": 1,
    }
    assert world.rows.memories == {(INSTALLATION, "external_id=customer-0041")}
    assert [line["user"] for line in world.rows.lines["2026-11-22T06#dlv_1"]] == ["customer-0041", ""]


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_death_after_any_write_leaves_nothing_behind(write: int) -> None:
    check(erased((write,)))


@pytest.mark.parametrize("step", [2, 3, 5])
def test_death_after_death_still_ends(step: int) -> None:
    check(erased(tuple(range(step, 300, step))))


def test_erasing_again_finds_nothing_more() -> None:
    world = erased()
    before = dict(world.buckets.objects)
    world.erase()
    assert world.job.erased == {}
    assert world.buckets.objects == before
    check(world)


def test_a_second_message_of_a_job_that_is_done_does_nothing() -> None:
    world = erased()
    writes = world.jobs.life.writes
    assert not isinstance(world.receive("late"), Later)
    assert world.jobs.life.writes == writes


def test_two_workers_do_not_erase_at_the_same_time() -> None:
    world = ErasingWorld()
    world.lived()
    world.ask()
    world.jobs.hold(ANN.job_id, "first", 60)
    assert isinstance(world.receive("second"), Later)
    assert world.job.status == "queued"


def test_a_worker_that_lost_its_lease_stops_and_writes_nothing_down() -> None:
    world = ErasingWorld()
    world.lived()
    world.ask()
    forget = world.rows.forget

    def taken_over(*asked: object) -> int:
        world.jobs.workers[ANN.job_id] = "somebody else"
        return forget(*asked)  # type: ignore[arg-type]

    world.rows.forget = taken_over  # type: ignore[method-assign]
    assert isinstance(world.receive("first"), Later)
    assert (world.job.status, world.job.phase) == ("queued", 0)


def test_little_time_left_is_an_end_for_now_and_the_next_worker_goes_on_there() -> None:
    world = ErasingWorld()
    world.lived()
    world.ask()
    world.seconds = 60.0
    receives = 0
    while isinstance(world.receive(), Later):
        receives += 1
        assert world.job.phase >= min(receives // 4, 5)
    assert receives > 6
    check(world)


def test_a_delivery_row_that_is_being_written_is_looked_at_again() -> None:
    world = ErasingWorld()
    world.lived()
    world.rows.busy = 2
    world.ask()
    assert isinstance(world.receive(), Later)
    assert world.job.shown()["waits_on"] == ["2026-11-22T06"]
    world.receive()
    check(world)


def test_a_run_under_way_is_waited_for_and_loses_nothing() -> None:
    world = ErasingWorld()
    world.lived()
    world.put("three", [*MEMBERS, row("customer-0045", 5)])
    world.work(until=lambda: any(run.status == "syncing" for run in world.runs.rows.values()))
    (under_way,) = [run.id for run in world.runs.rows.values() if run.status == "syncing"]
    world.ask()
    assert isinstance(world.receive(), Later)
    assert world.job.shown()["waits_on"] == [under_way, AUDIENCE]
    assert world.runs.holders[AUDIENCE] == under_way
    world.work()
    assert world.run(under_way).status == "done"
    while isinstance(world.receive(), Later):
        pass
    kept = world.kept()
    assert "customer-0042" not in kept
    assert "customer-0045" in kept
    assert (world.buckets.pointers[AUDIENCE].rows, world.job.status) == (5, "done")


def test_an_erasure_waits_for_a_run_as_long_as_its_message_lives() -> None:
    world = ErasingWorld()
    world.lived()
    world.put("three", [*MEMBERS, row("customer-0045", 5)])
    world.work(until=lambda: any(run.status == "syncing" for run in world.runs.rows.values()))
    world.ask()
    began, receives = world.clock(), 0
    while world.clock() - began < timedelta(days=13):
        verdict = world.receive()
        assert isinstance(verdict, Later)
        world.clock.forward(verdict.seconds)
        receives += 1
    assert receives < MOST_RECEIVES


def test_a_run_that_waits_for_a_person_is_overtaken_and_planned_anew_when_approved() -> None:
    world = ErasingWorld()
    world.lived()
    waiting = world.put("three", [row("customer-0042", 9, "Annstadt")])
    world.work()
    assert world.run(waiting).status == "waiting_approval"
    world.erase()
    assert world.run(waiting).status == "stale"
    assert world.runs.holders[AUDIENCE] == waiting
    assert "customer-0042" not in world.kept()
    world.exports.messages.clear()
    world.runs.approve(waiting)
    world.resume(waiting)
    world.work()
    assert world.run(waiting).status == "done"
    assert world.run(waiting).attempt == 2


def test_no_run_takes_an_audience_that_is_being_erased_from() -> None:
    world = World()
    world.put("one", MEMBERS)
    world.work()
    world.clock.forward(120)
    world.runs.holders[AUDIENCE] = ANN.job_id
    world.runs.erasures.add(ANN.job_id)
    later = world.put("two", MEMBERS[:2])
    world.work(until=lambda: world.waits[f"waits for {ANN.job_id}"] > 2)
    assert (world.run(later).status, world.run(later).waits_on) == ("waiting_lease", ANN.job_id)
    world.runs.erasures.clear()
    world.work()
    assert world.run(later).status == "waiting_approval"


def test_who_is_unknown_to_braze_is_erased_from_the_file_beside_the_snapshot_and_counted_apart() -> None:
    world = ErasingWorld()
    world.lived()
    pointer = world.buckets.pointers[AUDIENCE]
    unknown = {"customer-0042": {"member": True}, "customer-0049": {"member": True}}
    world.buckets.objects[f"{pointer.prefix}unknown.parquet"] = json.dumps(unknown).encode()
    world.buckets.pointers[AUDIENCE] = pointer.model_copy(update={"unknown": 2})
    world.erase()
    check(world)
    assert world.buckets.pointers[AUDIENCE].unknown == 1
    assert b"customer-0049" in world.buckets.objects[f"{pointer.prefix}unknown.parquet"]


def test_what_a_reading_found_of_the_person_goes_too() -> None:
    world = ErasingWorld()
    world.lived()
    run_id = next(iter(world.runs.rows))
    found = [{"user": user, "unknown": False, "cells": []} for user in ("customer-0042", "customer-0041")]
    key = f"runs/{run_id}/findings/part-00001-a.jsonl"
    world.buckets.objects[key] = "".join(f"{json.dumps(one)}\n" for one in found).encode()
    world.erase()
    check(world)
    assert world.buckets.objects[key].startswith(b"{}\n")


def test_a_claimed_event_of_an_export_is_forgotten_by_its_line() -> None:
    world = ErasingWorld()
    columns = ("external_id", "event_name", "event_time")
    rows = [
        {"external_id": u, "event_name": "E", "event_time": "2026-11-22T06:00:00Z"}
        for u in ("customer-0042", "b")
    ]
    world.put("told", rows, where="events", columns=columns, attributes={})
    world.work()
    world.rows.claims |= {(INSTALLATION, *owner.split("/", 1)) for owner in world.claims.owners}
    assert len(world.rows.claims) == 2
    world.erase()
    assert len(world.rows.claims) == 1
    assert world.job.erased["claims"] == 1


def test_the_next_full_export_that_names_the_person_brings_them_back() -> None:
    world = erased()
    run_id = world.put("three", MEMBERS)
    world.work()
    plan = world.run(run_id).plan
    assert plan
    assert (plan.joined, plan.left) == (2, 1)


@pytest.mark.parametrize(
    "body", [{"erase": 1, "subject": {}}, {"erase": "era_1"}, {"erase": "era_1", "subject": "u"}]
)
def test_a_message_that_names_nobody_is_unreadable(body: object) -> None:
    world = ErasingWorld()
    work = either(world.steps.handle, lambda: world.erasing, lambda: 900.0)
    with pytest.raises(ValueError, match="names nobody"):
        work(json.dumps(body), owner="w", beat=lambda: None)
