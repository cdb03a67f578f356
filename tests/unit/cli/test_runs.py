"""Runs: listed, followed, approved, cancelled, taken back."""

import json

import pytest

WAIT = {"code": "stale_export", "detail": "older than the one committed", "count": 0}


@pytest.fixture
def run(bridge):
    """A run that has begun."""
    bridge.api.begin_run("run_1", dry_run=False, rows=5, audience_id="1042", split_id="1")
    return bridge.api.runs["run_1"]


@pytest.fixture
def waiting(bridge):
    """A run that waits for approval."""
    bridge.api.waits = [WAIT]
    bridge.api.begin_run("run_1", dry_run=False, rows=5, audience_id="1042", split_id="1")
    bridge("runs", "watch", "run_1")
    return bridge.api.runs["run_1"]


def test_a_run_is_followed_to_its_end(bridge, run) -> None:
    done = bridge("runs", "watch", "--json")
    states = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["status"], one["progress"]["parts_done"]) for one in states] == [
        ("planning", 0),
        ("planned", 0),
        ("syncing", 0),
        ("syncing", 1),
        ("syncing", 2),
        ("done", 2),
    ]
    assert done.exit_code == 0
    assert "run_1 syncing 1 of 2 parts" in _lines(bridge)


def _lines(bridge) -> str:
    bridge.api.begin_run("run_2", dry_run=False, rows=5)
    return bridge("runs", "watch", "run_2").stdout.replace("run_2", "run_1")


def test_following_ends_where_a_person_is_needed(bridge, waiting) -> None:
    done = bridge("runs", "watch", "run_1")
    assert (done.exit_code, "older than the one committed" in done.stderr) == (9, True)


def test_without_a_run_under_way_there_is_nothing_to_follow(bridge) -> None:
    assert bridge("runs", "watch").exit_code == 5


def test_a_run_is_shown_with_its_plan(bridge, waiting) -> None:
    shown = bridge("runs", "show", "run_1").stdout
    assert "audience 1042 split 1" in shown
    assert "needs approval (stale_export)" in shown
    assert bridge("runs", "show", "run_none").exit_code == 5


def test_runs_are_listed_newest_first(bridge, waiting) -> None:
    bridge.api.waits = []
    bridge.api.begin_run("run_2", dry_run=False, rows=1, campaign_id="c-1")
    bridge.api.runs["run_2"]["kind"] = "campaign"
    assert [one["id"] for one in bridge.json("runs", "list")["data"]] == ["run_2", "run_1"]
    assert [one["id"] for one in bridge.json("runs", "list", "--waiting")["data"]] == ["run_1"]
    assert [one["id"] for one in bridge.json("runs", "list", "-n", "1")["data"]] == ["run_2"]
    assert "campaign c-1" in bridge("runs", "list").stdout


def test_approving_shows_what_waits_and_asks(bridge, waiting) -> None:
    assert bridge("audience", "approve", "run_1").exit_code == 2
    refused = bridge("audience", "approve", "run_1", typed="n\n")
    assert (refused.exit_code, "stale_export" in refused.stderr) == (9, True)
    assert waiting["status"] == "waiting_approval"
    assert bridge("audience", "approve", "run_1", typed="y\n").exit_code == 0
    assert waiting["status"] == "syncing"


def test_an_approved_run_can_be_followed(bridge, waiting) -> None:
    done = bridge("runs", "approve", "run_1", "--yes", "--watch")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "run_1 done 2 of 2 parts")


def test_what_does_not_wait_cannot_be_approved(bridge, run) -> None:
    done = bridge("audience", "approve", "run_1", "--yes")
    assert (done.exit_code, "bridge runs show" in done.stderr) == (6, True)


def test_a_run_is_cancelled_once(bridge, run) -> None:
    assert bridge("runs", "cancel", "run_1", typed="n\n").exit_code == 9
    assert bridge.json("runs", "cancel", "run_1", "--yes")["status"] == "cancelled"
    assert bridge("runs", "cancel", "run_1", "--yes").exit_code == 6
    watched = bridge("runs", "watch", "run_1")
    assert (watched.exit_code, "cancelled" in watched.stderr) == (1, True)


