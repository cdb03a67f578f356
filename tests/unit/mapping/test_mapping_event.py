"""What normalise makes of an event, form by form, and what it refuses."""

from datetime import UTC, datetime
from math import inf, nan
from typing import Any

import pytest

from mapping.event import InvalidEvent, braze_id, inherit
from mapping.json_values import MAX_DEPTH
from tests.unit.mapping.signal_events import AT, RECEIVED, canonical, event

EARLY = "2026-09-01T11:00:00.000Z"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-09-01T11:00:00.000Z", EARLY),
        ("2026-09-01T11:00:00Z", EARLY),
        ("2026-09-01T11:00:00.000+00:00", EARLY),
        ("2026-09-01T11:00:00.000999+00:00", EARLY),
        ("2026-09-01T11:00:00.1Z", "2026-09-01T11:00:00.100Z"),
        ("2026-09-01T11:00:00.123456Z", "2026-09-01T11:00:00.123Z"),
        ("2026-09-01T11:00:00.123456789Z", "2026-09-01T11:00:00.123Z"),
        ("2026-09-01T13:00:00.000+02:00", EARLY),
        ("2026-09-01T13:00:00.123456+02:00", "2026-09-01T11:00:00.123Z"),
        ("2026-09-01T11:00:00", EARLY),
        ("2026-09-01 11:00:00", EARLY),
        ("2026-09-01", "2026-09-01T00:00:00.000Z"),
        ("2026-W36-2T11:00:00.000Z", EARLY),
        ("20260901T110000Z", EARLY),
    ],
)
def test_every_written_form_of_a_time_leaves_as_milliseconds_and_z(written: str, expected: str) -> None:
    assert event(timestamp=written)["timestamp"] == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "2026-13-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        1756724400,
        [],
        {},
        True,
    ],
)
def test_a_time_nobody_can_read_is_refused(written: object) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        event(timestamp=written)
    assert refusal.value.code == "bad_timestamp"


@pytest.mark.parametrize(
    ("times", "batch_sent_at", "expected"),
    [
        ({"timestamp": EARLY}, None, EARLY),
        ({"timestamp": EARLY, "sentAt": "2026-09-01T11:00:05Z"}, None, "2026-09-01T11:59:55.000Z"),
        ({"originalTimestamp": EARLY, "sentAt": "2026-09-01T11:00:05Z"}, None, "2026-09-01T11:59:55.000Z"),
        ({"timestamp": EARLY}, "2026-09-01T11:00:05.250Z", "2026-09-01T11:59:54.750Z"),
        (
            {"timestamp": EARLY, "sentAt": "2026-09-01T11:00:05Z"},
            "2020-01-01T00:00:00Z",
            "2026-09-01T11:59:55.000Z",
        ),
        ({"timestamp": EARLY}, "not a time", EARLY),
        ({"originalTimestamp": EARLY}, None, EARLY),
        ({"originalTimestamp": EARLY, "timestamp": "2026-09-01T11:30:00Z"}, None, "2026-09-01T11:30:00.000Z"),
        (  # an hour before the call, by a clock that is an hour slow
            {"originalTimestamp": EARLY, "timestamp": "2026-09-01T10:00:00Z"},
            EARLY,
            "2026-09-01T11:00:00.000Z",
        ),
        ({}, "2026-09-01T11:00:05Z", AT),
        (
            {"timestamp": "2019-01-01T00:00:00Z", "sentAt": "2026-09-01T12:00:00Z"},
            None,
            "2019-01-01T00:00:00.000Z",
        ),
    ],
)
def test_a_clients_clock_is_corrected_by_when_it_sent(
    times: dict[str, Any], batch_sent_at: str | None, expected: str
) -> None:
    raw = {"type": "identify", "userId": "u"} | times
    assert canonical(raw, sent_at=batch_sent_at)["timestamp"] == expected


def test_the_clients_own_time_is_kept_beside_the_corrected_one() -> None:
    mapped = event(timestamp=EARLY, sentAt="2026-09-01T11:00:05Z")
    assert mapped["originalTimestamp"] == EARLY
    assert mapped["receivedAt"] == AT


