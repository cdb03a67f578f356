"""The plan in a run's row: DynamoDB takes no item over 400 KB."""

from typing import Any

from bridge.diff.bounds import MAX_COLUMNS
from bridge.flows.runs import kept_plan
from bridge.flows.runs.columns import resolve
from bridge.stores.run_items import attributes
from mapping.comparison import SourceColumn
from mapping.export import Manifest, RunPlan, Wait
from mapping.run import ColumnRecord, Run

MOST_BYTES = 400_000
LONG = [f"Свойство клиента номер {number:04}" for number in range(MAX_COLUMNS)]


def plan(names: list[str], **details: Any) -> RunPlan:
    """As an export of these new, untyped columns is planned, each with a bad value and a look-alike."""
    return RunPlan(
        run_id="run_1",
        integration_id="int_1",
        kind="audience",
        export_id="e",
        attempt=1,
        exported_at="2026-11-22T06:00:00.000Z",
        attributes={name: number for number, name in enumerate(names)},
        waits_for=tuple(Wait(code="untyped_column", detail=f"{name!r} is new and untyped") for name in names),
        warnings=tuple(f"{name!r} is new and looks like {name!r}, sent before" for name in names),
        details={
            "columns": [{"name": name, "type": "string", "field": name} for name in names],
            "sent_columns": names,
            "samples": [{"kind": "join"} | dict.fromkeys(names, "Я•••я") for _ in range(15)],
            "rejected_values_by_reason": {f"invalid_value:{name}": 1 for name in names},
            "rejected_rows": [{"row": row, "user": "u"} for row in range(1_000)],
            **details,
        },
    )


def test_a_thousand_columns_in_any_script_fit_into_the_row() -> None:
    run = Run(
        id="run_1",
        kind="audience",
        integration_id="int_1",
        export_id="e",
        key="k",
        etag="e",
        status="waiting_approval",
        created_at="2026-11-22T06:00:00.000Z",
        plan=kept_plan.of(plan(LONG)),
    )
    item = attributes(run.model_dump(mode="json"))
    assert (
        sum(len(name) + len(next(iter(kept.values())).encode()) for name, kept in item.items()) < MOST_BYTES
    )


def test_what_is_left_out_is_counted_and_every_code_stays() -> None:
    more = (Wait(code="removes_many", detail="50% of the audience would leave", count=5),)
    whole = plan(LONG[:250])
    found = kept_plan.of(whole.model_copy(update={"waits_for": (*whole.waits_for, *more)}))
    assert [wait.detail for wait in found.waits_for[-2:]] == [
        "and 231 more",
        "50% of the audience would leave",
    ]
    assert len(found.waits_for) == 21
    assert found.warnings[-1] == "and 150 more warnings"
    assert found.details["samples"][0]["…"] == "and 221 more"
    assert found.attributes == whole.attributes


def test_a_usual_plan_is_kept_as_it_is() -> None:
    whole = plan(LONG[:20], lines=7)
    found = kept_plan.of(whole)
    assert (found.waits_for, found.warnings, found.attributes) == (
        whole.waits_for,
        whole.warnings,
        whole.attributes,
    )
    assert found.details == {
        name: whole.details[name] for name in ("samples", "rejected_values_by_reason", "lines")
    }


def test_columns_that_thousands_of_audiences_send_fit_into_the_row() -> None:
    owners = tuple(f"int_1#audience-{number:06}" for number in range(3_000))
    shared = [f"column {number}" for number in range(20)]
    resolved = resolve(
        [SourceColumn(name, None) for name in shared],
        {name: name for name in shared},
        Manifest(parts=()),
        records={name: ColumnRecord(name=name, type="string", owners=owners) for name in shared},
        proposed={},
        known=(),
        owner="int_1#new",
    )
    waits = resolved.waits_for
    assert len(waits) == 20
    assert sum(len(wait.detail) for wait in waits) < 10_000
    assert waits[0].detail.endswith("audience-000009 and 2990 more")
