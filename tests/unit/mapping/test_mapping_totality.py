"""Any JSON at all is either a valid event or a refusal, and a valid event never breaks a mapping."""

import json
from datetime import UTC, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.actioniq import to_record
from mapping.braze import left_out, object_count, to_objects
from mapping.braze_fields import RESERVED_ATTRIBUTES, STANDARD_ATTRIBUTES, TRAIT_NAMES
from mapping.braze_requests import plan_track
from mapping.braze_rows import to_event_object, to_recipient
from mapping.event import InvalidEvent
from mapping.json_values import encode
from mapping.outcome import ItemOutcome, LeftOut
from tests.unit.mapping.signal_events import actioniq_settings, braze_settings, canonical

TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.just("x" * 256)
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
NAME = TEXT | st.sampled_from(
    sorted({*STANDARD_ATTRIBUTES, *RESERVED_ATTRIBUTES, *TRAIT_NAMES, "address", "time", "AIQ_1_2"})
)
ZONES = st.sampled_from([UTC, *(timezone(timedelta(minutes=offset)) for offset in (-720, -210, 345, 840))])
TIME = JSON | st.datetimes().map(str) | st.datetimes(timezones=ZONES).map(lambda moment: moment.isoformat())
FIELDS = {
    "type": st.sampled_from(["track", "page", "identify", "group", "alias", "screen"]) | JSON,
    "event": TEXT | JSON,
    "name": JSON,
    "userId": TEXT | JSON,
    "anonymousId": JSON,
    "properties": st.dictionaries(NAME, JSON, max_size=4) | JSON,
    "traits": st.dictionaries(NAME, JSON, max_size=4) | JSON,
    "context": st.fixed_dictionaries({}, optional={"traits": JSON, "braze_id": JSON, "page": JSON}) | JSON,
    "timestamp": TIME,
    "originalTimestamp": TIME,
    "sentAt": TIME,
    "receivedAt": TIME,
    "messageId": JSON,
    "sourceKind": JSON,
}
EVENTS = st.fixed_dictionaries({}, optional=FIELDS) | JSON
LIKELY = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "page", "identify"]),
        "event": st.just("e"),
        "userId": st.text("ab", min_size=1),
    },
    optional={
        "properties": st.dictionaries(NAME, JSON, max_size=4),
        "traits": st.dictionaries(NAME, JSON, max_size=4),
    },
)
BOUNDED = settings(
    max_examples=120, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
SETTINGS = braze_settings(track_pages=True, consent_fields="allow", update_existing_only=True)


@BOUNDED
@given(EVENTS | LIKELY)
def test_any_event_is_valid_or_refused_and_every_valid_one_can_be_mapped(raw: Any) -> None:
    try:
        event = canonical(raw, sent_at="2026-09-01T12:00:01Z")
    except InvalidEvent as refusal:
        assert refusal.code  # noqa: PT017 - either end is right
        return
    assert json.loads(encode(event)) == event
    assert canonical(event, sent_at="2020-01-01T00:00:00Z") == event
    record = to_record(event, actioniq_settings())
    assert isinstance(record, ItemOutcome) or record["destination_id"] == "dest-12345"
    notes: list[LeftOut] = []
    objects = to_objects(event, SETTINGS, notes)
    assert left_out(event, SETTINGS) == tuple(notes)
    assert all(note.field and note.reason for note in notes)
    if not isinstance(objects, ItemOutcome):
        assert len(objects) == object_count(event, SETTINGS)
        assert len({"external_id", "braze_id"} & objects[0][1].keys()) == 1
        assert plan_track([objects, objects]).body()


@BOUNDED
@given(
    st.dictionaries(
        TEXT | st.sampled_from(["external_id", "braze_id", "event_name", "event_time"]), JSON, max_size=5
    )
    | JSON
)
def test_any_row_is_a_recipient_or_a_rejection(row: Any) -> None:
    assert to_recipient(row)
    assert to_event_object(row, SETTINGS)
