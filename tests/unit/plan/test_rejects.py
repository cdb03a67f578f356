"""Rejects as CSV: all of them, of the plan and of Braze, and nothing a spreadsheet would run."""

import csv
import io

import pytest

from bridge.flows.runs import rejects
from bridge.flows.runs.report import EXAMPLES
from mapping.comparison import Reject
from tests.unit.plan.world import World, row

MANY = [row(f"u{n}", n, "here") for n in range(10)]


def read(chunks):
    return list(csv.DictReader(io.StringIO(b"".join(chunks).decode(), newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_a_cell_that_starts_a_formula_is_text(start):
    (found,) = read(rejects.of_plan([Reject("a.csv", 1, f"{start}SUM(A1)", "empty_identifier")]))
    assert found["identifier"] == f"'{start}SUM(A1)"


@pytest.mark.parametrize("text", ['say "hi"', "a,b", "a\nb", "a\r\nb", " padded ", "ümlaut", "1=1", ""])
def test_any_other_cell_comes_back_as_it_was(text):
    (found,) = read(rejects.of_plan([Reject("a.csv", 1, text, "empty_identifier")]))
    assert found["identifier"] == text


def test_lines_end_as_the_standard_says():
    body = b"".join(rejects.of_plan([Reject("a.csv", 7, "u,1", "why")]))
    assert body == b'stage,source,row,identifier,reason,line\r\nplan,a.csv,7,"u,1",why,\r\n'


def test_a_plan_without_rejects_is_a_header():
    assert list(rejects.of_plan([])) == [rejects.HEADER]


def test_there_is_no_limit_to_the_rows():
    found = read(rejects.of_plan(Reject("a.csv", n, f"u{n}", "why") for n in range(12_345)))
    assert [one["row"] for one in found] == [str(n) for n in range(12_345)]


def test_a_run_lists_what_the_plan_left_out_and_what_braze_refused():
    world = World(part_rows=4)
    world.braze.refuse = lambda line: "EXTERNAL_USER_ID_TOO_LARGE" if line["external_id"] == "u6" else ""
    run_id = world.put("one", [*MANY, row("", 3), row("u9", "many", "here")])
    world.work()
    where = "exports/int_aaaaaaaaaaaaaaaaaaaaaaaa/audience=a1/split=1/one/part-1.csv"
    found = world.rejects(run_id)
    assert [tuple(one.values()) for one in found[:2]] == [
        ("plan", where, "11", "", "empty_identifier", ""),
        ("plan", where, "12", "u9", "invalid_value:n", ""),
    ]
    (refused,) = found[2:]
    line = '{"external_id": "u6", "AIQ_a1_1": true, "n": 6.0, "city": "here"}'
    assert tuple(refused.values()) == (
        "braze",
        f"runs/{run_id}/plan-1/part-00002.jsonl",
        "3",
        "u6",
        "EXTERNAL_USER_ID_TOO_LARGE",
        line,
    )


def test_a_refused_recipient_is_named_by_the_users_id():
    world = World()
    world.braze.refuse = lambda line: "why" if line["external_user_id"] == "u2" else ""
    run_id = world.put("one", MANY[:3], where="campaign=c1")
    world.work()
    (found,) = world.rejects(run_id)
    assert (found["stage"], found["identifier"], found["reason"]) == ("braze", "u2", "why")


def test_a_plan_lists_its_rejects_before_anything_is_sent():
    world = World()
    run_id = world.put("one", [*MANY, row("", 3)], dry_run=True)
    world.work()
    assert world.run(run_id).status == "planned"
    kept = world.buckets.objects[f"runs/{run_id}/1/rejects.csv"]
    assert [one["reason"] for one in read([kept])] == ["empty_identifier"]


def test_samples_in_plan_and_report_are_masked():
    world = World()
    run_id = world.put("one", [row("customer-0042", "many", "here")])
    world.work()
    report = world.report(run_id)
    assert [one["user"] for one in report["rejected_values"]] == ["cu•••42"]
    plan = next(body for key, body in world.buckets.objects.items() if key.endswith("plan.json"))
    assert b"customer-0042" not in plan
    assert all("customer-0042" not in str(report[name]) for name in EXAMPLES)
