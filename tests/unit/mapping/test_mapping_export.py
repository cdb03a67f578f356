"""Keys, manifests and names of exports, deliveries and installations."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from mapping.delivery import CampaignOrder, DeliveryMessage, delivery_id
from mapping.export import ExportKey, InvalidExport, Manifest, RunPlan, file_format, run_id
from mapping.installation import BrazeSettings
from tests.unit.mapping.signal_events import AT, actioniq_settings, event, installation

PREFIX = "exports/int_1/audience=12345/split=A-1/2026-09-01/"


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (PREFIX + "manifest.json", {"kind": "audience", "audience_id": "12345", "split_id": "A-1"}),
        ("exports/int_1/campaign=c-9/x1/manifest.json", {"kind": "campaign", "campaign_id": "c-9"}),
        ("exports/int_1/events/x1/manifest.json", {"kind": "events"}),
        (
            "drop/int_1/audience=1/split=2/file.csv",
            {"kind": "audience", "origin": "drop", "export_id": "file.csv"},
        ),
    ],
)
def test_a_key_says_whose_export_it_is(key: str, fields: dict[str, Any]) -> None:
    parsed = ExportKey.parse(key)
    assert parsed.integration_id == "int_1"
    assert {name: getattr(parsed, name) for name in fields} == fields
    assert parsed.starts_run


def test_a_part_starts_nothing() -> None:
    assert not ExportKey.parse(PREFIX + "part-0001.csv.gz").starts_run
    assert ExportKey.parse(PREFIX + "part-0001.csv.gz").prefix == PREFIX


@pytest.mark.parametrize(
    "key",
    [
        "",
        "manifest.json",
        "exports/int_1/audience=1/manifest.json",
        "exports/int_1/audience=1/split=/x/manifest.json",
        "exports/int_1/audience=a_b/split=1/x/manifest.json",
        "exports/int_1/audience=1/split=1/x/deeper/manifest.json",
        "exports/../audience=1/split=1/x/manifest.json",
        "drop/int_1/audience=1/split=1/x/file.csv",
        PREFIX + "manifest.json\n",
    ],
)
def test_any_other_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidExport, match="bad_key"):
        ExportKey.parse(key)


def test_a_manifest_needs_only_its_parts() -> None:
    manifest = Manifest.model_validate({"parts": [{"key": PREFIX + "part-1.csv"}]})
    assert (manifest.mode, manifest.identifier, manifest.on_leave) == ("full", "external_id", "false")
    manifest.check(ExportKey.parse(PREFIX + "manifest.json"))


@pytest.mark.parametrize(
    "written", ["2026-09-01T12:00:00", "2026-09-01T12:00:00Z", "2026-09-01T14:00:00+02:00"]
)
def test_a_manifests_time_without_a_zone_is_utc(written: str) -> None:
    manifest = Manifest.model_validate({"parts": [], "exported_at": written})
    assert manifest.exported_at == datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"parts": None},
        {"parts": [{"key": "a"}, {"key": "a"}]},
        {"parts": [], "mode": "both"},
        {"parts": [], "on_leav": "null"},
        {"parts": [], "identifier": "email"},
        {"parts": [{"key": "a", "sha256": "short"}]},
        {"parts": [{"key": "a", "rows": -1}]},
        {"parts": [], "exported_at": "soon"},
        {"parts": [], "attributes": {"a": {"type": "date-ish"}}},
    ],
)
def test_a_manifest_that_says_something_else_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Manifest.model_validate(fields)


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("exports/int_1/audience=2/split=1/x/part-1.csv", "foreign_part"),
        (PREFIX, "foreign_part"),
        (PREFIX + "deeper/part-1.csv", "foreign_part"),
        (PREFIX + "part-1.xlsx", "bad_format"),
        (PREFIX + "part-1.parquet.gz", "bad_format"),
    ],
)
def test_a_part_lies_beside_its_manifest_and_can_be_read(part: str, code: str) -> None:
    manifest = Manifest.model_validate({"parts": [{"key": part}]})
    with pytest.raises(InvalidExport, match=code):
        manifest.check(ExportKey.parse(PREFIX + "manifest.json"))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a.csv", ("csv", None)),
        ("a.csv.gz", ("csv", "gz")),
        ("a.jsonl.zst", ("jsonl", "zst")),
        ("a.b.parquet", ("parquet", None)),
    ],
)
def test_a_file_name_declares_format_and_compression(key: str, expected: tuple[str, str | None]) -> None:
    assert file_format(key) == expected


def test_a_run_is_one_per_path_and_manifest_version() -> None:
    assert run_id("k", '"etag"') == run_id("k", "etag")
    assert run_id("k", "etag") != run_id("k", "other")
    assert run_id("k", "etag").startswith("run_")


def test_a_plan_reads_back_as_it_was_written() -> None:
    plan = RunPlan(
        run_id="run_1", integration_id="int_1", kind="audience", export_id="x", attempt=1, exported_at=AT
    )
    assert RunPlan.model_validate_json(plan.model_dump_json()) == plan


def test_a_delivery_reads_back_from_its_queue_body() -> None:
    order = CampaignOrder(campaign_id="c", order_id="act_1", send_before=AT)
    items = [{"external_id": "u", "name": "\u00e9"}]
    message = DeliveryMessage(
        delivery_id="dlv_1",
        integration_id="int_1",
        kind="campaign",
        created_at=AT,
        items=items,
        campaign=order,
    )
    assert message.body().isascii()
    assert DeliveryMessage.model_validate_json(message.body()) == message
    assert json.loads(message.model_copy(update={"items": [event()]}).body())["items"] == [event()]


def test_a_delivery_id_depends_on_every_part_and_their_borders() -> None:
    ids = {delivery_id("i", "a", "b"), delivery_id("i", "ab"), delivery_id("i", "a"), delivery_id("ia", "b")}
    assert len(ids) == 4
    assert delivery_id("i", "a", "b") == delivery_id("i", "a", "b")
    assert len(delivery_id("i", "a")) == len("dlv_") + 24


def test_settings_are_a_typed_view_of_the_configuration() -> None:
    given = installation(
        config={"rest_endpoint": "https://rest.iad-01.braze.com", "track_pages": True, "other": 1}
    )
    settings = BrazeSettings.of(given)
    assert settings.track_pages
    assert (settings.consent_fields, settings.approve_recipients, settings.claims) == ("deny", 10_000, True)


def test_actioniqs_address_and_header_can_be_overridden() -> None:
    plain = actioniq_settings()
    assert plain.url("https://api.actioniq.com/") == (
        "https://api.actioniq.com/v1/accounts/your-account-id/destinations/dest-12345/records"
    )
    assert plain.header("k") == ("Authorization", "Bearer k")
    own = actioniq_settings(
        account_id="a/b",
        base_url="https://eu.actioniq.com",
        path_template="/in/{destination_id}/{account_id}",
        auth_header="x-api-key: {api_key}",
    )
    assert own.url("https://api.actioniq.com") == "https://eu.actioniq.com/in/dest-12345/a%2Fb"
    assert own.header("k") == ("x-api-key", "k")
