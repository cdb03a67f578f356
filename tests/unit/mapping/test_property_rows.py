"""Any row, column, value, file name or configuration is taken as a vendor takes it, or refused by name."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

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
from mapping.braze_rows import addressed, to_event_object, to_recipient
from mapping.catalog import InvalidConfig, entries, entry, search, validate_config
from mapping.catalog.validation import validate_fields
from mapping.destination import mapping_module
from mapping.event import ERASED
from mapping.export import ColumnRule, ColumnType, ExportKey, InvalidExport, Manifest, file_format, run_id
from mapping.installation import ActionIqSettings, BrazeSettings
from mapping.json_values import encode
from mapping.letter import OUTCOMES, Group, Outcome, ReplayJob, Wanted
from mapping.outcome import ItemOutcome, filtered, rejected
from mapping.outcome import Outcome as End
from mapping.readback import comparable, drift, fields_to_export, same
from tests.unit.mapping.any_json import FIT, JSON, NAME, OBJECT, ODD_NAMES, TEXT, bounded
from tests.unit.mapping.signal_events import actioniq_settings, braze_settings, installation
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


@bounded(100)
@given(ROW | JSON)
def test_any_row_is_an_event_braze_takes_or_is_rejected(row: Any) -> None:
    made = to_event_object(row, SETTINGS)
    if isinstance(made, ItemOutcome):
        assert (made.outcome, bool(made.reason)) == (End.REJECTED, True)
    else:
        assert braze_faults("events", json.loads(encode(made))) == []


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


FILE = (
    st.sampled_from(
        ["part.csv", "p.jsonl.gz", "p.csv.zst", "p.parquet", "p.parquet.gz", "p", "manifest.json"]
    )
    | TEXT
)
PIECE = (
    st.sampled_from(["exports", "drop", "int_1", "audience=a", "split=1", "campaign=c", "events", "x", ".."])
    | TEXT
)
KEY = st.lists(PIECE, max_size=5).flatmap(lambda path: FILE.map(lambda file: "/".join([*path, file])))
DOCUMENTED = st.sampled_from(
    [
        "exports/int_1/audience=a/split=1/x/",
        "exports/int_1/campaign=c/x/",
        "exports/int_1/events/x/",
        "drop/i/audience=a/split=1/",
    ]
)


@bounded(100)
@given(KEY | st.tuples(DOCUMENTED, FILE).map("".join), st.sampled_from(['"e"', "e"]))
def test_a_key_says_what_it_is_or_is_refused(key: str, etag: str) -> None:
    try:
        found = ExportKey.parse(key)
    except InvalidExport as refusal:
        assert refusal.code == "bad_key"
        return
    assert run_id(key, etag) == run_id(key, "e") != run_id(f"{key}x", "e")
    assert found.prefix + found.file == key
    assert found.starts_run == (key.startswith("drop/") or found.file == "manifest.json")
    try:
        form, packing = file_format(key)
        Manifest.model_validate({"parts": [{"key": key}]}).check(found)
    except InvalidExport as refusal:
        assert refusal.code == "bad_format"
    else:
        assert key.endswith(".".join(filter(None, (form, packing))))


@bounded(60)
@given(
    st.fixed_dictionaries({}, optional={"parts": JSON, "attributes": JSON, "exported_at": JSON, "x": JSON})
    | JSON
)
def test_any_manifest_is_read_or_refused(raw: Any) -> None:
    try:
        manifest = Manifest.model_validate_json(json.dumps(raw))
    except ValidationError as refusal:
        assert refusal.error_count()
        return
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


CONFIG = st.dictionaries(
    st.sampled_from(sorted({field.key for one in entries() for field in one.config_fields})) | NAME,
    JSON,
    max_size=5,
)


@bounded(100)
@given(CONFIG | JSON, st.booleans())
def test_any_configuration_is_taken_whole_or_every_fault_is_pointed_at(config: Any, partial: bool) -> None:
    for one in entries():
        try:
            plain, secrets = validate_config(one, config, partial=partial)
        except InvalidConfig as refusal:
            assert all(fault["pointer"].startswith("/config") and fault["code"] for fault in refusal.errors)
            continue
        assert (plain, secrets) == validate_fields(one.config_fields, config, partial=partial)
        assert secrets.keys() <= set(one.secret_fields)
        assert validate_config(one, plain | secrets, partial=partial) == (plain, secrets)


@bounded(30)
@given(TEXT, TEXT, st.integers())
def test_the_library_is_asked_anything(key: str, text: str, status: int) -> None:
    found = entry(key)
    assert found is None or mapping_module(key)
    assert search() == entries()
    assert all(one in entries() for one in search(q=text))
    for one in entries():
        assert one.variant(key) is None or key
        assert isinstance(one.hint(status), str)
    assert (filtered(key).reason, rejected(key, text).detail) == (key, text)


@bounded(40)
@given(TEXT, TEXT)
def test_an_id_cannot_leave_its_place_in_an_address_nor_a_key_its_header(account: str, key: str) -> None:
    settings = actioniq_settings(account_id=account.encode(errors="replace").decode())
    path = settings.url("https://api.example.com").removeprefix("https://api.example.com/v1/accounts/")
    assert path.count("/") == 3
    assert settings.header(key) == ("Authorization", f"Bearer {key}")
    given_config = {
        "account_id": "a",
        "destination_id": "d",
        "rest_endpoint": "https://rest.iad-01.braze.com",
    }
    for view in (ActionIqSettings, BrazeSettings):
        assert view.of(installation(config=given_config)).claims is True


@bounded(60)
@given(
    st.text(max_size=200),
    st.sampled_from(OUTCOMES),
    st.none() | st.just("events"),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_a_group_of_letters_is_found_by_its_key_and_a_replay_says_what_is_left(
    reason: str, outcome: Outcome, queue: str | None, total: int, replayed: int
) -> None:
    group = Group("events", "int_1", outcome, reason)
    again = Group.of(group.key)
    assert (again.key, again[:3], reason.startswith(again.reason)) == (group.key, group[:3], True)
    assert group.key.isascii()
    assert len(group.key) <= 2_048
    wanted = Wanted(reason=again.reason, queue=queue, outcomes=None)
    assert wanted.has(again)
    assert not Wanted(reason=f"{again.reason}?").has(again)
    at = "2026-09-01T12:00:00.000Z"
    job = ReplayJob(
        id="r", wanted=wanted, created_at=at, created_by="", until=at, total=total, replayed=replayed
    )
    assert job.shown()["remaining"] == max(0, total - replayed)


def test_an_erased_event_is_nobodys() -> None:
    erased = {"type": ERASED, "messageId": "m", "timestamp": datetime(2026, 9, 1, tzinfo=UTC).isoformat()}
    for key in ("actioniq", "braze"):
        config = {"account_id": "a", "destination_id": "d", "rest_endpoint": "https://rest.iad-01.braze.com"}
        assert mapping_module(key).wants(installation(catalog_key=key, config=config)).wanted(erased)