def test_a_canonical_event_is_not_corrected_a_second_time() -> None:
    once = canonical({"type": "identify", "userId": "u", "timestamp": EARLY}, sent_at="2026-09-01T11:00:05Z")
    later = datetime(2026, 9, 1, 18, tzinfo=UTC)
    assert canonical(once, received_at=later, sent_at="2026-09-01T11:00:05Z") == once


def test_an_event_cannot_have_arrived_after_now() -> None:
    assert event(receivedAt="2030-01-01T00:00:00Z")["receivedAt"] == AT


def test_a_correction_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="too far apart"):
        event(timestamp="9999-12-31T00:00:00Z", sentAt="0001-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (None, "not_an_object"),
        ("text", "not_an_object"),
        ([], "not_an_object"),
        ({"userId": "u"}, "unknown_type"),
        ({"type": "purchase", "userId": "u"}, "unknown_type"),
        ({"type": ["track"], "userId": "u"}, "unknown_type"),
        ({"type": "track", "userId": "u"}, "no_event_name"),
        ({"type": "track", "userId": "u", "event": " "}, "no_event_name"),
        ({"type": "track", "userId": "u", "event": 7}, "no_event_name"),
        ({"type": "identify"}, "no_identifier"),
        ({"type": "identify", "userId": "", "anonymousId": None}, "no_identifier"),
        ({"type": "identify", "userId": "   "}, "no_identifier"),
        ({"type": "identify", "context": {"braze_id": 7}}, "no_identifier"),
        ({"type": "identify", "userId": {"id": 1}}, "bad_identifier"),
        ({"type": "identify", "userId": True}, "bad_identifier"),
        ({"type": "identify", "userId": 1.5}, "bad_identifier"),
        ({"type": "identify", "userId": "u", "traits": "none"}, "not_an_object"),
        ({"type": "identify", "userId": "u", "properties": []}, "not_an_object"),
        ({"type": "identify", "userId": "u", "context": {"traits": 1}}, "not_an_object"),
        ({"type": "identify", "userId": "u", "traits": {"n": nan}}, "bad_number"),
        ({"type": "identify", "userId": "u", "traits": {"n": [-inf]}}, "bad_number"),
        ({"type": "identify", "userId": "u", "traits": {"n": 2**64}}, "bad_number"),
        ({"type": "identify", "userId": "u", "traits": {"n": b"bytes"}}, "bad_value"),
        ({"type": "identify", "userId": "u", "messageId": "m" * 256}, "bad_message_id"),
        ({"type": "identify", "userId": "u", "messageId": {}}, "bad_message_id"),
    ],
)
def test_a_malformed_event_is_refused_with_its_code(raw: object, code: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        canonical(raw)
    assert refusal.value.code == code


def test_values_may_be_nested_to_a_bound() -> None:
    assert event(properties=_nested(MAX_DEPTH))["properties"] == _nested(MAX_DEPTH)
    with pytest.raises(InvalidEvent) as refusal:
        event(properties=_nested(MAX_DEPTH + 1))
    assert refusal.value.code == "too_deep"


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"leaf": 1}
    for _ in range(levels - 1):
        value = {"level": value}
    return value


def test_a_refusal_never_quotes_a_value() -> None:
    with pytest.raises(InvalidEvent) as refusal:
        event(timestamp="secret-looking value")
    assert "secret" not in str(refusal.value)


def test_traits_come_from_both_places_and_the_top_level_wins() -> None:
    mapped = event(
        "identify", traits={"plan": "top"}, context={"traits": {"plan": "context", "city": "Oslo"}}
    )
    assert mapped["traits"] == {"plan": "top", "city": "Oslo"}
    assert "context" not in mapped


def test_nulls_are_absent_at_every_depth() -> None:
    mapped = event(
        anonymousId=None, properties={"a": None, "b": {"c": None, "d": 1}, "e": [1, None]}, traits=None
    )
    assert mapped["properties"] == {"b": {"d": 1}, "e": [1]}
    assert "anonymousId" not in mapped
    assert "traits" not in mapped


