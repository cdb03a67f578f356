"""Reports as JSON and as a page, rejects as CSV."""

import json

import pytest

from mapping.run import PlanRef
from tests.unit.install.loading import admin_event, load
from tests.unit.operations.fakes import run
from tests.unit.plan.a_report import REPORT

RUN = "/v1/admin/audience-runs/run_1"
KEY = "runs/run_1/report.json"
REF = PlanRef(key="runs/run_1/plan-2/plan.json", sha256="0")


@pytest.fixture
def get(world):
    """The whole answer, as it goes to the gateway."""
    app = load("operations")
    app.operating = world.operating
    world.runs.rows = [run("done", report_key=KEY, plan_ref=REF)]
    world.objects[KEY] = json.dumps(REPORT).encode()

    def get(rest, role="viewer", **headers):
        return app.lambda_handler(admin_event("GET", RUN + rest, role=role, **headers), object())

    return get


def kind(answer):
    return answer["headers"]["Content-Type"].partition(";")[0]


@pytest.mark.parametrize(
    ("rest", "accept", "expected"),
    [
        ("/report", "*/*", "application/json"),
        ("/report", "application/json", "application/json"),
        ("/report", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("/report?format=html", "*/*", "text/html"),
        ("/report?format=json", "text/html", "application/json"),
    ],
)
def test_a_report_comes_as_it_is_asked_for(get, rest, accept, expected):
    answer = get(rest, accept=accept)
    assert (answer["statusCode"], kind(answer)) == (200, expected)
    if expected == "application/json":
        assert json.loads(answer["body"]) == REPORT
    else:
        assert answer["body"].startswith("<!doctype html>")
        assert answer["headers"]["Content-Security-Policy"].startswith("default-src 'none'")


def test_another_format_is_refused(get):
    assert get("/report?format=pdf")["statusCode"] == 422


def test_a_run_that_goes_on_has_no_report_yet(get, world):
    world.runs.rows = [run("syncing")]
    answer = get("/report")
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "NO_REPORT")


@pytest.mark.parametrize(("rest", "role"), [("/report", "viewer"), ("/rejects", "editor")])
def test_what_is_past_its_retention_is_said_to_be(get, world, rest, role):
    world.objects.clear()
    answer = get(rest, role)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "EXPIRED")


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("/report", "https://state/runs/run_1/report.json?signed"),
        ("/report?format=html", "https://state/runs/run_1/report.html?signed"),
        ("/rejects", "https://state/runs/run_1/rejects.csv?signed&as=run_1-rejects.csv"),
    ],
)
def test_what_is_too_large_for_an_answer_is_fetched_from_the_bucket(get, world, rest, expected):
    large = b"x" * (4 * 1024 * 1024 + 1)
    world.objects |= {KEY: large, "runs/run_1/rejects.csv": large}
    answer = get(rest, "editor")
    assert (answer["statusCode"], answer["headers"]["Location"]) == (303, expected)


def test_rejects_are_those_of_the_whole_run_and_before_its_end_those_of_its_plan(get, world):
    world.objects["runs/run_1/plan-2/rejects.csv"] = b"of the plan"
    answer = get("/rejects", "editor")
    assert (answer["statusCode"], kind(answer), answer["body"]) == (200, "text/csv", "of the plan")
    assert answer["headers"]["Content-Disposition"] == 'attachment; filename="run_1-rejects.csv"'
    world.objects["runs/run_1/rejects.csv"] = b"of the run"
    assert get("/rejects", "editor")["body"] == "of the run"


def test_whom_rejects_name_is_not_for_viewers(get, world):
    world.objects["runs/run_1/rejects.csv"] = b"of the run"
    assert get("/rejects", "viewer")["statusCode"] == 403


def test_a_run_without_a_plan_has_no_rejects(get, world):
    world.runs.rows = [run("blocked", report_key=KEY)]
    answer = get("/rejects", "admin")
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "NO_PLAN")


@pytest.mark.parametrize("rest", ["/report", "/rejects"])
def test_an_unknown_run_has_neither(get, world, rest):
    world.runs.rows = []
    assert get(rest, "admin")["statusCode"] == 404


def test_a_run_links_to_both_forms_of_its_report(ask, world):
    world.runs.rows = [run("done", report_key=KEY)]
    _, body = ask("GET", RUN)
    assert body["report_page_url"] == "https://state/runs/run_1/report.html?signed"
