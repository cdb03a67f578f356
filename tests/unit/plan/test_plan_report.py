"""What a plan tells before anything is sent, and what then waits for a person."""

from typing import Any

import pytest

from bridge.flows.runs import foretold
from bridge.flows.runs.columns import resolve
from bridge.flows.runs.guards import Facts, decide
from mapping.comparison import Compared, SourceColumn
from mapping.export import ColumnRule, ColumnType, Manifest
from mapping.run import ColumnRecord
from tests.unit.plan.test_with_duckdb import duckdb
from tests.unit.plan.world import World, row


def told(world: World, run: str) -> dict[str, Any]:
    plan = world.run(run).plan
    assert plan
    return plan.details


def test_samples_show_each_kind_of_change_and_nobodys_values() -> None:
    world = World(part_rows=2, sessions=duckdb)
    world.put("one", [row(f"customer-{n}", 1, "Springfield") for n in range(9)])
    world.work()
    after = [
        row("customer-0", 1, "Shelbyville"),
        *(row(f"customer-{n}", 1, "Springfield") for n in range(1, 8)),
    ]
    run = world.put("two", [*after, row("newcomer-1", 3)])
    world.work()
    found = told(world, run)["samples"]
    assert [one["kind"] for one in found] == ["join", "leave", "stay"]
    assert found[0] == {"kind": "join", "external_id": "ne•••-1", "AIQ_a1_1": True, "n": "•••"}
    assert found[1] == {"kind": "leave", "external_id": "cu•••-8", "AIQ_a1_1": False}
    assert found[2] == {"kind": "stay", "external_id": "cu•••-0", "city": "Sh•••le"}
    assert world.report(run)["samples"] == found


def test_a_run_of_many_shows_five_of_a_kind() -> None:
    world = World(part_rows=2, sessions=duckdb)
    run = world.put("one", [row(f"u{n}") for n in range(30)])
    world.work()
    assert len(told(world, run)["samples"]) == foretold_samples()


def foretold_samples() -> int:
    from bridge.diff.wire import SAMPLES  # noqa: PLC0415 - the flows know no DuckDB

    return SAMPLES


def test_a_campaigns_samples_mask_its_trigger_properties() -> None:
    compared = Compared(
        samples=[("send", '{"external_user_id":"customer-7","trigger_properties":{"city":"Springfield"}}')]
    )
    assert foretold.samples(compared, "") == [
        {"kind": "send", "external_user_id": "cu•••-7", "trigger_properties.city": "Sp•••ld"}
    ]


def test_the_biggest_changes_come_first_with_their_share_of_who_stays() -> None:
    compared = Compared(changed_of={"a": 5, "b": 90, "c": 0}, stayers_changed_of={"a": 5, "b": 40})
    assert foretold.biggest_changes(compared, before=200) == [
        {"attribute": "b", "changed": 90, "of_stayers": 40, "share": 0.2},
        {"attribute": "a", "changed": 5, "of_stayers": 5, "share": 0.025},
    ]


@pytest.mark.parametrize(("kind", "seconds"), [("audience", 13.3), ("events", 13.3), ("campaign", 192.0)])
def test_the_time_at_the_rate_limit_is_that_of_the_runs_kind(kind: Any, seconds: float) -> None:
    assert foretold.seconds_at_limit(kind, 13_334) == seconds


@pytest.mark.parametrize(
    ("kind", "requests", "seconds"),
    [
        ("audience", 0, 0.0),
        ("audience", 5_000, 5.0),
        ("audience", 5_001, 3_600.0),
        ("events", 13_334, 7_203.3),
        ("campaign", 13_334, 192.0),
    ],
)
def test_a_contract_by_the_hour_makes_a_run_wait_for_the_next_one(
    kind: Any, requests: int, seconds: float
) -> None:
    assert foretold.seconds_at_limit(kind, requests, 5_000) == seconds


def test_a_plan_knows_the_contract_of_its_installation() -> None:
    world = World(part_rows=100, config={"track_requests_per_hour": 1})
    run_id = world.put("one", [row(f"u{n}", n) for n in range(151)])
    world.work()
    plan = world.run(run_id).plan
    assert plan
    assert plan.details["seconds_at_limit"] == 7_200.0


