"""Audience runs: read, approved, cancelled."""

import json

import pytest

from mapping.export import RunPlan
from tests.unit.install.loading import event
from tests.unit.operations.fakes import AT, run

PLAN = RunPlan(
    run_id="run_1",
    integration_id="int_1",
    kind="audience",
    export_id="e1",
    attempt=1,
    exported_at=AT,
    joined=3,
    left=2,
    changed=1,
    data_points=6,
    requests=1,
)
RUN = "/v1/admin/audience-runs/run_1"


def test_a_run_shows_plan_progress_and_report(ask, world):
    world.runs.rows = [run("done", plan=PLAN, parts=2, parts_done=2, report_key="runs/run_1/report.json")]
    status, body = ask("GET", RUN)
    assert status == 200
    assert (body["id"], body["audience_id"], body["split_id"], body["status"]) == ("run_1", "a", "1", "done")
    assert (
        body["plan"].items()
        >= {"joined": 3, "left": 2, "changed": 1, "data_points": 6, "requests": 1}.items()
    )
    assert body["plan"]["waits_for"] == []
    assert (body["progress"]["parts"], body["progress"]["parts_done"]) == (2, 2)
    assert body["report_url"] == "https://state/runs/run_1/report.json?signed"


def test_a_run_without_plan_or_report_says_so(ask, world):
    world.runs.rows = [run("planning")]
    _, body = ask("GET", RUN)
    assert (body["plan"], body["report_url"]) == (None, None)


def test_runs_come_in_pages(ask, world):
    world.runs.rows = [run(id=f"run_{number}") for number in range(3)]
    assert ask(event("operations.audience_runs"))[1]["has_more"] is False
    _, body = ask("GET", "/v1/admin/audience-runs?limit=2")
    assert [one["id"] for one in body["data"]] == ["run_0", "run_1"]
    assert body["has_more"] is True


def test_a_waiting_run_is_approved_and_goes_on(ask, world):
    world.runs.rows = [run()]
    status, body = ask("POST", f"{RUN}/approve", {}, role="editor")
    assert (status, body["status"], body["approved_by"]) == (200, "planned", "editor")
    assert world.queues["export"].documents == [{"run_id": "run_1", "step": "resume"}]
    assert world.log.entries[0]["changes"] == {"status": {"old": "waiting_approval", "new": "planned"}}


@pytest.mark.parametrize("status", ["planning", "syncing", "done", "cancelled"])
def test_a_run_that_waits_for_nothing_cannot_be_approved(ask, world, status):
    world.runs.rows = [run(status)]
    answer, body = ask("POST", f"{RUN}/approve", {})
    assert (answer, body["code"]) == (409, "NOT_WAITING")
    assert not world.queues["export"].bodies


@pytest.mark.parametrize("status", ["planning", "waiting_approval", "syncing", "stale"])
def test_a_run_under_way_is_cancelled(ask, world, status):
    world.runs.rows = [run(status)]
    assert ask("POST", f"{RUN}/cancel")[1]["status"] == "cancelled"
    assert json.loads(world.queues["export"].bodies[0])["step"] == "resume"


@pytest.mark.parametrize("status", ["done", "cancelled", "blocked"])
def test_a_run_that_has_ended_cannot_be_cancelled(ask, world, status):
    world.runs.rows = [run(status)]
    assert ask("POST", f"{RUN}/cancel")[0] == 409


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("POST", "/approve"), ("POST", "/cancel")])
def test_an_unknown_run_is_a_404(ask, method, rest):
    assert ask(method, f"{RUN}{rest}", {})[0] == 404


@pytest.mark.parametrize("rest", ["approve", "cancel"])
def test_a_viewer_may_neither_approve_nor_cancel(ask, world, rest):
    world.runs.rows = [run()]
    assert ask("POST", f"{RUN}/{rest}", {}, role="viewer")[0] == 403


@pytest.mark.parametrize(("rest", "done"), [("approve", "approved"), ("cancel", "cancelled")])
def test_an_order_that_cannot_be_noted_is_not_carried_out(ask, world, rest, done):
    world.runs.rows = [run()]
    world.log.puts = 0
    assert ask("POST", f"{RUN}/{rest}", {})[0] == 503
    assert (world.runs.rows, world.queues["export"].bodies) == ([run()], [])
    world.log.puts = 1
    assert ask("POST", f"{RUN}/{rest}", {})[0] == 200
    (entry,) = world.log.entries
    assert (entry["action"], entry["outcome"]) == (f"audience_run.{done}", "requested")


def test_an_approval_that_woke_nobody_can_be_given_again(ask, world):
    world.runs.rows = [run("stale")]
    world.queues["export"].refuses = True
    world.runs.approve = lambda run_id, by: world.runs._move(
        run_id, "planning", by, approved=("stale_export",)
    )
    assert ask("POST", f"{RUN}/approve", {})[0] == 503
    world.queues["export"].refuses = False
    status, body = ask("POST", f"{RUN}/approve", {})
    assert (status, body["status"]) == (200, "planning")
    assert world.queues["export"].documents == [{"run_id": "run_1", "step": "resume"}]


def test_a_cancellation_counts_although_it_woke_nobody(ask, world):
    world.runs.rows = [run("syncing")]
    world.queues["export"].refuses = True
    assert ask("POST", f"{RUN}/cancel")[1]["status"] == "cancelled"
