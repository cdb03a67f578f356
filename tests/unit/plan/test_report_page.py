"""The report as a page: everything in it, nothing from elsewhere, and no text of a customer's that runs."""

import re
from html.parser import HTMLParser

import pytest

from bridge.flows.runs.charts import rates
from bridge.flows.runs.report_page import page
from tests.unit.plan.a_report import REPORT
from tests.unit.plan.world import World, row

HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Tags(HTMLParser):
    """Every tag with its attributes; complains of tags that do not match."""

    VOID = frozenset({"meta", "line", "rect", "path"})

    def __init__(self):
        super().__init__()
        self.found, self.open, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(report):
    tags = Tags()
    tags.feed(page(report))
    assert tags.open == []
    return tags


def test_the_page_shows_the_funnel_the_history_the_pace_and_the_rejects():
    text = " ".join(read(REPORT).texts)
    for expected in ("1,234,567", "1,234,000", "24,000", "23,990", "removes_many", "approved by Ann"):
        assert expected in text
    for reason in ("empty_identifier", "invalid_value:n", "EXTERNAL_USER_ID_TOO_LARGE"):
        assert reason in text
    assert "2026-11-03T06:00: 30 joined, 3 left (done)" in text
    assert "750/s" in text


def test_the_page_asks_nobody_for_anything():
    tags = read(REPORT).found
    names = {name for _, attributes in tags for name in attributes}
    assert {tag for tag, _ in tags} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "form",
        "a",
        "base",
    } == set()
    assert names & {"src", "href", "srcset", "xlink:href", "action"} == set()
    assert not [name for name in names if name.startswith("on")]
    assert re.search(r"https?:|url\(|@import", page(REPORT)) is None
    (policy,) = [a["content"] for t, a in tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_the_page_is_light_or_dark_as_the_reader_is():
    assert "@media (prefers-color-scheme:dark)" in page(REPORT)


def spoiled(value):
    """Every text of the report replaced, names of attributes and reasons included, but times and statuses."""
    if isinstance(value, dict):
        return {
            (name if name in REPORT or name in KEPT else HOSTILE): one
            if name in {"created_at", "ended_at", "started_at"}
            else spoiled(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [spoiled(one) for one in value]
    return HOSTILE if isinstance(value, str) else value


KEPT = {name for part in REPORT["parts"] for name in part} | set(REPORT["sent"]) | set(REPORT["history"][0])
KEPT |= {"code", "detail", "count", "part", "row", "reason", "user"}


def test_no_text_of_a_report_becomes_markup():
    hostile = spoiled(REPORT) | {"kind": "audience"}
    assert HOSTILE in hostile["attributes_changed"]
    tags = read(hostile)
    assert {tag for tag, _ in tags.found} == {tag for tag, _ in read(REPORT).found}
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    assert "<script" not in page(hostile)


@pytest.mark.parametrize(
    "changes",
    [
        {"sent": {**dict.fromkeys(REPORT["sent"], 0), "rejected_by_reason": {}}, "parts": []},
        {"history": []},
        {"exported": 0, "valid": 0, "joined": 0, "left": 0, "changed": 0, "full_resend_data_points": 0},
        {"history": [dict(REPORT["history"][0], joined=0, left=0)]},
        {"parts": [dict(REPORT["parts"][0], ended_at=REPORT["parts"][0]["started_at"])]},
        {"kind": "campaign", "audience_id": None, "split_id": None, "campaign_id": "c1"},
        {"kind": "events", "audience_id": None, "split_id": None},
        {"status": "blocked", "reason": "unauthorized", "detail": "401"},
    ],
)
def test_an_unusual_run_has_a_page_too(changes):
    assert read(REPORT | changes).found


def test_a_run_with_very_many_parts_names_the_first_of_them():
    assert "and 800 more" in page(REPORT | {"parts": REPORT["parts"] * 1_000})


def test_the_rates_add_up_to_what_was_accepted():
    parts = [
        dict(
            REPORT["parts"][0], started_at=f"2026-11-22T06:00:{a}.000Z", ended_at=f"2026-11-22T06:00:{b}.000Z"
        )
        for a, b in [(10, 20), (12, 40), (30, 31)]
    ]
    found = rates(parts)
    size = found[0][0]
    assert found[-1][0] == pytest.approx(30)
    assert sum(rate * size for _, rate in found) == pytest.approx(3 * 7_500)


def test_a_run_keeps_its_page_beside_its_report_and_knows_those_before_it():
    world = World()
    ids = []
    for name, rows in {
        "one": [row("u1", 1)],
        "two": [row("u1", 1), row("u2", 2)],
        "three": [row("u2", 2)],
    }.items():
        ids.append(world.put(name, rows))
        world.work()
        world.clock.forward(120)
        if world.run(ids[-1]).status == "waiting_approval":
            world.runs.approve(ids[-1])
            world.resume(ids[-1])
            world.work()
    report = world.report(ids[-1])
    assert [(one["id"], one["joined"], one["left"]) for one in report["history"]] == [
        (ids[0], 1, 0),
        (ids[1], 1, 0),
        (ids[2], 0, 1),
    ]
    assert world.buckets.objects[f"runs/{ids[-1]}/report.html"].decode() == page(report)


def test_a_run_that_ends_twice_is_noted_once():
    world = World()
    run_id = world.put("one", [row("u1", 1)])
    world.work()
    run = world.run(run_id)
    assert [len(lines) for lines in world.buckets.lines.values()] == [1]
    world.clock.forward(60)
    world.steps.committing.end(run, "again")
    assert [len(lines) for lines in world.buckets.lines.values()] == [1]


def test_a_campaign_knows_its_own_runs_alone():
    world = World()
    done = []
    for name, where in {"one": "campaign=c1", "two": "campaign=c2", "three": "campaign=c1"}.items():
        done.append(world.put(name, [row("u1", 1)], where=where))
        world.work()
        world.clock.forward(120)
    assert [one["id"] for one in world.report(done[-1])["history"]] == [done[0], done[2]]
