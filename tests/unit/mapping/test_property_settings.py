"""Any file name, manifest, configuration, question or letter is taken as it is meant, or refused by name."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mapping.catalog import InvalidConfig, entries, entry, search, validate_config
from mapping.catalog.validation import validate_fields
from mapping.destination import mapping_module
from mapping.event import ERASED
from mapping.export import ExportKey, InvalidExport, Manifest, file_format, run_id
from mapping.installation import ActionIqSettings, BrazeSettings
from mapping.letter import OUTCOMES, Group, Outcome, ReplayJob, Wanted
from mapping.outcome import filtered, rejected
from mapping.times import iso
from tests.unit.mapping.any_json import JSON, NAME, TEXT, ZONES, bounded
from tests.unit.mapping.signal_events import actioniq_settings, installation

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


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=ZONES)  # noqa: DTZ001 (with any zone)


@given(a=MOMENTS, b=MOMENTS)
def test_moments_are_written_in_one_zone_and_sort_as_they_are(a: datetime, b: datetime) -> None:
    read = datetime.fromisoformat(iso(a))
    assert timedelta() <= a - read < timedelta(milliseconds=1)
    assert iso(a).endswith("Z")
    assert iso(a) <= iso(b) or a > b
