"""The batcher: what is planned for whom, what is recorded, and which messages must come again."""

import json
from typing import Any

import pytest

from bridge.flows.events.event_messages import Message, Opened, open_message
from mapping import catalog
from tests.unit.ingest.builders import (
    ACTIONIQ,
    BRAZE,
    SENT,
    WEBHOOK,
    Bench,
    actioniq,
    braze,
    example,
    frame,
    message,
    track,
    webhook,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# ------------------------------------------------------------------ planning


def test_an_event_goes_to_every_installation_that_wants_it(bench: Bench) -> None:
    assert bench.take(frame(track())) == set()
    assert bench.actioniq.ids == bench.braze.ids == ["m-1"]
    assert (bench.actioniq.groups, bench.braze.groups) == ([ACTIONIQ], [BRAZE])
    assert bench.recorder.rows == []


def test_what_is_queued_is_the_canonical_event(bench: Bench) -> None:
    bench.take(track(timestamp="2026-03-02T11:00:00+01:00", properties={"a": None, "b": 1}))
    (planned,) = bench.braze.messages
    assert (planned.kind, planned.integration_id, planned.campaign) == ("events", BRAZE, None)
    assert planned.items[0] == {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-1",
        "properties": {"b": 1},
        "originalTimestamp": "2026-03-02T10:00:00.000Z",
        "timestamp": "2026-03-02T10:00:00.000Z",
        "receivedAt": "2026-03-02T10:15:30.500Z",
        "messageId": "m-1",
        "sourceId": "queue",
        "sourceKind": "server",
    }


@pytest.mark.parametrize(("events", "deliveries"), [(1, 1), (75, 1), (76, 2), (150, 2), (1000, 14)])
def test_n_objects_of_an_invocation_leave_in_n_over_75_deliveries(
    bench: Bench, events: int, deliveries: int
) -> None:
    """However the events are spread over the messages."""
    bodies = [frame(*(track(n) for n in range(start, events, 10))) for start in range(10)]
    bench.take(*bodies)
    assert len(bench.braze.bodies) == deliveries
    assert len(bench.braze.ids) == events
    assert len(bench.actioniq.bodies) == -(-events // 500)


def test_an_account_that_counts_per_array_gets_75_of_each(bench: Bench) -> None:
    bench.installations = [braze({"objects_rule": "per_array"})]
    identify = [
        {"type": "identify", "userId": "u", "traits": {"a": 1}, "messageId": f"i-{n}"} for n in range(75)
    ]
    bench.take(frame(*(track(n) for n in range(75)), *identify))
    assert [len(planned.items) for planned in bench.braze.messages] == [150]


def test_large_events_are_packed_by_their_bytes(bench: Bench) -> None:
    bench.take(frame(*(track(n, properties={"text": "x" * 60_000}) for n in range(30))))
    assert max(len(body) for body in bench.braze.bodies) < 800_000
    assert len(bench.braze.ids) == 30


def test_a_redelivered_batch_gives_the_same_ids(bench: Bench) -> None:
    again = Bench()
    body = frame(*(track(n) for n in range(100)), "bad", {"type": "page", "userId": "u"})
    bench.take(body)
    again.take(body)
    assert [one.delivery_id for one in bench.braze.messages] == [
        one.delivery_id for one in again.braze.messages
    ]
    assert [one.delivery_id for one in bench.recorder.rows] == [
        one.delivery_id for one in again.recorder.rows
    ]
    assert bench.braze.ids == again.braze.ids


def test_two_installations_of_one_vendor_have_deliveries_of_their_own(bench: Bench) -> None:
    bench.installations = [braze(), braze(id="int_b1", name="Braze US")]
    bench.take(frame(track()))
    first, second = bench.braze.messages
    assert (first.integration_id, second.integration_id) == (BRAZE, "int_b1")
    assert first.delivery_id != second.delivery_id


@pytest.mark.parametrize("name", ["ingest.batch.json", "ingest.direct.json"])
def test_the_example_messages_are_planned(bench: Bench, name: str) -> None:
    assert bench.take(*example(name)) == set()
    assert bench.letters.bodies == []
    assert bench.actioniq.ids


# ------------------------------------------------------------------ what comes in


def test_a_direct_producers_event_is_corrected_by_its_own_clock() -> None:
    body = {
        "batch": [track(originalTimestamp="2026-03-02T12:00:00.000Z")],
        "sentAt": "2026-03-02T12:00:10.000Z",
    }
    opened = open_message(message(0, body))
    assert isinstance(opened, Opened)
    assert opened.arrivals[0].event["timestamp"] == "2026-03-02T10:15:20.500Z"


def test_events_that_collect_normalised_stay_as_they_are() -> None:
    opened = open_message(message(0, frame(track())))
    assert isinstance(opened, Opened)
    first = opened.arrivals[0].event
    again = open_message(
        message(0, frame(first, received_at="2026-03-02T10:15:30.000+00:00", sentAt="2020-01-01T00:00:00Z"))
    )
    assert isinstance(again, Opened)
    assert again.arrivals[0].event == first


def test_an_event_without_a_message_id_gets_the_same_one_at_every_receive() -> None:
    event = track()
    del event["messageId"]
    opened = [open_message(message(3, frame(event))) for _ in range(2)]
    assert [one.arrivals[0].event["messageId"] for one in opened if isinstance(one, Opened)] == [
        "sqs-3:0"
    ] * 2


def test_an_event_without_a_message_id_keeps_its_name_when_its_letter_is_replayed_however_often() -> None:
    def named(message: Message) -> str:
        opened = open_message(message)
        assert isinstance(opened, Opened)
        return str(opened.arrivals[0].event["messageId"])

    body = '{"type":"track","event":"e","userId":"u"}'
    first = Message("m1", body, SENT)
    again = [Message(name, body, SENT, "m1") for name in ("m2", "m3")]
    assert {named(one) for one in (first, *again)} == {named(first)}


def test_a_browsers_frame_makes_browsers_events() -> None:
    opened = open_message(message(0, frame(track(), source_kind="browser")))
    assert isinstance(opened, Opened)
    assert opened.arrivals[0].event["sourceKind"] == "browser"


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "malformed_json"),
        ("{not json", "malformed_json"),
        ('{"batch":[NaN]}', "malformed_json"),
        ("[" * 100_000, "malformed_json"),
        ("[1]", "not_an_object"),
        ('"text"', "not_an_object"),
        ("null", "not_an_object"),
        ("7", "not_an_object"),
        ('{"batch":{}}', "invalid_batch"),
        ('{"batch":null}', "invalid_batch"),
    ],
)
def test_an_unreadable_message_is_a_dead_letter_at_once_and_its_neighbours_proceed(
    bench: Bench, body: str, reason: str
) -> None:
    assert bench.take(frame(track(1)), body, frame(track(2))) == set()
    assert bench.letters.bodies == [body]
    assert bench.letters.attributes[0]["reason"] == reason
    assert bench.letters.attributes[0]["detail"]
    assert bench.braze.ids == ["m-1", "m-2"]