@pytest.mark.parametrize(
    ("left", "names", "warned"),
    [
        (10, ["city"], []),
        (11, ["city"], ["11% of the audience would leave"]),
        (0, ["City"], ["'City' is new and looks like 'city', sent before"]),
        (0, ["last_order"], ["'last_order' is new and looks like 'lastOrder', sent before"]),
        (0, ["lastOrder", "country"], []),
    ],
)
def test_what_is_worth_a_look_is_a_warning(left: int, names: list[str], warned: list[str]) -> None:
    assert foretold.warnings(Compared(left=left), 100, names, ["city", "lastOrder"]) == warned


GUARDS: dict[str, tuple[Facts, Facts]] = {
    "removes_many": (
        Facts(members_before=100, left=31, members=69),
        Facts(members_before=100, left=30, members=70),
    ),
    "empties_audience": (Facts(members_before=2, left=2), Facts(members_before=2, left=0, members=2)),
    "contacts_change": (
        Facts(members_before=100, members=100, stayers_changed_of={"phone": 31}),
        Facts(members_before=100, members=100, stayers_changed_of={"phone": 30, "city": 90}),
    ),
    "consent_change": (Facts(changed_of={"push_subscribe": 1}), Facts(changed_of={"push": 1})),
    "many_data_points": (
        Facts(data_points=101, data_points_before=(1_000, 10, 10, 10, 10, 10)),
        Facts(data_points=100, data_points_before=(1_000, 10, 10, 10, 10, 10)),
    ),
    "many_data_points of a quiet audience": (
        Facts(members_before=1_000, data_points=101, data_points_before=(9_000, 0, 0, 0)),
        Facts(members_before=1_000, data_points=100, data_points_before=(9_000, 0, 0, 0)),
    ),
    "many_data_points of an empty audience": (
        Facts(data_points=1, data_points_before=(0,)),
        Facts(data_points=0, data_points_before=(0,)),
    ),
    "stale_export": (
        Facts(exported_at="2026-11-21T00:00:00.000Z", committed_export="2026-11-22T00:00:00.000Z"),
        Facts(exported_at="2026-11-22T00:00:00.000Z", committed_export="2026-11-22T00:00:00.000Z"),
    ),
    "many_recipients": (
        Facts(lines=10_001, approve_recipients=10_000),
        Facts(lines=10_000, approve_recipients=10_000),
    ),
}


@pytest.mark.parametrize("code", GUARDS)
def test_a_guard_holds_above_its_bound_and_not_at_it(code: str) -> None:
    above, at = GUARDS[code]
    assert [wait.code for wait in decide(above)] == [code.partition(" ")[0]]
    assert decide(at) == ()


def typed(
    given: ColumnType | None, file: ColumnType | None, first: ColumnType | None
) -> tuple[Any, list[str]]:
    """The type an attribute gets, and what waits, by what the manifest, the file and the first run say."""
    manifest = Manifest(parts=(), attributes={"x": ColumnRule(type=given)} if given else {})
    records = {"x": ColumnRecord(name="x", type=first, owners=("me",))} if first else {}
    proposed: dict[str, ColumnType] = {} if given or file or first else {"x": "number"}
    found = resolve(
        [SourceColumn("x", file)],
        {"x": "x"},
        manifest,
        records=records,
        proposed=proposed,
        known=(),
        owner="me",
    )
    return found.columns[0].type, [wait.code for wait in found.waits_for]


@pytest.mark.parametrize(
    ("given", "file", "first", "kind", "waits"),
    [
        ("boolean", "number", "boolean", "boolean", []),
        ("boolean", "number", "string", "boolean", ["type_change"]),
        ("boolean", "number", None, "boolean", []),
        (None, "number", "string", "string", []),
        (None, "number", None, "number", []),
        (None, None, "string", "string", []),
        (None, None, None, "number", ["untyped_column"]),
    ],
)
def test_the_manifest_then_the_first_committed_then_the_file_then_a_guess_type_a_column(
    given: Any, file: Any, first: Any, kind: str, waits: list[str]
) -> None:
    assert typed(given, file, first) == (kind, waits)


def test_a_type_that_flips_in_the_file_is_cast_and_told() -> None:
    records = {"x": ColumnRecord(name="x", type="string", owners=("me",))}
    found = resolve(
        [SourceColumn("x", "number")],
        {"x": "x"},
        Manifest(parts=()),
        records=records,
        proposed={},
        known=(),
        owner="me",
    )
    assert found.warnings == ("'x' is number in the file and string since its first run: values are cast",)
