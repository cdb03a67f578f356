"""Ordering a reconcile: how many people, and when there is nothing to compare with."""

import pytest

from mapping.run import Reconciling
from tests.unit.operations.fakes import run
from tests.unit.operations.test_rollback_api import RUN, committed


@pytest.fixture
def settled(world):
    """Run 1 is done and what it committed is current."""
    world.runs.rows = [run("done", result={"snapshot_version": 1})]
    world.runs.held_by = "run_1"
    world.snapshots.now = committed(1, "run_1")
    return world


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        (None, Reconciling(sample=1000)),
        ({}, Reconciling(sample=1000)),
        ({"sample": 5, "repair": True}, Reconciling(sample=5, repair=True)),
        ({"sample": "all"}, Reconciling()),
    ],
)
def test_a_reconcile_is_a_run_of_its_own(ask, settled, body, wish):
    status, answer = ask("POST", f"{RUN}/reconcile", body, role="editor")
    assert status == 202
    assert [answer[name] for name in ("kind", "origin", "based_on", "audience_id")] == [
        "reconcile",
        "reconcile",
        "run_1",
        "a",
    ]
    assert answer["reconcile"] == wish.model_dump()
    assert settled.runs.get(answer["id"]).reconcile == wish
    assert settled.queues["export"].documents == [{"run_id": answer["id"], "step": "resume"}]
    assert settled.log.entries[0]["action"] == "audience_run.reconciled"


@pytest.mark.parametrize(
    "body",
    [
        {"sample": 0},
        {"sample": 1_000_001},
        {"sample": "some"},
        {"repair": "yes"},
        {"sample": 1.5},
        {"more": 1},
    ],
)
def test_what_cannot_be_asked_for_is_refused(ask, settled, body):
    assert ask("POST", f"{RUN}/reconcile", body)[0] == 422
    assert len(settled.runs.rows) == 1


@pytest.mark.parametrize("sample", ["all", 10_001])
def test_of_an_audience_by_braze_id_a_sample_alone_can_be_read(ask, settled, sample):
    settled.snapshots.now = settled.snapshots.now.model_copy(update={"identifier": "braze_id"})
    status, answer = ask("POST", f"{RUN}/reconcile", {"sample": sample})
    assert (status, answer["errors"][0]["code"]) == (422, "sample_only")
    assert ask("POST", f"{RUN}/reconcile", {"sample": 10_000})[0] == 202


def test_asking_twice_is_asking_once_and_for_something_else_is_another_run(ask, settled):
    first = ask("POST", f"{RUN}/reconcile", {"sample": 5})[1]["id"]
    assert ask("POST", f"{RUN}/reconcile", {"sample": 5})[1]["id"] == first
    assert ask("POST", f"{RUN}/reconcile", {"sample": 6})[1]["id"] != first


def test_while_one_reads_the_same_is_shown_and_another_refused(ask, settled):
    first = ask("POST", f"{RUN}/reconcile", {"sample": 5})[1]["id"]
    settled.runs.held_by = first
    assert ask("POST", f"{RUN}/reconcile", {"sample": 5})[1]["id"] == first
    assert ask("POST", f"{RUN}/reconcile", {"sample": 6})[1]["code"] == "AUDIENCE_BUSY"


def test_the_same_can_be_asked_again_once_it_has_ended(ask, settled):
    first = ask("POST", f"{RUN}/reconcile")[1]["id"]
    settled.runs.rows = [
        one.model_copy(update={"status": "done"}) if one.id == first else one for one in settled.runs.rows
    ]
    settled.runs.held_by = first
    assert ask("POST", f"{RUN}/reconcile")[1]["id"] != first


def test_any_run_of_the_audience_names_it(ask, settled):
    settled.runs.rows.append(run("blocked", id="run_2"))
    status, answer = ask("POST", "/v1/admin/audience-runs/run_2/reconcile")
    assert (status, answer["based_on"]) == (202, "run_1")


def test_an_audience_without_a_snapshot_has_nothing_to_compare(ask, settled):
    settled.snapshots.now = None
    status, answer = ask("POST", f"{RUN}/reconcile")
    assert (status, answer["code"]) == (409, "NO_SNAPSHOT")


def test_a_campaign_has_no_members_to_read_back(ask, settled):
    settled.runs.rows[0] = run("done", kind="campaign")
    assert ask("POST", f"{RUN}/reconcile")[1]["code"] == "NOT_AN_AUDIENCE"


def test_a_viewer_may_not_reconcile(ask, settled):
    assert ask("POST", f"{RUN}/reconcile", role="viewer")[0] == 403
