"""Ordering a rollback: which run it becomes, and when there is none."""

import json

import pytest

from mapping.run import Snapshot
from tests.unit.operations.fakes import AT, run

RUN = "/v1/admin/audience-runs/run_1"


def committed(version: int, run_id: str) -> Snapshot:
    return Snapshot(
        version=version,
        run_id=run_id,
        prefix=f"snapshots/int_1/a/1/{version:06d}-{run_id}/",
        partitions=1,
        hashing="h",
        identifier="external_id",
    )


@pytest.fixture
def later(world):
    """Run 1 is done, and run 2 of its audience after it."""
    world.runs.rows = [run("done", result={"snapshot_version": 1}), run("done", id="run_2")]
    world.runs.held_by = "run_2"
    world.snapshots.now = committed(2, "run_2")
    world.snapshots.kept = {"run_1": committed(1, "run_1")}
    return world


def test_a_rollback_is_a_run_of_its_own(ask, later):
    status, body = ask("POST", f"{RUN}/rollback", role="editor")
    assert status == 202
    told = ("kind", "origin", "based_on", "ordered_by", "status", "audience_id", "export_id", "created_at")
    assert [body[name] for name in told] == [
        "audience",
        "rollback",
        "run_1",
        "editor",
        "planning",
        "a",
        "e1",
        AT,
    ]
    assert later.queues["export"].documents == [{"run_id": body["id"], "step": "resume"}]
    assert later.runs.get(body["id"]).key == "snapshots/int_1/a/1/000001-run_1/snapshot.json"
    (entry,) = later.log.entries
    assert (entry["action"], entry["resource_id"]) == ("audience_run.rolled_back", "run_1")
    assert entry["changes"] == {"run": {"old": None, "new": body["id"]}}


def test_ordering_it_twice_is_ordering_it_once(ask, later):
    first = ask("POST", f"{RUN}/rollback")[1]["id"]
    assert ask("POST", f"{RUN}/rollback")[1]["id"] == first
    later.runs.held_by = first  # it has taken the audience meanwhile
    assert ask("POST", f"{RUN}/rollback")[1]["id"] == first
    assert len(later.runs.rows) == 3
    assert len(later.log.entries) == 1


def test_a_rollback_that_woke_nobody_is_woken_by_ordering_it_again(ask, later):
    later.queues["export"].refuses = True
    assert ask("POST", f"{RUN}/rollback")[0] == 503
    later.queues["export"].refuses = False
    status, body = ask("POST", f"{RUN}/rollback")
    assert (status, len(later.runs.rows)) == (202, 3)
    assert later.queues["export"].documents == [{"run_id": body["id"], "step": "resume"}]


def test_a_rollback_that_was_carried_out_is_shown_again(ask, later):
    back = run(
        "done",
        id="run_3",
        origin="rollback",
        based_on="run_1",
        result={"snapshot_version": 3, "lines": 4, "accepted": 4},
    )
    later.runs.rows.append(back)
    later.snapshots.now = committed(3, "run_3")
    status, body = ask("POST", f"{RUN}/rollback")
    assert (status, body["id"]) == (202, "run_3")
    assert not later.queues["export"].bodies


@pytest.mark.parametrize(
    "rest",
    [
        {"status": "cancelled", "result": {"snapshot_version": 3, "lines": 4, "accepted": 2}},
        {"status": "done", "result": {"snapshot_version": 3, "lines": 4, "accepted": 3}},
    ],
)
def test_a_rollback_that_got_half_way_can_be_ordered_anew(ask, later, rest):
    later.runs.rows.append(run(id="run_3", origin="rollback", based_on="run_1", **rest))
    later.snapshots.now = committed(3, "run_3")
    later.runs.held_by = "run_3"
    status, body = ask("POST", f"{RUN}/rollback")
    assert status == 202
    assert body["id"] not in {"run_1", "run_2", "run_3"}


def test_a_rollback_that_was_blocked_is_followed_by_another(ask, later):
    first = ask("POST", f"{RUN}/rollback")[1]["id"]
    later.runs.rows = [
        one.model_copy(update={"status": "blocked"}) if one.id == first else one for one in later.runs.rows
    ]
    second = ask("POST", f"{RUN}/rollback")[1]["id"]
    assert second != first
    assert json.loads(later.queues["export"].bodies[-1])["run_id"] == second


@pytest.mark.parametrize(
    "status", ["planning", "waiting_approval", "syncing", "cancelled", "blocked", "stale"]
)
def test_only_a_run_that_is_done_can_be_gone_back_to(ask, later, status):
    later.runs.rows[0] = run(status)
    answer, body = ask("POST", f"{RUN}/rollback")
    assert (answer, body["code"]) == (409, "NOT_DONE")


def test_a_campaign_cannot_be_taken_back(ask, later):
    later.runs.rows[0] = run("done", kind="campaign")
    assert ask("POST", f"{RUN}/rollback")[1]["code"] == "NOT_AN_AUDIENCE"


def test_the_current_state_is_not_gone_back_to(ask, later):
    later.snapshots.now = committed(1, "run_1")
    assert ask("POST", f"{RUN}/rollback")[1]["code"] == "ALREADY_CURRENT"


def test_a_snapshot_past_its_retention_is_gone(ask, later):
    later.snapshots.kept = {}
    answer, body = ask("POST", f"{RUN}/rollback")
    assert (answer, body["code"]) == (409, "SNAPSHOT_EXPIRED")


@pytest.mark.parametrize("status", ["waiting_approval", "syncing", "committing"])
def test_a_busy_audience_is_not_rolled_back(ask, later, status):
    later.runs.rows.append(run(status, id="run_3"))
    later.runs.held_by = "run_3"
    answer, body = ask("POST", f"{RUN}/rollback")
    assert (answer, body["code"]) == (409, "AUDIENCE_BUSY")
    assert "run_3" in body["message"]
    assert not later.log.entries


def test_a_viewer_may_not_roll_back(ask, later):
    assert ask("POST", f"{RUN}/rollback", role="viewer")[0] == 403


def test_a_rollback_that_cannot_be_noted_is_not_ordered(ask, later):
    later.log.puts = 0
    assert ask("POST", f"{RUN}/rollback")[0] == 503
    assert len(later.runs.rows) == 2
