"""A run from its export to its report, and everything that can keep it from there."""

import json
from typing import Any

import pytest

from mapping.export import run_id as id_of
from mapping.run import Halt
from mapping.times import iso
from tests.unit.plan.world import INSTALLATION, START, World, notification, row, truth

MANY = [row(f"u{n}", n, "here") for n in range(10)]


def done(world: World, name: str, rows: list[dict[str, Any]], **manifest: Any) -> str:
    run_id = world.put(name, rows, **manifest)
    world.work()
    assert world.run(run_id).status == "done"
    world.clock.forward(120)
    return run_id


def waits(world: World, run_id: str) -> set[str]:
    plan = world.run(run_id).plan
    assert plan
    return {wait.code for wait in plan.waits_for}


def test_joiners_stayers_and_leavers_are_sent_what_changed_and_nothing_else() -> None:
    world = World(part_rows=75)
    done(world, "one", [*MANY, row("back", 1)])
    done(world, "two", [row("u0", 0, "there"), *MANY[1:]])
    done(world, "three", [row("u0", 0), *MANY[1:], row("back", 2)])
    changes = [{line["external_id"]: line for line in request} for request in world.braze.sent[1:]]
    assert changes == [
        {"u0": {"external_id": "u0", "city": "there"}, "back": {"external_id": "back", "AIQ_a1_1": False}},
        {
            "u0": {"external_id": "u0", "city": None},
            "back": {"external_id": "back", "AIQ_a1_1": True, "n": 2.0},
        },
    ]


def test_leavers_get_null_when_the_export_says_so() -> None:
    world = World()
    done(world, "one", MANY)
    done(world, "two", MANY[1:], on_leave="null")
    assert "AIQ_a1_1" not in world.braze.profiles["u0"]


def test_a_delta_leaves_alone_whom_it_does_not_name() -> None:
    world = World()
    done(world, "one", MANY)
    columns = ("external_id", "op", "n", "city")
    delta = [
        {**row("u0"), "op": "remove"},
        {**row("u1", 7, "here"), "op": "add"},
        {**row("who"), "op": "remove"},
    ]
    done(world, "two", delta, columns=columns, mode="delta")
    assert world.braze.profiles["u0"]["AIQ_a1_1"] is False
    assert world.braze.profiles["u1"] == {"AIQ_a1_1": True, "n": 7.0, "city": "here"}
    assert "who" not in world.braze.profiles
    assert len(world.braze.sent[-1]) == 2


def test_the_report_counts_what_was_saved() -> None:
    world = World(part_rows=75)
    done(world, "one", MANY)
    report = world.report(done(world, "two", [row("u0", 5, "here"), *MANY[1:9]]))
    told = ("members", "joined", "left", "changed", "requests", "data_points", "full_resend_data_points")
    assert {name: report[name] for name in told} == {
        "members": 9,
        "joined": 0,
        "left": 1,
        "changed": 1,
        "requests": 1,
        "data_points": 2,
        "full_resend_data_points": 28,
    }


def test_the_same_export_again_sends_nothing_and_commits() -> None:
    world = World()
    done(world, "one", MANY)
    sent = len(world.braze.sent)
    report = world.report(done(world, "two", MANY))
    assert len(world.braze.sent) == sent
    assert report["data_points"] == 0
    assert report["snapshot_version"] == 2


def test_a_bad_value_costs_that_value_and_a_row_without_an_identifier_the_row() -> None:
    world = World()
    done(world, "one", MANY)
    report = world.report(done(world, "two", [row("u0", "many", "there"), row("", 3), *MANY[1:]]))
    assert world.braze.profiles["u0"] == {"AIQ_a1_1": True, "n": 0.0, "city": "there"}
    assert report["rejected_rows_by_reason"] == {"empty_identifier": 1}
    assert [(found["row"], found["reason"]) for found in report["rejected_rows"]] == [(2, "empty_identifier")]
    assert report["rejected_values_by_reason"] == {"invalid_value:n": 1}
    assert [(found["row"], found["reason"]) for found in report["rejected_values"]] == [
        (1, "invalid_value:n")
    ]
    assert "invalid_value:n: 1 values were left out, what was sent before stays" in report["warnings"]