def test_a_report_says_how_it_ended(bridge, run) -> None:
    bridge("runs", "watch", "run_1")
    assert bridge.json("runs", "report", "run_1")["sent"]["accepted"] == 5
    assert "no_identifier" in bridge("runs", "report", "run_1").stdout


def test_a_report_is_saved_as_a_page(bridge, run, tmp_path) -> None:
    bridge("runs", "watch", "run_1")
    page = tmp_path / "report.html"
    assert bridge.json("runs", "report", "run_1", "--page", str(page))["saved"] == str(page)
    assert page.read_text() == "<html>the page</html>"
    assert bridge("runs", "report", "run_1", "--page", str(tmp_path / "no" / "folder")).exit_code == 2


def test_a_long_report_comes_from_a_link_to_which_the_token_does_not_go(bridge, run) -> None:
    bridge("runs", "watch", "run_1")
    bridge.api.long_reports = True
    assert bridge.json("runs", "report", "run_1")["sent"]["accepted"] == 5
    (link,) = [headers for _, url, headers in bridge.api.asked if url.startswith("https://state.example")]
    assert "Authorization" not in link


def test_a_run_that_goes_on_has_no_report(bridge, waiting) -> None:
    done = bridge("runs", "report", "run_1")
    assert (done.exit_code, "bridge runs watch" in done.stderr) == (5, True)


def test_a_report_that_comes_a_moment_late_is_waited_for(bridge, run) -> None:
    bridge("runs", "watch", "run_1")
    url, run["report_url"] = run["report_url"], None

    def meanwhile() -> None:
        run["report_url"] = url

    bridge.clock.meanwhile = meanwhile
    assert bridge.json("runs", "report", "run_1")["status"] == "done"


def test_rejects_are_printed_saved_or_given_as_json(bridge, run, tmp_path) -> None:
    assert bridge("runs", "rejects", "run_1").stdout == 'line,reason,row\n7,no_identifier,"a, b"\n'
    assert bridge.json("runs", "rejects", "run_1")["data"] == [
        {"line": "7", "reason": "no_identifier", "row": "a, b"}
    ]
    file = tmp_path / "rejects.csv"
    assert bridge("runs", "rejects", "run_1", "-o", str(file)).exit_code == 0
    assert (file.read_bytes().count(b"\r\n"), file.stat().st_mode & 0o777) == (2, 0o600)
    bridge.log_in("viewer")
    assert bridge("runs", "rejects", "run_1").exit_code == 4


def test_a_run_is_gone_back_to(bridge, run) -> None:
    assert bridge("runs", "rollback", "run_1", "--yes").exit_code == 6
    bridge("runs", "watch", "run_1")
    assert bridge("runs", "rollback", "run_1", typed="n\n").exit_code == 9
    assert bridge.json("runs", "rollback", "run_1", "--yes")["based_on"] == "run_1"
    followed = bridge("runs", "rollback", "run_1", "--yes", "--watch")
    assert (followed.exit_code, followed.stdout.splitlines()[-1]) == (0, "run_back done 2 of 2 parts")


def test_what_braze_holds_is_read_back_and_what_differs_is_told(bridge, run) -> None:
    bridge("runs", "watch", "run_1")
    done = bridge("runs", "reconcile", "run_1", "--sample", "all", "--watch")
    assert (done.exit_code, "u•••1: city is 'Bonn', not 'Ulm'" in done.stdout) == (0, True), done.output
    assert "reading back audience 1042 split 1" in bridge("runs", "list").stdout
    assert json.loads(bridge("runs", "reconcile", "run_1", "--watch", "--json").stdout.splitlines()[-1])[
        "reconcile"
    ]


def test_nothing_is_sent_again_without_a_yes(bridge, run) -> None:
    bridge("runs", "watch", "run_1")
    assert bridge("runs", "reconcile", "run_1", "--repair").exit_code == 2
    assert bridge("runs", "reconcile", "run_1", "--repair", typed="n\n").exit_code == 9
    assert bridge("runs", "reconcile", "run_1", "--sample", "some").exit_code == 2
    assert bridge.json("runs", "reconcile", "run_1", "--repair", "--yes")["based_on"] == "run_1"
    assert bridge.api.reports["run_read"]["reconcile"]["repair"] == "run_mended"