def test_half_a_surrogate_pair_is_replaced_and_whole_text_is_kept() -> None:
    mapped = event(userId="\ud83d", properties={"cut\udc00": "caf\u00e9 \ud83d", "kept": "\U0001f600"})
    assert mapped["properties"] == {"cut\ufffd": "caf\u00e9 \ufffd", "kept": "\U0001f600"}
    assert mapped["userId"] == "\ufffd"


@pytest.mark.parametrize(("given", "kept"), [("u-1", "u-1"), (" u ", " u "), (42, "42"), (42.0, "42")])
def test_an_identifier_stays_untouched_and_a_number_becomes_text(given: object, kept: str) -> None:
    assert event(userId=given)["userId"] == kept


@pytest.mark.parametrize(("given", "kept"), [("m-9", "m-9"), (None, "fallback"), ("", "fallback"), (7, "7")])
def test_an_event_without_an_id_takes_the_fallback(given: object, kept: str) -> None:
    assert event(messageId=given)["messageId"] == kept


def test_the_path_names_the_type_only_when_the_event_does_not() -> None:
    assert canonical({"userId": "u"}, default_type="page")["type"] == "page"
    assert canonical({"userId": "u", "type": "screen"}, default_type="page")["type"] == "screen"


def test_a_page_keeps_its_name_and_its_category_becomes_a_property() -> None:
    mapped = event("page", name="Home", category="Docs", properties={"url": "https://x"})
    assert mapped["name"] == "Home"
    assert mapped["properties"] == {"category": "Docs", "url": "https://x"}


def test_a_browsers_event_stays_a_browsers() -> None:
    first = canonical(
        {"type": "identify", "userId": "u", "sourceKind": "server"}, source_kind="browser", source_id="s"
    )
    assert (first["sourceId"], first["sourceKind"]) == ("s", "browser")
    again = canonical(first)
    assert (again["sourceId"], again["sourceKind"]) == ("s", "browser")


def test_a_source_that_signed_in_cannot_call_itself_another() -> None:
    assert (
        canonical({"type": "identify", "userId": "u", "sourceId": "forged"}, source_id="s")["sourceId"] == "s"
    )


def test_fields_that_only_serve_the_transport_are_dropped() -> None:
    mapped = event(sentAt=AT, writeKey="dk_live_1", channel="server", _metadata={}, version=2)
    assert mapped.keys() == {
        "type", "event", "userId", "timestamp", "originalTimestamp", "receivedAt",
        "messageId", "sourceId", "sourceKind",
    }  # fmt: skip


def test_the_raw_event_is_left_as_it_was() -> None:
    raw = {"type": "identify", "userId": "u", "context": {"traits": {"a": None}}, "traits": {"b": 1}}
    canonical(raw)
    assert raw == {"type": "identify", "userId": "u", "context": {"traits": {"a": None}}, "traits": {"b": 1}}


def test_a_braze_id_is_an_identifier_of_its_own() -> None:
    mapped = canonical({"type": "identify", "context": {"braze_id": "b-1"}})
    assert braze_id(mapped) == "b-1"


def test_a_batch_lays_its_context_under_each_event() -> None:
    batch = {"context": {"locale": "en", "ip": "1"}, "integrations": {"All": False}, "sentAt": AT}
    raw = {"type": "identify", "userId": "u", "context": {"ip": "2"}}
    assert inherit(raw, batch) == {
        "type": "identify",
        "userId": "u",
        "context": {"locale": "en", "ip": "2"},
        "integrations": {"All": False},
    }
    assert inherit(raw, {"context": "text"}) is raw
    assert inherit("text", batch) == "text"


def test_an_arrival_in_another_zone_is_the_same_instant() -> None:
    assert (
        canonical({"type": "identify", "userId": "u"}, received_at=RECEIVED.astimezone())["receivedAt"] == AT
    )