def test_a_letter_that_cannot_be_posted_comes_again(bench: Bench) -> None:
    bench.letters.full = {0}
    assert bench.take("{", frame(track())) == {"sqs-0"}
    assert bench.braze.ids == ["m-1"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"type": "track", "event": "E"}, "no_identifier"),
        (track(timestamp="yesterday"), "bad_timestamp"),
        (track(event=""), "no_event_name"),
        ({"userId": "u"}, "unknown_type"),
        ("text", "not_an_object"),
        (None, "not_an_object"),
        (["event"], "not_an_object"),
        (track(properties={"x": "y" * 800_000}), "event_too_large"),
    ],
)
def test_a_bad_event_is_a_rejected_record_and_its_neighbours_proceed(
    bench: Bench, bad: Any, code: str
) -> None:
    assert bench.take(frame(track(1), bad, track(2))) == set()
    (row,) = bench.recorder.rows
    assert (row.integration_id, row.status, row.reasons) == (None, "rejected", [code])
    assert row.items[0]["event"] == bad
    assert row.items[0]["detail"]
    assert bench.braze.ids == ["m-1", "m-2"]
    assert bench.letters.bodies == []


def test_an_event_nested_without_end_is_rejected_and_can_still_be_recorded(bench: Bench) -> None:
    deep = json.dumps(track(9, properties={"x": "?"})).replace('"?"', "[" * 1_000 + "]" * 1_000)
    assert bench.take(f'{{"batch":[{json.dumps(track(1))},{deep}]}}') == set()
    assert bench.recorder.reasons(None, "rejected") == ["too_deep"]
    json.dumps(bench.recorder.rows[0].items)
    assert bench.braze.ids == ["m-1"]