def test_what_braze_rejects_is_tried_again_by_the_next_run() -> None:
    world = World()
    world.braze.refuse = lambda line: "EXTERNAL_USER_ID_TOO_LARGE" if line["external_id"] == "u3" else ""
    report = world.report(done(world, "one", MANY))
    assert report["sent"]["rejected_by_reason"] == {"EXTERNAL_USER_ID_TOO_LARGE": 1}
    assert report["members"] == 9
    world.braze.refuse = lambda _line: ""
    done(world, "two", MANY)
    assert world.braze.profiles == truth(MANY)
    assert [len(request) for request in world.braze.sent[-1:]] == [1]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda d: d["parts"][0].update(sha256="0" * 64), "wrong_sha256"),
        (lambda d: d["parts"][0].update(rows=11), "truncated"),
        (lambda d: d["parts"][0].update(key=d["parts"][0]["key"] + "x.csv"), "export_gone"),
        (lambda d: d["parts"][0].update(key="exports/elsewhere.csv"), "foreign_part"),
        (lambda d: d.update(identifier="braze_id"), "missing_column"),
        (lambda d: d.update(mode="some"), "bad_manifest"),
        (lambda d: d.update(surprise=1), "bad_manifest"),
        (lambda d: d.update(exported_at="2062-11-22T06:00:00Z"), "bad_manifest"),
        (lambda d: d["attributes"].update(n={"name": "city"}), "duplicate_attribute"),
    ],
)
def test_a_bad_export_is_blocked_with_its_reason_and_sends_nothing(spoil: object, reason: str) -> None:
    world = World()
    run_id = world.put("one", MANY)
    key = f"exports/{INSTALLATION}/audience=a1/split=1/one/manifest.json"
    document = json.loads(world.buckets.objects[key])
    spoil(document)  # type: ignore[operator]
    world.buckets.objects[key] = json.dumps(document).encode()
    world.work()
    assert world.run(run_id).status == "blocked"
    assert world.report(run_id)["reason"] == reason
    assert world.braze.sent == []


def test_a_dropped_file_of_no_known_format_is_blocked_by_its_reason() -> None:
    world = World()
    key = f"drop/{INSTALLATION}/audience=a1/split=1/readme.txt"
    world.buckets.objects[key] = b"external_id\nu\n"
    world.exports.messages.append([notification(key, "one"), world.clock()])
    world.work()
    assert world.run(id_of(key, "one")).status == "blocked"
    assert world.report(id_of(key, "one"))["reason"] == "bad_format"


def test_an_audience_keeps_its_identifier() -> None:
    world = World()
    done(world, "one", MANY)
    columns = ("braze_id", "n", "city")
    run_id = world.put("two", [{"braze_id": "b"}], columns=columns, identifier="braze_id")
    world.work()
    assert world.report(run_id)["reason"] == "identifier_changed"


def test_a_run_that_removes_many_waits_until_it_is_approved() -> None:
    world = World()
    done(world, "one", MANY)
    run_id = world.put("two", MANY[:6])
    world.work()
    assert world.run(run_id).status == "waiting_approval"
    assert waits(world, run_id) == {"removes_many"}
    world.runs.approve(run_id)
    world.resume(run_id)
    world.work()
    assert world.run(run_id).status == "done"
    assert [p["AIQ_a1_1"] for p in world.braze.profiles.values()].count(False) == 4


def test_a_waiting_run_is_overtaken_by_a_newer_full_export() -> None:
    world = World()
    done(world, "one", MANY)
    old = world.put("two", MANY[:1])
    world.work()
    world.waits.clear()
    world.clock.forward(60)
    new = world.put("three", MANY)
    world.work()
    assert world.run(old).status == "stale"
    assert world.run(new).status == "done"


def test_a_stale_export_waits_and_is_planned_again_once_approved() -> None:
    world = World()
    done(world, "one", MANY)
    run_id = world.put("old", [*MANY, row("late", 1)], exported_at=iso(START.replace(year=2020)))
    world.work()
    assert world.run(run_id).status == "stale"
    assert waits(world, run_id) == {"stale_export"}
    newer = done(world, "three", [*MANY, row("other", 1)])
    world.runs.approve(run_id)
    world.resume(run_id)
    world.work()
    assert world.run(run_id).status == "done"
    assert world.run(newer).status == "done"
    assert world.braze.profiles["late"]["AIQ_a1_1"] is True
    assert world.braze.profiles["other"]["AIQ_a1_1"] is False


