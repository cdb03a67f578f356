"""Events exports read by the comparison that is deployed: each row is an event Braze takes, or is named."""

from typing import Any

import pytest

from bridge.errors import Rejected
from bridge.flows.runs.columns import properties
from mapping.comparison import SourceColumn
from mapping.export import Manifest
from tests.unit.plan.test_with_duckdb import duckdb
from tests.unit.plan.world import World

NEEDED = ("external_id", "event_name", "event_time")
AT = "2026-11-22T06:00:00Z"


def events(rows: list[dict[str, Any]], *columns: str, **manifest: Any) -> tuple[World, str]:
    world = World(sessions=duckdb)
    run_id = world.put("one", rows, where="events", columns=(*NEEDED, *columns), **manifest)
    world.work()
    return world, run_id


def sent(world: World) -> list[dict[str, Any]]:
    return [line for request in world.braze.sent for line in request]


def test_a_row_without_a_name_or_a_time_is_named_and_its_neighbours_are_sent() -> None:
    world, run_id = events(
        [
            {"external_id": "u", "event_name": "Won", "event_time": AT},
            {"external_id": "v", "event_name": "", "event_time": AT},
            {"external_id": "w", "event_name": "Won", "event_time": ""},
            {"external_id": "x", "event_name": "Won", "event_time": "soon"},
        ]
    )
    assert [line["external_id"] for line in sent(world)] == ["u"]
    assert world.report(run_id)["rejected_rows_by_reason"] == {
        "missing_value:event_name": 1,
        "missing_value:event_time": 1,
        "invalid_value:event_time": 1,
    }


def test_a_manifest_without_parts_sends_nothing_and_is_done() -> None:
    world = World(sessions=duckdb)
    run_id = world.put("one", [], where="events", columns=NEEDED)
    key = next(key for key in world.buckets.objects if key.endswith("manifest.json"))
    world.buckets.objects[key] = b'{"parts": []}'
    world.work()
    assert (world.run(run_id).status, sent(world)) == ("done", [])


def test_what_makes_an_event_keeps_its_name_whatever_the_manifest_says() -> None:
    world, run_id = events(
        [{"external_id": "u", "event_name": "Won", "event_time": AT, "n": 1}],
        "n",
        attributes={"event_name": {"name": "title"}, "n": {"name": "event_time", "type": "number"}},
    )
    assert world.report(run_id)["reason"] == "duplicate_property"


def test_names_braze_takes_for_no_property_are_moved_or_left_out_loudly() -> None:
    world, run_id = events(
        [
            {
                "external_id": "u",
                "event_name": "Won",
                "event_time": AT,
                "time": "noon",
                "$price": "7",
                "ok": "1",
            }
        ],
        "time",
        "$price",
        "ok",
    )
    assert sent(world)[0]["properties"] == {"property_time": "noon", "ok": "1"}
    assert "column '$price' is left out: bad_key" in world.report(run_id)["warnings"]


def test_an_event_has_as_many_properties_as_braze_keeps() -> None:
    found = [SourceColumn(name) for name in (*NEEDED, *(f"p{n}" for n in range(300)))]
    resolved = properties(found, Manifest(parts=()), "events")
    assert len(resolved.columns) == 2 + 256
    assert resolved.warnings[-1] == "column 'p299' is left out: too_many_properties"


def test_no_two_columns_become_one_property_of_a_campaign() -> None:
    manifest = Manifest.model_validate({"parts": (), "attributes": {"a": {"name": "b"}}})
    with pytest.raises(Rejected, match="duplicate_property"):
        properties([SourceColumn("a"), SourceColumn("b")], manifest, "campaign")