def test_what_collect_refused_is_seen_as_rejected(bench: Bench) -> None:
    entry = {"index": 4, "code": "no_identifier", "message": "a sentence", "event": {"messageId": "bad"}}
    assert bench.take(frame(refused=[entry, "odd"])) == set()
    (row,) = bench.recorder.rows
    assert (row.status, row.reasons, row.items[0]["message_id"]) == ("rejected", ["no_identifier"], "bad")


def test_the_example_of_bad_input_leaves_letters_a_record_and_the_good_neighbour(bench: Bench) -> None:
    assert bench.take(*example("ingest.bad_input.json")) == set()
    assert [one["reason"] for one in bench.letters.attributes] == ["malformed_json", "not_an_object"]
    assert bench.recorder.reasons(None, "rejected") == ["no_identifier", "bad_timestamp"]
    assert bench.braze.ids == bench.actioniq.ids == ["good-neighbour"]


# ------------------------------------------------------------------ who gets what


def test_what_a_vendor_does_not_want_is_one_filtered_row_an_installation(bench: Bench) -> None:
    page = {"type": "page", "anonymousId": "a", "messageId": "p-1"}
    group = {"type": "group", "userId": "u", "groupId": "g", "messageId": "g-1"}
    bench.take(frame(page, group, track()), frame({**page, "messageId": "p-2"}))
    assert bench.recorder.reasons(BRAZE) == ["pages_not_tracked", "not_mapped", "pages_not_tracked"]
    assert bench.recorder.reasons(ACTIONIQ) == ["not_mapped"]
    assert len(bench.recorder.rows) == 2
    assert bench.actioniq.ids == ["p-1", "m-1", "p-2"]


def test_a_filtered_item_says_what_it_was(bench: Bench) -> None:
    bench.installations = [braze()]
    bench.take(frame({"type": "page", "name": "Home", "anonymousId": "a", "messageId": "p-1"}))
    item = bench.recorder.rows[0].items[0]
    assert {name: item[name] for name in ("message_id", "type", "name", "user", "outcome", "reason")} == {
        "message_id": "p-1",
        "type": "page",
        "name": "Home",
        "user": "a",
        "outcome": "filtered",
        "reason": "pages_not_tracked",
    }
    assert item["event"]["type"] == "page"


def test_many_filtered_events_are_cut_into_rows_that_fit(bench: Bench) -> None:
    bench.installations = [braze()]
    bench.take(frame(*({"type": "page", "userId": "u", "messageId": f"p-{n}"} for n in range(450))))
    assert [len(row.items) for row in bench.recorder.rows] == [200, 200, 50]
    assert len({row.delivery_id for row in bench.recorder.rows}) == 3


def test_the_second_event_with_a_message_id_is_a_duplicate(bench: Bench) -> None:
    bench.take(frame(track(1), track(1)), frame(track(1), track(2)))
    assert bench.braze.ids == bench.actioniq.ids == ["m-1", "m-2"]
    assert bench.recorder.reasons(BRAZE) == bench.recorder.reasons(ACTIONIQ) == ["duplicate", "duplicate"]


