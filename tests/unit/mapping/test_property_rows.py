"""Any row, column or value is taken as a vendor takes it, or refused by name."""

import json
from contextlib import suppress
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from mapping import braze_values
from mapping.braze_columns import classify, columns, identifier_problem, names_a_code
from mapping.braze_fields import (
    STANDARD_ATTRIBUTES,
    attribute_field,
    key_problem,
    membership_attribute,
    trait_field,
)
from mapping.braze_requests import last_of_each_user, plan_track
from mapping.braze_rows import addressed, to_recipient
from mapping.export import ColumnRule, ColumnType
from mapping.json_values import encode
from mapping.outcome import ItemOutcome
from mapping.outcome import Outcome as End
from mapping.readback import comparable, drift, fields_to_export, same
from tests.unit.mapping.any_json import FIT, JSON, NAME, OBJECT, ODD_NAMES, TEXT, bounded
from tests.unit.mapping.signal_events import braze_settings
from tests.unit.vendor_limits import braze_faults, recipient_faults

SETTINGS = braze_settings()
TYPES: tuple[ColumnType, ...] = get_args(ColumnType.__value__)
TYPE = st.sampled_from(TYPES)
USER = st.sampled_from(["u", "v", 7, "é" * 494, "", " ", None, 1.5, ["u"]])
ROW = st.fixed_dictionaries(
    {},
    optional={
        "external_id": USER,
        "braze_id": USER,
        "event_name": TEXT,
        "event_time": TEXT,
        "event_id": FIT,
        "time": FIT,
        "$a": FIT,
        "note": FIT | JSON,
    },
)


@bounded(100)
@given(ROW | OBJECT | JSON, st.booleans())
def test_any_row_is_a_recipient_braze_takes_or_is_rejected(row: Any, existing: bool) -> None:
    made = to_recipient(row, existing_only=existing)
    if isinstance(made, ItemOutcome):
        assert (made.outcome, bool(made.reason)) == (End.REJECTED, True)
        return
    assert recipient_faults(json.loads(encode(made))) == []
    assert addressed(made, existing_only=True) == made
    assert last_of_each_user([made, made]) == [made]


@bounded(60)
@given(st.lists(st.tuples(st.sampled_from(["u", "v"]), OBJECT), max_size=6))
def test_a_request_holds_each_item_once_or_has_it_wait(changes: list[tuple[str, dict[str, Any]]]) -> None:
    reserved = {"external_id", "braze_id", "_update_existing_only", "_merge_objects"}
    items = [
        [
            (
                "attributes",
                {"external_id": user} | {name: one for name, one in change.items() if name not in reserved},
            )
        ]
        for user, change in changes
    ]
    request = plan_track(items)
    owned = [at for owner in request.owners["attributes"] for at in owner]
    assert sorted([*owned, *request.waiting]) == list(range(len(items)))
    assert request.objects == len({user for user, _ in changes})
    assert json.loads(request.body()).keys() <= {"attributes"}


COLUMN = st.sampled_from(ODD_NAMES)


@bounded(80)
@given(st.lists(st.tuples(COLUMN, TYPE), max_size=8), st.dictionaries(COLUMN, TYPE, max_size=2))
def test_every_column_has_a_fate_and_no_two_become_one_attribute(
    found: list[tuple[str, ColumnType]], renamed: dict[str, ColumnType]
) -> None:
    rules = {name: ColumnRule(name="n", type=kind) for name, kind in renamed.items()}
    fates = columns(found, rules=rules, mode="delta", consent_fields="allow")
    assert [fate.column for fate in fates] == [name for name, _ in found]
    by_name = {fate.column: fate.attribute for fate in fates if fate.sent}
    assert len(set(by_name.values())) == len(by_name)
    for fate in fates:
        assert fate.sent or fate.reason or fate.kind in ("identifier", "operation")
        assert not fate.sent or not attribute_field(fate.attribute).problem
    for name, kind in found:
        assert classify(name, kind).column == name


@bounded(80)
@given(NAME, NAME)
def test_a_name_is_what_it_is_to_braze_or_has_a_problem(name: str, other: str) -> None:
    for field in (attribute_field(name), trait_field(name)):
        if field.kind == "custom" and not field.problem:
            assert braze_faults("attributes", {"external_id": "u", field.name: True}) == []
            assert key_problem(field.name) == ""
        else:
            assert field.problem or field.name in STANDARD_ATTRIBUTES
    assert comparable(name) or name in STANDARD_ATTRIBUTES
    assert names_a_code(f"{name} zip") is True
    assert names_a_code(f"{name}_city") is names_a_code(f"{name}_town")
    assert set(fields_to_export("external_id", [name, other])) <= {
        "external_id",
        "custom_attributes",
        name,
        other,
    }
    with suppress(ValueError):
        assert membership_attribute(name, other) == f"AIQ_{name}_{other}"
        assert attribute_field(membership_attribute(name, other)).problem == "reserved_attribute"


CHECKS = {name: field.check for name, field in STANDARD_ATTRIBUTES.items()} | {
    name: getattr(braze_values, name) for name in ("text", "filled_text", "phone", "moment", "flag", "thing")
}


@bounded(120)
@given(FIT | JSON | st.lists(OBJECT, max_size=2))
def test_a_value_braze_keeps_is_kept_again_and_any_other_is_none(value: Any) -> None:
    for name, check in CHECKS.items():
        kept = check(value)
        if kept is not None:
            assert check(kept) == kept
            if name in STANDARD_ATTRIBUTES:
                assert braze_faults("attributes", {"external_id": "u", name: kept}) == []
    problem = braze_values.problem(value)
    assert problem.replace("_", "").isalpha() or problem == ""
    assert braze_values.size(value) == len(encode(value))
    assert identifier_problem(value) in {"", "empty_identifier", "external_id_too_long"}


@bounded(80)
@given(NAME, TYPE, JSON, JSON)
def test_a_value_is_the_same_as_itself_and_any_two_can_be_compared(
    name: str, kind: ColumnType, ours: Any, theirs: Any
) -> None:
    assert same(name, kind, ours, theirs) in (True, False)
    sent = json.loads(json.dumps(ours))
    found = drift(
        {"AIQ_a_1": True, name: ours}, {"custom_attributes": {name: theirs}}, "AIQ_a_1", [(name, kind)]
    )
    assert all(cell.kind and cell.name in {name, "AIQ_a_1"} for cell in found)
    if kind == "string" and isinstance(ours, str):
        assert same(name, kind, ours, sent)
