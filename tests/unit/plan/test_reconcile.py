"""Reading back what Braze holds, telling what differs, and sending that and nothing else."""

from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from bridge.errors import Blocked, Retryable, TooLarge, Unknown
from mapping.run import Halt, Run
from tests.unit.plan.world import World, row, truth

MANY = [row(f"u{n}", n, "here") for n in range(10)]


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


def drifting(part_rows: int = 75) -> tuple[World, str]:
    """An audience of ten, after which Braze has changed: what the control of a stand-in would do."""
    world, first = _drifted(part_rows)
    return deepcopy(world), first


@cache
def _drifted(part_rows: int) -> tuple[World, str]:
    # Made once and copied: making it is half of what a case costs.
    world = World(part_rows=part_rows)
    first = done(world, "one", [*MANY, row("left", 1)])
    done(world, "two", MANY)
    profiles = world.braze.profiles
    profiles["u0"]["AIQ_a1_1"] = False
    profiles["u1"]["city"] = "elsewhere"
    del profiles["u2"]["n"]
    del profiles["u3"]
    profiles["left"]["AIQ_a1_1"] = True
    return world, first


def found(world: World, run_id: str) -> dict[str, Any]:
    section: dict[str, Any] = world.report(run_id)["reconcile"]
    return section


def test_a_case_leaves_nothing_in_the_world_that_the_next_one_starts_from() -> None:
    (world, first), (made, _) = drifting(), _drifted(75)
    before = len(made.measured)
    ends(world, world.reconcile(first, repair=True))
    assert len(made.measured) == before < len(world.measured)


def test_what_is_as_it_should_be_is_told_so_and_nothing_is_sent() -> None:
    world = World(part_rows=4)
    first = done(world, "one", [*MANY, row("left", 1)])
    done(world, "two", MANY)
    sent = len(world.braze.sent)
    run = ends(world, world.reconcile(first, repair=True))
    told = found(world, run.id)
    assert (told["rows"], told["read"], told["unread"], told["drifted"]) == (11, 11, 0, 0)
    assert (told["unknown_to_braze"], told["attributes"], told["repair"]) == (0, {}, None)
    assert len(world.braze.sent) == sent
    assert world.buckets.pointers_of[-1].version == 2


def test_drift_is_told_by_attribute_and_kind_with_masked_examples() -> None:
    world, first = drifting()
    run = ends(world, world.reconcile(first))
    told = found(world, run.id)
    assert (told["extra_members"], told["not_members"], told["unknown_to_braze"]) == (1, 1, 1)
    assert told["attributes"] == {"city": {"different": 1}, "n": {"missing": 1}}
    assert (told["drifted"], told["to_repair"], told["repair"]) == (4, 5, None)
    assert {
        "user": "u•••",
        "attribute": "city",
        "kind": "different",
        "expected": "h•••",
        "held": "el•••re",
    } in (told["examples"])
    assert run.result["reconcile"] == {"read": 11, "unknown_to_braze": 1, "drifted": 4, "repair": None}


def test_the_page_of_a_report_shows_what_differs() -> None:
    world, first = drifting()
    page = world.buckets.objects[f"runs/{ends(world, world.reconcile(first)).id}/report.html"].decode()
    shown = page[page.index("Read back at Braze") :]
    assert "<td>people read</td><td>11</td>" in shown
    assert "<td>city</td><td>different</td><td>1</td>" in shown
    assert "<td>u•••</td><td>n</td><td>missing</td><td>2•••</td><td>–</td>" in shown  # noqa: RUF001


def test_a_repair_sends_the_cells_that_differ_and_no_other() -> None:
    world, first = drifting()
    sent = len(world.braze.sent)
    run = ends(world, world.reconcile(first, repair=True))
    repair = world.run(found(world, run.id)["repair"])
    assert (repair.status, repair.origin, repair.based_on) == ("done", "repair", run.id)
    [request] = world.braze.sent[sent:]
    assert {line.pop("external_id"): line for line in request} == {
        "u0": {"AIQ_a1_1": True},
        "u1": {"city": "here"},
        "u2": {"n": 2.0},
        "u3": {"AIQ_a1_1": True, "n": 3.0, "city": "here"},
        "left": {"AIQ_a1_1": False},
    }
    inside = {user: p for user, p in world.braze.profiles.items() if p["AIQ_a1_1"]}
    assert inside == truth(MANY)
    assert repair.plan
    assert (repair.plan.data_points, repair.plan.members, repair.plan.waits_for) == (7, 10, ())
    world.clock.forward(120)
    again = ends(world, world.reconcile(repair.id))
    assert found(world, again.id)["drifted"] == 0


