"""Any JSON at all is a valid event or a refusal, and a valid event is what a vendor takes, or a reason."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.flows.events.decode import parse_json
from mapping import actioniq, braze, webhook
from mapping.braze_memory import Kept, digest, remembered, returned, sift, tells_repeats, update_of
from mapping.braze_operators import adds_up, combine, is_operation
from mapping.braze_profile import attributes_of
from mapping.braze_properties import storable
from mapping.braze_requests import plan_track
from mapping.delivery import DeliveryMessage, delivery_id, frame
from mapping.destination import mapping_module
from mapping.event import Event, InvalidEvent, braze_id, inherit
from mapping.json_values import InvalidValue, clean_object, encode
from mapping.outcome import ItemOutcome, LeftOut
from mapping.packing import pack
from tests.unit.mapping.any_json import EVENTS, FIT, FITTING, LIKELY, NAME, OBJECT, bounded, texts
from tests.unit.mapping.signal_events import actioniq_settings, braze_settings, canonical, installation
from tests.unit.vendor_limits import actioniq_fault, braze_faults

SETTINGS = braze_settings(
    track_pages=True, consent_fields="allow", update_existing_only=True, merge_objects=True
)
CONFIGS = {
    "braze": {"rest_endpoint": "https://rest.iad-01.braze.com", "objects_rule": "per_array"},
    "actioniq": {"account_id": "a", "destination_id": "dest-12345"},
    "webhook": {"url": "https://hooks.example.com"},
}
SENT_AT = "2026-09-01T12:00:01Z"


def valid(raw: Any) -> Event | None:
    """The canonical event, or None after a refusal that names its reason."""
    try:
        return canonical(raw, sent_at=SENT_AT)
    except InvalidEvent as refusal:
        assert refusal.code.replace("_", "").isalpha()
        assert refusal.detail
        return None


@bounded(170)
@given(EVENTS)
def test_any_event_is_refused_by_name_or_is_what_each_vendor_takes_or_has_a_reason(raw: Any) -> None:
    event = valid(raw)
    if event is not None:
        assert json.loads(encode(event)) == event
        assert canonical(event, sent_at="2020-01-01T00:00:00Z") == event
        assert "userId" in event or "anonymousId" in event or braze_id(event)
        is_a_record_or_has_a_reason(event)
        is_whole_objects_or_has_a_reason(event)
        is_itself_for_a_webhook(event)


@bounded(40)
@given(texts())
def test_any_text_that_is_no_json_is_refused_whole_and_any_other_event_by_itself(text: str) -> None:
    try:
        raw = parse_json(text)
    except ValueError:
        return
    event = valid(raw)
    assert event is None or event["userId"] == "twice"


@bounded(30)
@given(EVENTS, OBJECT)
def test_a_batchs_context_lies_under_its_events(raw: Any, shared: dict[str, Any]) -> None:
    given_to = inherit(raw, {"context": shared, "integrations": 7})
    assert given_to is raw or given_to == raw or given_to["context"].keys() >= shared.keys()
    assert inherit(raw, {}) is raw
    valid(given_to)


def is_a_record_or_has_a_reason(event: Event) -> None:
    record = actioniq.to_record(event, actioniq_settings())
    wanted = actioniq.wanted(event, actioniq_settings())
    if isinstance(record, ItemOutcome):
        assert record == wanted
        assert record.reason
    else:
        assert wanted is None
        assert actioniq_fault(json.loads(encode(record)), "dest-12345") == ""


def is_whole_objects_or_has_a_reason(event: Event) -> None:
    notes: list[LeftOut] = []
    objects = braze.to_objects(event, SETTINGS, notes)
    assert braze.left_out(event, SETTINGS) == tuple(notes)
    assert all(note.field and note.reason for note in notes)
    if isinstance(objects, ItemOutcome):
        assert objects.reason
        assert braze.wanted(event, SETTINGS) in (None, objects)
        return
    assert len(objects) == braze.object_count(event, SETTINGS) == 1
    [(array, wire)] = objects
    assert array == braze.array_of(event)
    assert braze_faults(array, json.loads(encode(wire))) == []
    assert plan_track([objects, objects]).body()


def is_itself_for_a_webhook(event: Event) -> None:
    sent = webhook.to_event(event, webhook.WebhookSettings.of(installation(config=CONFIGS["webhook"])))
    assert not isinstance(sent, ItemOutcome)
    assert {name: event[name] for name in sent} == sent
    assert event.keys() - sent.keys() <= {"integrations", "sourceKind"}


@bounded(30)
@given(st.lists(LIKELY.map(valid), max_size=6))
def test_what_an_integration_wants_is_packed_once_and_in_order(likely: list[Event | None]) -> None:
    events = [event for event in likely if event]
    for key, config in CONFIGS.items():
        wants = mapping_module(key).wants(installation(catalog_key=key, config=config))
        wanted = [event for event in events if wants.wanted(event) is None]
        packs = wants.packs(wanted)
        assert [index for chosen in packs for index in chosen] == list(range(len(wanted)))
        one_by_one = pack(wanted, max_items=1, max_objects=1, max_bytes=1, count=lambda _: 1)
        assert one_by_one == [[at] for at in range(len(wanted))]


@bounded(30)
@given(st.lists(LIKELY.map(valid), max_size=3), st.lists(st.text(max_size=3), max_size=2))
def test_a_delivery_comes_out_of_its_queue_as_it_went_in(
    likely: list[Event | None], parts: list[str]
) -> None:
    events = [event for event in likely if event]
    about = {"integration_id": "int_1", "kind": "events", "created_at": "2026-09-01T12:00:00.000Z"}
    message = DeliveryMessage(delivery_id=delivery_id("int_1", *parts), items=events, **about)
    assert DeliveryMessage.model_validate_json(message.body()) == message
    assert frame(message, [encode(event).decode() for event in events]) == message.body()
    assert delivery_id("int_1", *parts) == message.delivery_id != delivery_id("int_2", *parts)


@bounded(120)
@given(OBJECT | FITTING)
def test_what_is_cleaned_holds_no_null_and_no_half_character(raw: dict[str, Any]) -> None:
    try:
        clean = clean_object(raw)
    except InvalidValue as refusal:
        assert refusal.code in {"bad_number", "bad_value", "too_deep"}
        return
    assert clean_object(clean) == clean
    assert json.loads(encode(clean)) == clean
    traits = json.loads(json.dumps(clean, ensure_ascii=False).encode())
    notes: list[LeftOut] = []
    attributes = attributes_of(traits, notes, consent=True)
    assert braze_faults("attributes", {"external_id": "u", **attributes}) == []


PROPERTY = st.sampled_from(["time", "event_name", "property_time", "$a", "", "x" * 256, "ok"]) | NAME


@bounded(120)
@given(st.dictionaries(PROPERTY, FIT, max_size=6))
def test_properties_go_out_as_braze_takes_them_and_what_stays_behind_is_told(raw: dict[str, Any]) -> None:
    notes: list[LeftOut] = []
    given_to = clean_object(raw)
    properties = storable(given_to, notes)
    event = {"external_id": "u", "name": "e", "time": "2026-09-01T12:00:00.000Z", "properties": properties}
    assert braze_faults("events", event) == []
    assert len(properties) + len(notes) == len(given_to)


KNOWN = st.dictionaries(
    st.sampled_from("abc"), st.sampled_from([1, 2, "x", None, {"inc": 1}, {"k": 1}]), max_size=3
)
TIMES = st.sampled_from([f"2026-09-01T12:00:0{second}.000Z" for second in range(3)])


@bounded(80)
@given(st.lists(st.tuples(KNOWN, TIMES), min_size=1, max_size=5))
def test_a_memory_keeps_back_only_what_it_has_seen_and_nothing_old_goes_out(updates: list[Any]) -> None:
    memory = Kept().memory
    for attributes, time in updates:
        wire = {"external_id": "u"} | attributes
        update = update_of(wire, time)
        assert update is not None
        sifted = sift(wire, update, memory, returned([(update, wire)], memory))
        kept_back = {note.field.removeprefix("traits.") for note in sifted.left_out}
        assert (sifted.wire.keys() | kept_back, sifted.wire.keys() & kept_back) == (wire.keys(), set())
        plain = {name for name, value in attributes.items() if not is_operation(value)}
        assert all(memory[name].at <= update.at for name in sifted.wire if name in memory and name in plain)
        seen = {name: digest(update.user, name, value) for name, value in attributes.items()}
        assert all(memory[name].digest == seen[name] or memory[name].at > update.at for name in kept_back)
        memory = remembered(sifted.memory, [(update, sifted.wire)])
        assert not tells_repeats(update, wire) or sift(wire, update, memory).empty
    assert update_of({"external_id": "u"}, "soon") is None


@bounded(60)
@given(OBJECT, OBJECT)
def test_two_changes_of_one_user_are_one_or_stay_two(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    both = combine(earlier, later)
    if both is not None:
        assert both.keys() == earlier.keys() | later.keys()
        plain = {name: value for name, value in later.items() if not is_operation(value)}
        merges = both.get("_merge_objects") is True
        assert merges or {name: both[name] for name in plain} == plain
    assert adds_up(later) == any(adds_up({name: value}) for name, value in later.items())
