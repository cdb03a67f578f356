"""The last hour in numbers."""

import pytest

from mapping.export import RunPlan
from tests.unit.operations.fakes import installation, run


def test_items_are_counted_minute_by_minute_for_each_installation(ask, world):
    world.installations = [installation(1), installation(2)]
    told = {"latency_ms": 80, "answers": 2, "lag_ms": 900, "lags": 3}
    world.minutes = {
        "11:59": {"int_1": {"delivered": 75, **told}, "int_2": {"delivered": 5}},
        "11:58": {"int_1": {"delivered": 25, "failed": 25, "filtered": 3}},
        "10:30": {"int_1": {"delivered": 1000}},
    }
    status, body = ask("GET", "/v1/admin/statistics")
    assert status == 200
    assert (body["from"], body["to"]) == ("2026-11-22T11:00:00.000Z", "2026-11-22T12:00:00.000Z")
    first, second = body["series"]
    assert (first["label"], first["values"][-3:], sum(first["values"])) == ("ActionIQ 1", [25, 75, 0], 100)
    assert (second["label"], second["values"][-3:]) == ("ActionIQ 2", [0, 5, 0])
    assert len(body["minutes"]) == len(first["values"]) == 61
    assert body["totals"] == {
        "events": 105,
        "filtered": 3,
        "failed": 25,
        "success": 0.807692,
        "latency_ms": 40,
        "lag_ms": 300,
    }
    assert [one["success"] for one in body["integrations"]] == [0.8, 1.0]


def test_what_an_installation_delivered_before_it_was_deleted_stays_counted(ask, world):
    world.minutes = {"11:59": {"int_gone": {"delivered": 7}}}
    body = ask("GET", "/v1/admin/statistics")[1]
    assert [(one["label"], sum(one["values"])) for one in body["series"]] == [("int_gone", 7)]


def test_a_quiet_stack_has_nothing_to_tell(ask, world):
    world.installations = [installation(1)]
    body = ask("GET", "/v1/admin/statistics?minutes=5")[1]
    nothing = {"events": 0, "filtered": 0, "failed": 0, "success": None, "latency_ms": None, "lag_ms": None}
    assert body["totals"] == nothing
    assert len(body["minutes"]) == 6


def test_saved_data_points_are_those_of_ended_audience_runs(ask, world):
    def planned(status, sent, full, **more):
        plan = {"data_points": sent, "details": {"full_resend_data_points": full}}
        return run(status, id=f"run_{status}{sent}", plan=_plan(plan), **more)

    world.runs.rows = [planned("done", 50, 800), planned("syncing", 7, 900), planned("cancelled", 10, 100)]
    body = ask("GET", "/v1/admin/statistics")[1]
    assert body["data_points"] == {"sent": 60, "full_resend": 900, "saved": 840, "runs": 2}


def test_runs_that_a_person_can_let_go_on_are_counted(ask, world):
    statuses = ("waiting_approval", "stale", "done", "syncing", "waiting_lease", "waiting_approval")
    world.runs.rows = [run(status, id=f"run_{number}") for number, status in enumerate(statuses)]
    assert ask("GET", "/v1/admin/statistics")[1]["runs_waiting"] == 3


@pytest.mark.parametrize("minutes", ["0", "181", "-1", "x", "١٢", "9999"])
def test_another_span_is_refused(ask, minutes):
    assert ask("GET", f"/v1/admin/statistics?minutes={minutes}")[0] == 422


def _plan(fields):
    return RunPlan.model_construct(
        **{"parts": (), "waits_for": (), "warnings": (), "attributes": {}} | fields
    )