def test_after_a_repair_an_export_changes_what_it_would_have_changed_before() -> None:
    world, first = drifting()
    before = world.buckets.pointers_of[-1]
    ends(world, world.reconcile(first, repair=True))
    after = world.buckets.pointers_of[-1]
    assert (after.version, after.members, after.rows) == (3, before.members, before.rows)
    assert after.exported_at == before.exported_at
    sent = len(world.braze.sent)
    world.clock.forward(120)
    done(world, "three", MANY)
    assert len(world.braze.sent) == sent


def test_a_repair_that_takes_many_out_waits_for_a_person() -> None:
    world = World(part_rows=75)
    first = done(world, "one", [*MANY[:2], *(row(f"left{n}") for n in range(5))])
    run_id = world.put("two", MANY[:2])
    world.work()
    world.runs.approve(run_id)
    world.resume(run_id)
    ends(world, run_id)
    world.clock.forward(120)
    for n in range(5):
        world.braze.profiles[f"left{n}"]["AIQ_a1_1"] = True
    run = ends(world, world.reconcile(first, repair=True))
    plan = ends(world, found(world, run.id)["repair"], "waiting_approval").plan
    assert plan
    assert [wait.code for wait in plan.waits_for] == ["removes_many"]
    assert (plan.left, plan.members) == (5, 2)


def test_a_value_of_another_source_is_told_and_left_alone() -> None:
    world = World(part_rows=75)
    first = done(world, "one", [row("u0", 1)])
    world.braze.profiles["u0"]["city"] = "typed in by the user"
    sent = len(world.braze.sent)
    told = found(world, ends(world, world.reconcile(first, repair=True)).id)
    assert told["attributes"] == {"city": {"only_at_braze": 1}}
    assert (told["to_repair"], told["repair"], len(world.braze.sent)) == (0, None, sent)


def test_who_braze_does_not_know_is_not_repaired_where_only_profiles_that_exist_are_updated() -> None:
    world = World(part_rows=75)
    first = done(world, "one", MANY, update_existing_only=True)
    del world.braze.profiles["u3"]
    told = found(world, ends(world, world.reconcile(first, repair=True)).id)
    assert (told["unknown_to_braze"], told["to_repair"], told["repair"]) == (1, 0, None)


def test_a_sample_is_the_same_people_however_often_it_is_planned() -> None:
    asked = []
    for kills in ((), (6,)):
        world = World(part_rows=75)
        first = done(world, "one", MANY)
        world.life.writes, world.life.kill_after = 0, kills
        run = ends(world, world.reconcile(first, sample=4))
        assert found(world, run.id)["read"] == 4
        assert run.attempt == 1 + bool(kills)
        asked.append(sorted(user for ids in world.reads.asked for user in ids))
    assert asked[0] == asked[1]
    assert len(asked[0]) == 4


def test_fifty_ids_are_asked_for_at_once() -> None:
    world = World(part_rows=60)
    first = done(world, "one", [row(f"u{n}") for n in range(130)])
    ends(world, world.reconcile(first))
    assert [len(ids) for ids in world.reads.asked] == [50, 10, 50, 10, 10]


def test_a_braze_id_is_asked_for_alone() -> None:
    world = World(part_rows=60)
    columns = ("braze_id", "n", "city")
    rows = [{"braze_id": f"b{n}"} for n in range(3)]
    first = done(world, "one", rows, columns=columns, identifier="braze_id")
    told = found(world, ends(world, world.reconcile(first)).id)
    assert [len(ids) for ids in world.reads.asked] == [1, 1, 1]
    assert (told["read"], told["unknown_to_braze"]) == (3, 0)


def test_a_missing_permission_ends_the_run_and_says_which() -> None:
    world, first = drifting(part_rows=4)
    world.reads.script = [None, Blocked("users_export_ids_missing", "Braze answered 403")]
    run = ends(world, world.reconcile(first, repair=True), "blocked")
    report = world.report(run.id)
    assert (report["reason"], report["detail"]) == ("users_export_ids_missing", "Braze answered 403")
    assert (report["reconcile"]["read"], report["reconcile"]["unread"]) == (4, 7)
    assert report["reconcile"]["repair"] is None
    assert len(world.reads.asked) == 1


def test_reading_counts_neither_as_delivered_nor_against_the_installation() -> None:
    world, first = drifting(part_rows=4)
    told: list[str] = []

    class Told:
        def ended(self, run: Run, outcomes: Any) -> None:
            told.append("ended")

        def blocked(self, run: Run, halt: Halt) -> None:
            told.append(halt.reason)

    world.sync = replace(world.sync, witness=Told())
    world.reads.script = [None, Blocked("users_export_ids_missing")]
    ends(world, world.reconcile(first), "blocked")
    assert told == []
    done(world, "three", [*MANY, row("more", 1)])
    assert told == ["ended"]