@pytest.mark.parametrize(
    ("integrations", "gets"),
    [
        ({}, {"actioniq", "braze"}),
        ({"All": True}, {"actioniq", "braze"}),
        ({"All": False}, set()),
        ({"All": False, "Braze": True}, {"braze"}),
        ({"All": False, "Braze EU": True}, {"braze"}),
        ({"All": False, "ActionIQ": True}, {"actioniq"}),
        ({"All": False, "AIQ": {"option": 1}}, {"actioniq"}),
        ({"Braze": False}, {"actioniq"}),
        ({"Braze EU": False}, {"actioniq"}),
        ({"Braze": True, "Braze EU": False}, {"actioniq"}),
        ({"All": False, "braze": True}, set()),
        ({"Somebody else": False}, {"actioniq", "braze"}),
    ],
)
def test_an_event_may_name_the_integrations_it_is_for(
    bench: Bench, integrations: dict[str, Any], gets: set[str]
) -> None:
    bench.take(frame(track(integrations=integrations)))
    assert {"actioniq" for _ in bench.actioniq.ids} | {"braze" for _ in bench.braze.ids} == gets
    rows = {row.integration_id: row.reasons for row in bench.recorder.rows}
    assert rows == {
        key: ["deselected"] for key, lane in ((ACTIONIQ, "actioniq"), (BRAZE, "braze")) if lane not in gets
    }


