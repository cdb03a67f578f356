"""Messages that became dead letters: their run ends and lets go of its audience."""

import json
from typing import Any

import pytest

from bridge.errors import Retryable
from tests.unit.plan.world import Killed, World, row, truth

MANY = [row(f"u{n}", n, "here") for n in range(7)]


def tell(world: World, run_id: str, step: str) -> None:
    world.exports.send([json.dumps({"run_id": run_id, "step": step, "reason": "crashes_the_worker"})])


def begun(status: str) -> tuple[World, str]:
    """A world whose run has come to this status and has lost its messages."""
    world = World(part_rows=3)
    run_id = world.put("one", MANY)
    world.work(until=lambda: run_id in world.runs.rows and world.run(run_id).status == status)
    world.parts.messages.clear()
    world.exports.messages.clear()
    return world, run_id


def next_run(world: World) -> None:
    world.clock.forward(120)
    following = world.put("two", MANY[:6])
    world.work()
    assert world.run(following).status == "done"
    assert {user: p for user, p in world.braze.profiles.items() if p["AIQ_a1_1"]} == truth(MANY[:6])


@pytest.mark.parametrize("step", ["give_up", "abandon"])
def test_a_run_that_is_given_up_ends_blocked_with_its_reason_and_frees_its_audience(step: str) -> None:
    world, run_id = begun("syncing")
    tell(world, run_id, step)
    tell(world, run_id, step)
    world.work()
    assert world.run(run_id).status == "blocked"
    assert world.report(run_id)["reason"] == "crashes_the_worker"
    next_run(world)


def test_a_run_given_up_while_it_sends_commits_what_braze_accepted() -> None:
    world = World(part_rows=3)
    run_id = world.put("one", MANY)
    world.work(until=lambda: len(world.braze.sent) == 2)
    tell(world, run_id, "give_up")
    world.exports.messages[-1][1] = world.clock()
    world.parts.messages[0][1] = world.clock.moment.replace(hour=7)
    world.work()
    assert world.run(run_id).status == "blocked"
    assert world.report(run_id)["members"] == 6
    assert len(world.braze.sent) == 2
    next_run(world)


def test_a_run_whose_commit_cannot_be_made_is_abandoned_without_a_snapshot() -> None:
    world = World()
    run_id = world.put("one", MANY)
    upload = world.buckets.upload

    def fails(*_: Any) -> None:
        raise OSError("no room")

    world.buckets.upload = fails  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no room"):
        world.work()
    assert world.run(run_id).status == "committing"
    world.exports.messages.clear()
    tell(world, run_id, "give_up")
    with pytest.raises(OSError, match="no room"):
        world.work()
    world.exports.messages.clear()
    tell(world, run_id, "abandon")
    world.work()
    assert world.run(run_id).status == "blocked"
    assert world.buckets.pointers == {}
    world.buckets.upload = upload  # type: ignore[method-assign]
    world.clock.forward(120)
    following = world.put("two", MANY)
    world.work()
    assert world.run(following).status == "done"
    assert world.braze.profiles == truth(MANY)


def test_a_run_that_waits_for_a_person_goes_on_waiting() -> None:
    world = World(config={"approve_recipients": 1})
    run_id = world.put("one", MANY, where="campaign=c1")
    world.work()
    world.exports.messages.clear()
    world.waits.clear()
    tell(world, run_id, "give_up")
    world.work()
    assert world.run(run_id).status == "waiting_approval"
    world.runs.approve(run_id)
    world.resume(run_id)
    world.work()
    assert world.run(run_id).status == "done"


def test_a_run_that_waited_for_its_audience_too_long_says_so() -> None:
    world = World()
    world.put("one", MANY)
    world.work()
    first = world.put("two", MANY[:1])
    world.work()
    assert world.run(first).status == "waiting_approval"
    world.waits.clear()
    second = world.put(
        "three", [*MANY, row("more", 1)], mode="delta", columns=("external_id", "n", "city", "op")
    )
    world.work(until=lambda: second in world.runs.rows and world.run(second).status == "waiting_lease")
    world.exports.messages.clear()
    tell(world, second, "give_up")
    world.work()
    assert world.report(second)["reason"] == "waited_too_long"
    assert world.run(first).status == "waiting_approval"


def test_who_has_waited_long_looks_less_often() -> None:
    world = World()
    world.put("one", MANY)
    world.work()
    world.put("two", MANY[:1])
    world.work()
    world.waits.clear()
    second = world.put("three", MANY, mode="delta", columns=("external_id", "n", "city", "op"))
    until = world.clock.moment.replace(hour=23)
    world.work(until=lambda: world.clock() > until or world.waits["waits for approval"] > 1)
    assert world.run(second).status == "waiting_lease"
    looks = sum(count for reason, count in world.waits.items() if reason.startswith("waits for run_"))
    assert looks < 60


def test_a_run_that_has_ended_is_not_touched() -> None:
    world = World()
    run_id = world.put("one", MANY)
    world.work()
    tell(world, run_id, "abandon")
    tell(world, "run_of_nobody", "give_up")
    world.work()
    assert world.run(run_id).status == "done"


def test_the_report_of_an_abandoned_run_counts_what_its_parts_came_to_and_what_its_plan_left_out() -> None:
    world = World(part_rows=3)
    world.braze.refuse = lambda line: "EMAIL_BAD_FORMAT" if line["external_id"] == "u1" else ""
    run_id = world.put("one", [*MANY[:6], row("u6", "many", "here")])
    world.work(until=lambda: run_id in world.runs.rows and world.run(run_id).parts_done == 1)
    world.parts.messages.clear()
    world.exports.messages.clear()
    tell(world, run_id, "abandon")
    world.work()
    report = world.report(run_id)
    assert (report["status"], report["snapshot_version"]) == ("blocked", None)
    assert (report["sent"]["accepted"], report["sent"]["rejected_by_reason"]) == (2, {"EMAIL_BAD_FORMAT": 1})
    assert len(report["rejected_values"]) == 1


@pytest.mark.parametrize("fault", [Killed(), Retryable("out_of_room")], ids=["killed", "no memory"])
def test_a_commit_that_no_worker_lives_to_end_is_given_up_and_frees_its_audience(
    fault: BaseException,
) -> None:
    world = World()
    run_id = world.put("one", MANY)
    upload = world.buckets.upload

    def deadly(*_: Any) -> None:
        raise fault

    world.buckets.upload = deadly  # type: ignore[method-assign]
    world.work()
    assert (world.run(run_id).status, world.report(run_id)["reason"]) == ("blocked", "keeps_failing")
    world.buckets.upload = upload  # type: ignore[method-assign]
    next_run(world)
