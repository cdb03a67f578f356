"""How far a run is, from the checkpoints alone."""

from datetime import timedelta

import pytest

from bridge.flows.runs.ledger import Ledger, lines_of, ranges
from bridge.flows.runs.progress import PartState, count, progress
from tests.unit.operations.fakes import NOW, run
from tests.unit.operations.test_runs_api import PLAN

AT = "2026-11-22T11:59:50.000Z"
SENT = PLAN.model_copy(update={"details": {"lines": 100}})


def ledger(accepted: int, rejected: int = 0, held: int = 0, rows: int = 50, started_at: str = AT) -> str:
    made = Ledger(rows=rows, started_at=started_at)
    made.accept(range(accepted))
    made.reject("why", range(accepted, accepted + rejected)) if rejected else None
    made.hold(range(accepted + rejected, accepted + rejected + held))
    return made.write()


@pytest.mark.parametrize("lines", [set(), {0}, {0, 1, 2, 7}, {3, 5, 9}, set(range(7_500))])
def test_ranges_are_counted_without_naming_each_line(lines):
    assert count(ranges(lines)) == len(lines) == len(lines_of(ranges(lines)))


def test_a_run_under_way_tells_each_part_its_pace_and_the_rest():
    states = [
        PartState(1, ledger(40, rejected=10), done=True, working=False),
        PartState(2, ledger(10, held=5, started_at="2026-11-22T11:59:55.000Z"), done=False, working=True),
        PartState(3, "", done=False, working=False),
    ]
    found = progress(run("syncing", plan=SENT, parts=3, parts_done=1), states, NOW)
    assert found == {
        "parts": 3,
        "parts_done": 1,
        "rows": 100,
        "accepted": 50,
        "rejected": 10,
        "held": 5,
        "rows_per_second": 5.0,
        "seconds_left": 7.0,
        "by_part": [
            {"part": 1, "status": "done", "rows": 50, "accepted": 40, "rejected": 10, "held": 0},
            {"part": 2, "status": "sending", "rows": 50, "accepted": 10, "rejected": 0, "held": 5},
            {"part": 3, "status": "waiting", "rows": None, "accepted": 0, "rejected": 0, "held": 0},
        ],
    }


@pytest.mark.parametrize("status", ["planning", "waiting_approval", "syncing", "done"])
def test_before_the_first_row_nobody_knows_how_long_it_takes(status):
    found = progress(
        run(status, plan=SENT, parts=2), [PartState(1, ledger(0), done=False, working=True)], NOW
    )
    assert (found["rows_per_second"], found["seconds_left"]) == (0.0, None)
    assert progress(run(status), [], NOW)["rows"] is None


def test_the_pace_of_a_run_that_ended_is_that_of_its_time():
    ended = run("done", plan=SENT, parts=1, ended_at="2026-11-22T12:00:00.000Z")
    states = [PartState(1, ledger(50), done=True, working=False)]
    assert progress(ended, states, NOW + timedelta(days=1))["rows_per_second"] == 5.0


def test_the_api_shows_the_parts_of_one_run_and_only_their_number_in_a_list(ask, world):
    world.runs.rows = [run("syncing", plan=SENT, parts=2, parts_done=0)]
    world.part_states["run_1"] = [(1, ledger(25), False, True)]
    _, body = ask("GET", "/v1/admin/audience-runs/run_1")
    assert (body["progress"]["accepted"], body["progress"]["rows"]) == (25, 100)
    assert [one["status"] for one in body["progress"]["by_part"]] == ["sending"]
    _, body = ask("GET", "/v1/admin/audience-runs")
    assert body["data"][0]["progress"] == {"parts": 2, "parts_done": 0}