@pytest.mark.parametrize(
    ("consent", "passes"),
    [
        ({"marketing": True}, True),
        ({"marketing": True, "analytics": False}, True),
        ({"marketing": False}, False),
        ({"marketing": "yes"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_an_installation_that_asks_for_consent_gets_no_event_without_it(
    bench: Bench,
    consent: Any,
    passes: bool,
) -> None:
    bench.installations = [braze({"consent_categories": ["marketing"]}), actioniq()]
    bench.take(frame(track(context={"consent": consent} if consent is not None else {})))
    assert (bench.braze.ids, bench.recorder.reasons(BRAZE)) == (
        (["m-1"], []) if passes else ([], ["no_consent"])
    )
    assert bench.actioniq.ids == ["m-1"]


@pytest.mark.parametrize("categories", [["marketing", "analytics"], ["analytics"], []])
def test_each_installation_asks_for_the_consent_it_was_told_to(bench: Bench, categories: list[str]) -> None:
    """From the configuration as the API takes it to what is queued and what is recorded."""
    entry = catalog.entry("webhook")
    assert entry
    config, _ = catalog.validate_config(
        entry, {"url": "https://hooks.example.com", "consent_categories": categories}
    )
    bench.installations = [webhook(config), actioniq()]
    given = [{"marketing": True, "analytics": True}, {"analytics": True}, {"marketing": True}, {}]
    bench.take(frame(*(track(n, context={"consent": one}) for n, one in enumerate(given))))
    gets = [n for n, one in enumerate(given) if all(one.get(name) for name in categories)]
    assert bench.webhook.ids == [f"m-{n}" for n in gets]
    assert bench.recorder.reasons(WEBHOOK) == ["no_consent"] * (len(given) - len(gets))
    assert bench.actioniq.ids == [f"m-{n}" for n in range(len(given))]


@pytest.mark.parametrize(
    ("integrations", "gets"),
    [
        ({}, ["Hook", "Other"]),
        ({"All": False, "Custom Webhook": True}, ["Hook", "Other"]),
        ({"All": False, "Other": True}, ["Other"]),
        ({"Custom Webhook": False, "Hook": True}, ["Hook"]),
        ({"Custom Webhook": False}, []),
    ],
)
def test_an_installation_is_chosen_by_its_own_name_or_its_integrations(
    bench: Bench, integrations: dict[str, Any], gets: list[str]
) -> None:
    bench.installations = [webhook(), webhook(id="int_e1", name="Other")]
    bench.take(frame(track(integrations=integrations)))
    names = {WEBHOOK: "Hook", "int_e1": "Other"}
    assert [names[one.integration_id] for one in bench.webhook.messages] == gets
    passed_over = [key for key, name in names.items() if name not in gets]
    assert [row.integration_id for row in bench.recorder.rows] == passed_over
    assert all(row.reasons == ["deselected"] for row in bench.recorder.rows)


@pytest.mark.parametrize(("size", "requests"), [(None, 3), (100, 3), (40, 7), (1, 250)])
def test_a_webhook_gets_as_many_events_a_request_as_it_asks_for(
    bench: Bench, size: int | None, requests: int
) -> None:
    bench.installations = [webhook({} if size is None else {"batch_size": size})]
    bench.take(frame(*(track(n) for n in range(250))))
    assert (len(bench.webhook.bodies), len(bench.webhook.ids)) == (requests, 250)


@pytest.mark.parametrize(
    ("sources", "head", "gets"),
    [
        (None, {}, True),
        (None, {"source_test": True}, False),
        (["src_1"], {}, True),
        (["src_1"], {"source_test": True}, True),
        (["src_2"], {}, False),
        ([], {}, False),
    ],
)
def test_an_installation_takes_its_sources_or_all_but_test_ones(
    bench: Bench,
    sources: list[str] | None,
    head: dict[str, Any],
    gets: bool,
) -> None:
    bench.installations = [braze(sources=sources)]
    bench.take(frame(track(), **head))
    assert bool(bench.braze.ids) is gets
    assert bench.recorder.reasons(None) == ([] if gets else ["no_integration"])


def test_a_disabled_installation_gets_nothing_and_the_event_is_not_lost_without_trace(bench: Bench) -> None:
    bench.installations = [braze(enabled=False)]
    assert bench.take(frame(track())) == set()
    assert bench.braze.bodies == []
    assert bench.recorder.reasons(None) == ["no_integration"]


def test_an_installation_that_cannot_be_read_still_gets_its_events_and_holds_nobody_up(bench: Bench) -> None:
    """Delivery says what is wrong with it; the events wait as dead letters, not in the queue."""
    bench.installations = [braze({"objects_rule": "no such rule"}), actioniq()]
    assert bench.take(frame(track())) == set()
    assert bench.braze.ids == bench.actioniq.ids == ["m-1"]


# ------------------------------------------------------------------ failures


def test_only_messages_of_which_something_was_not_sent_come_again(bench: Bench) -> None:
    bench.installations = [braze()]
    bench.braze.full = {1}
    bodies = [frame(*(track(100 * m + n) for n in range(50))) for m in range(3)]
    assert bench.take(*bodies) == {"sqs-1", "sqs-2"}
    assert len(bench.braze.ids) == 75


def test_a_lane_that_is_away_does_not_hold_up_the_other(bench: Bench) -> None:
    bench.braze.full = {0}
    assert bench.take(frame(track())) == {"sqs-0"}
    assert bench.reasons == {"sqs-0": "queue_unavailable"}
    assert bench.actioniq.ids == ["m-1"]


def test_when_the_record_fails_the_message_comes_again_and_nothing_of_it_is_sent(bench: Bench) -> None:
    bench.recorder.away = True
    failed = bench.take(frame(track(1), "bad"), frame(track(2)))
    assert failed == {"sqs-0"}
    assert bench.reasons == {"sqs-0": "table_unavailable"}
    assert bench.braze.ids == bench.actioniq.ids == ["m-2"]


def test_when_the_installations_cannot_be_read_the_events_come_again_and_all_else_is_done(
    bench: Bench,
) -> None:
    bench.away = True
    assert bench.take(frame(track()), frame("bad"), "no JSON", {"batch": []}) == {"sqs-0"}
    assert bench.reasons == {"sqs-0": "table_unavailable"}
    assert len(bench.recorder.reasons(None, "rejected")) == 1
    assert len(bench.letters.bodies) == 1
    bench.away = False
    assert bench.take(frame(track())) == set()
    assert bench.braze.ids == ["m-1"]


def test_an_empty_batch_is_done_with(bench: Bench) -> None:
    assert bench.take({"batch": []}) == set()
    assert bench.recorder.rows == []