def test_a_cancelled_reconcile_reads_no_further_and_tells_what_it_has_read() -> None:
    world, first = drifting(part_rows=2)
    run_id = world.reconcile(first, repair=True)
    export = world.reads.export

    def cancelled_meanwhile(*given: Any, **more: Any) -> Any:
        if len(world.reads.asked) == 2:
            world.runs.stop(run_id, Halt(status="cancelled", reason="cancelled", by="someone"))
        return export(*given, **more)

    world.reads.export = cancelled_meanwhile  # type: ignore[method-assign]
    run = ends(world, run_id, "cancelled")
    assert len(world.reads.asked) == 3
    assert (found(world, run.id)["read"], found(world, run.id)["unread"]) == (6, 5)
    assert found(world, run.id)["repair"] is None


def test_a_reconcile_that_waits_for_its_limit_can_be_cancelled_at_once() -> None:
    world, first = drifting(part_rows=2)
    world.reads.script = [Retryable("rate_limited", after=600.0, pauses=True)]
    run_id = world.reconcile(first)
    world.work(until=lambda: world.waits["the rest of the part waits"] > 0)
    world.runs.stop(run_id, Halt(status="cancelled", reason="cancelled", by="someone"))
    world.resume(run_id)
    before = world.clock()
    world.work(until=lambda: world.run(run_id).status == "cancelled")
    assert (world.clock() - before).total_seconds() < 5


def test_a_429_rests_the_reading_and_not_the_sending() -> None:
    world, first = drifting()
    world.reads.script = [Retryable("rate_limited", after=60.0, pauses=True)]
    before = world.clock()
    told = found(world, ends(world, world.reconcile(first)).id)
    assert told["read"] == 11
    assert (world.clock() - before).total_seconds() >= 60
    assert world.pause.until is None


@pytest.mark.parametrize(
    "failure", [Unknown("no_answer"), Retryable("vendor_unavailable"), TooLarge("answer_too_large")]
)
def test_a_failed_read_is_made_again(failure: Any) -> None:
    world, first = drifting()
    world.reads.script = [failure]
    told = found(world, ends(world, world.reconcile(first)).id)
    assert (told["read"], told["drifted"], told["unknown_to_braze"]) == (11, 4, 1)


def test_who_was_not_answered_is_neither_known_nor_unknown() -> None:
    world, first = drifting()
    world.reads.silent = {"u5"}
    told = found(world, ends(world, world.reconcile(first)).id)
    assert (told["read"], told["unread_by_reason"], told["unknown_to_braze"]) == (10, {"not_answered": 1}, 1)


def test_an_export_that_comes_meanwhile_waits_for_the_reconcile() -> None:
    world, first = drifting(part_rows=2)
    world.reads.script = [None, Retryable("rate_limited", after=60.0, pauses=True)]
    reading = world.reconcile(first)
    world.work(until=lambda: world.waits["the rest of the part waits"] > 0)
    export = world.put("three", MANY)
    ends(world, export)
    assert world.waits[f"waits for {reading}"] > 0
    assert (world.run(export).ended_at or "") > (world.run(reading).ended_at or "")


def test_a_repair_is_not_sent_when_the_audience_has_moved_on() -> None:
    world, first = drifting()
    reading = world.reconcile(first, repair=True)
    world.work(until=lambda: len(world.runs.rows) == 4)
    held_back = world.exports.messages.pop()
    ends(world, reading)
    done(world, "three", MANY)
    repair = found(world, reading)["repair"]
    world.exports.messages.append(held_back)
    ends(world, repair, "blocked")
    assert world.report(repair)["reason"] == "snapshot_moved"


def play(kill_after: tuple[int, ...] = (), *, deliver_twice: bool = False) -> World:
    world, first = drifting(part_rows=3)
    world.life.writes, world.life.kill_after = 0, kill_after
    world.reconcile(first, repair=True)
    world.work(deliver_twice=deliver_twice)
    return world


def check(world: World) -> None:
    assert {user: p for user, p in world.braze.profiles.items() if p["AIQ_a1_1"]} == truth(MANY)
    assert [run.status for run in world.runs.rows.values()] == ["done"] * 4
    told = found(world, "run_read2")
    assert (told["read"], told["drifted"], told["unknown_to_braze"], told["to_repair"]) == (11, 4, 1, 5)


WRITES = play().life.writes
UNHINDERED = len(play().braze.sent)


@pytest.mark.parametrize("write", range(3, WRITES + 1))
def test_a_death_after_any_write_of_a_reconcile_costs_nothing_but_a_request(write: int) -> None:
    world = play((write,))
    check(world)
    assert len(world.braze.sent) <= UNHINDERED + 1


@pytest.mark.parametrize("step", [13, 17])
def test_death_after_death_a_reconcile_still_ends(step: int) -> None:
    check(play(tuple(range(step, 400, step))))


def test_every_message_of_a_reconcile_twice_changes_nothing() -> None:
    world = play(deliver_twice=True)
    check(world)
    assert len(world.braze.sent) == UNHINDERED