def test_an_untyped_column_is_proposed_and_afterwards_known() -> None:
    world = World()
    columns = ("external_id", "n", "city", "plan")
    rows = [{**one, "plan": "gold"} for one in MANY]
    run_id = world.put("one", rows, columns=columns)
    world.work()
    assert waits(world, run_id) == {"untyped_column"}
    world.runs.approve(run_id)
    world.resume(run_id)
    world.work()
    world.clock.forward(60)
    done(world, "two", rows, columns=columns)


def test_a_column_of_another_audience_waits() -> None:
    world = World()
    done(world, "one", MANY)
    run_id = world.put("two", MANY, where="audience=a2/split=1")
    world.work()
    assert waits(world, run_id) == {"foreign_column"}
    plan = world.run(run_id).plan
    assert plan
    assert plan.waits_for[0].detail == "'n' is sent by another audience: a1"


def test_another_split_of_the_same_audience_may_send_the_same_columns() -> None:
    world = World()
    done(world, "one", MANY)
    done(world, "two", [row("elsewhere", 1, "here")], where="audience=a1/split=2")
    assert world.buckets.records["n"].owners == (f"{INSTALLATION}#a1",)


def test_consent_columns_are_left_out_loudly_or_wait() -> None:
    columns = ("external_id", "n", "city", "email_subscribe")
    rows = [{**one, "email_subscribe": "opted_in"} for one in MANY]
    denied = World()
    report = denied.report(done(denied, "one", rows, columns=columns))
    assert any("consent is not changed" in warning for warning in report["warnings"])
    assert "email_subscribe" not in denied.braze.profiles["u0"]
    allowed = World(config={"consent_fields": "allow"})
    run_id = allowed.put("one", rows, columns=columns)
    allowed.work()
    assert waits(allowed, run_id) == {"consent_change"}


def test_a_dry_run_stops_at_the_plan() -> None:
    world = World()
    run_id = world.put("one", MANY, dry_run=True)
    world.work()
    assert world.run(run_id).status == "planned"
    assert world.report(run_id)["joined"] == 10
    assert world.braze.sent == []
    done(world, "two", MANY)


def test_a_dry_run_takes_the_audience_from_nobody() -> None:
    columns, rows = ("external_id", "tier"), [{"external_id": f"u{n}", "tier": "gold"} for n in range(4)]
    world = World()
    waiting = world.put("one", rows, columns=columns)
    world.work()
    assert world.run(waiting).status == "waiting_approval"
    world.waits.clear()
    asked = world.put("two", rows[:3], columns=columns, dry_run=True, exported_at=iso(START.replace(hour=7)))
    world.work()
    assert world.run(asked).status == "planned"
    assert world.run(waiting).status == "waiting_approval"


def test_a_cancelled_run_commits_what_braze_accepted() -> None:
    world = World()
    run_id = world.put("one", MANY)
    world.work(until=lambda: len(world.braze.sent) == 2)
    world.runs.stop(run_id, Halt(status="cancelled", reason="cancelled", by="someone"))
    world.work()
    assert world.run(run_id).status == "cancelled"
    assert len(world.braze.sent) == 2
    assert world.report(run_id)["members"] == 6
    world.clock.forward(60)
    done(world, "two", MANY)
    assert sum(map(len, world.braze.sent)) == 10


def test_the_next_run_waits_until_the_last_answer_has_settled() -> None:
    world = World(settle=60)
    first = world.put("one", MANY)
    second = world.put("two", MANY[:9], exported_at=iso(START.replace(hour=7)))
    world.work()
    ended = world.run(first).ended_at
    assert world.run(second).status == "done"
    assert ended
    assert world.waits[f"waits for {first}"] > 0
    assert (world.run(second).ended_at or "") >= iso(START.replace(minute=1))


def test_every_notification_twice_is_one_run() -> None:
    world = World()
    world.put("one", MANY, twice=True)
    world.work()
    assert len(world.runs.rows) == 1
    assert sum(map(len, world.braze.sent)) == 10


def test_a_plan_that_keeps_breaking_off_is_blocked() -> None:
    world = World(kill_after=range(4, 400, 3))
    run_id = world.put("one", MANY)
    world.work()
    assert world.report(run_id)["reason"] == "keeps_failing"


def test_a_type_for_a_column_that_is_not_there_is_a_warning() -> None:
    world = World()
    types = {"n": {"type": "number"}, "city": {"type": "string"}, "cty": {"type": "string"}}
    report = world.report(done(world, "one", MANY, attributes=types))
    assert "the manifest types 'cty', which is no column of the export" in report["warnings"]
