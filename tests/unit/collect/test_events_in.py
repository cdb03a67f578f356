"""Events over HTTP: what the five known SDKs send, and what a careless sender does."""

import base64
import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.flows.authorize import signature
from tests.unit.collect.builders import (
    BROWSER_KEY,
    HMAC_SECRET,
    OFF_KEY,
    SERVER_KEY,
    TEST_KEY,
    Door,
    example,
    request,
    track,
)
from tests.unit.collect.conftest import Post


def signed(
    door: Door, body: Any, *, path: str = "/v1/events", at_ms: int = 0, **headers: str
) -> dict[str, Any]:
    raw = json.dumps(body).encode()
    stamp = str(int(door.now.timestamp() * 1000) + at_ms)
    named = {"x_timestamp": stamp, "x_signature": signature(HMAC_SECRET, stamp, raw)} | headers
    return request("POST", path, raw, key=None, headers={"authorization": f"Bearer {SERVER_KEY}", **named})


def test_a_batch_is_answered_with_exactly_200_and_the_number_accepted(door: Door, post: Post) -> None:
    reply = post("/v1/batch", {"batch": [track(), track(messageId="m-2")]})
    assert reply.status == 200
    assert reply.json == {"success": True, "accepted": 2, "errors": []}
    assert [event["messageId"] for event in door.queue.events] == ["m-1", "m-2"]


def test_a_whole_batch_leaves_as_one_message_in_the_group_of_its_source(door: Door, post: Post) -> None:
    post("/v1/batch", {"batch": [track(messageId=f"m-{n}") for n in range(500)]})
    assert len(door.queue.bodies) == 1
    assert door.queue.groups == ["src_server"]
    assert {name: door.queue.documents[0][name] for name in ("source_id", "source_kind", "received_at")} == {
        "source_id": "src_server",
        "source_kind": "server",
        "received_at": "2026-03-02T10:15:30.000+00:00",
    }


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/v1/batch/", "/v1/b/"])
def test_every_batch_path_takes_a_batch(door: Door, post: Post, path: str) -> None:
    assert post(path, {"batch": [track()]}).json["accepted"] == 1
    assert len(door.queue.events) == 1


@pytest.mark.parametrize("word", ["track", "page", "identify", "group", "alias", "screen"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_path_says_the_type_where_the_event_does_not(
    door: Door, post: Post, word: str, slash: str
) -> None:
    event = {"event": "E", "userId": "u", "groupId": "g", "previousId": "p"}
    assert post(f"/v1/{word}{slash}", event).status == 200
    assert post(f"/v1/{word[0]}{slash}", event).status == 200
    assert [event["type"] for event in door.queue.events] == [word, word]


def test_the_type_in_the_event_wins_over_the_path(door: Door, post: Post) -> None:
    post("/v1/t", {"type": "identify", "userId": "u", "traits": {"plan": "gold"}})
    assert door.queue.events[0]["type"] == "identify"


@pytest.mark.parametrize("name", ["collect.batch.json", "collect.gzip.json", "collect.track.json"])
def test_the_example_events_are_accepted(door: Door, name: str) -> None:
    reply = door(example(name))
    assert reply.status == 200
    assert reply.json["accepted"] == len(door.queue.events) > 0


def test_gzip_is_seen_by_its_first_bytes_whatever_the_headers_say(door: Door) -> None:
    body = gzip.compress(json.dumps({"batch": [track()]}).encode())
    for headers in (
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "application/json"},
        {},
    ):
        assert door(request("POST", "/v1/batch", body, headers=headers)).status == 200


def test_plain_json_is_read_although_it_is_called_gzip_or_text(door: Door) -> None:
    for headers in ({"content_encoding": "gzip"}, {"content_type": "text/plain"}):
        reply = door(request("POST", "/v1/batch", json.dumps({"batch": [track()]}), headers=headers))
        assert reply.status == 200


def test_the_clients_clock_is_corrected_by_the_batchs_sent_at(door: Door, post: Post) -> None:
    event = track(originalTimestamp="2026-03-02T12:00:00.000Z")
    post("/v1/batch", {"batch": [event], "sentAt": "2026-03-02T12:00:10.000Z"})
    assert door.queue.events[0]["timestamp"] == "2026-03-02T10:15:20.000Z"


def test_what_a_batch_says_of_all_its_events_reaches_each(door: Door, post: Post) -> None:
    events = [track(), track(messageId="m-2", integrations={"Braze": True})]
    post("/v1/batch", {"batch": events, "integrations": {"All": False}, "context": {"locale": "en"}})
    assert [event["integrations"] for event in door.queue.events] == [
        {"All": False},
        {"All": False, "Braze": True},
    ]
    assert {event["context"]["locale"] for event in door.queue.events} == {"en"}


# ------------------------------------------------------------------ keys


def test_the_key_of_basic_comes_before_the_key_in_the_body(door: Door, post: Post) -> None:
    post("/v1/batch", {"batch": [track()], "writeKey": TEST_KEY})
    assert door.queue.documents[0]["source_id"] == "src_server"


def test_a_bearer_write_key_is_taken(post: Post) -> None:
    assert (
        post("/v1/batch", {"batch": [track()]}, key=None, authorization=f"Bearer {SERVER_KEY}").status == 200
    )


def test_another_bearer_token_leaves_the_choice_to_the_key_in_the_body(post: Post) -> None:
    body = {"batch": [track()], "writeKey": SERVER_KEY}
    assert post("/v1/batch", body, key=None, authorization="Bearer some-oauth-token").status == 200


def test_the_key_of_a_single_event_may_stand_in_the_event(post: Post) -> None:
    assert post("/v1/t", track(writeKey=SERVER_KEY), key=None).status == 200


@pytest.mark.parametrize("key", [None, OFF_KEY, "dk_live_nobody", "", "ключ"])
def test_a_wrong_missing_or_disabled_key_is_401_and_nothing_is_queued(
    door: Door, post: Post, key: str | None
) -> None:
    reply = post("/v1/batch", {"batch": [track()]}, key=key)
    assert (reply.status, reply.json["code"]) == (401, "INVALID_WRITE_KEY")
    assert door.queue.bodies == []


def test_a_garbled_basic_header_is_401(post: Post) -> None:
    for value in ("Basic !!!", "Basic", "Basic " + base64.b64encode(b"\xff\xfe").decode()):
        assert post("/v1/batch", {"batch": [track()]}, key=None, authorization=value).status == 401


def test_events_of_a_test_source_are_marked(door: Door, post: Post) -> None:
    post("/v1/batch", {"batch": [track()]}, key=TEST_KEY)
    assert door.queue.documents[0]["source_test"] is True


# ------------------------------------------------------------------ signatures


def test_a_signed_event_is_accepted(door: Door) -> None:
    assert door(signed(door, track())).json["accepted"] == 1
    assert door(signed(door, {"batch": [track(), track()]})).json["accepted"] == 2


@pytest.mark.parametrize(
    ("headers", "at_ms", "code"),
    [
        ({"x_signature": "sha256=00"}, 0, "INVALID_SIGNATURE"),
        ({"x_signature": "sha256=ключ"}, 0, "INVALID_SIGNATURE"),
        ({"x_timestamp": "yesterday"}, 0, "INVALID_SIGNATURE"),
        ({"x_timestamp": ""}, 0, "INVALID_SIGNATURE"),
        ({}, 300_001, "EXPIRED_SIGNATURE"),
        ({}, -300_001, "EXPIRED_SIGNATURE"),
    ],
)
def test_a_wrong_stale_or_missing_signature_is_401(
    door: Door, headers: dict[str, str], at_ms: int, code: str
) -> None:
    reply = door(signed(door, track(), at_ms=at_ms, **headers))
    assert (reply.status, reply.json["code"]) == (401, code)
    assert door.queue.bodies == []


def test_a_signed_request_sent_again_has_the_same_message_ids_so_that_nothing_is_delivered_twice(
    door: Door,
) -> None:
    """Events that name themselves keep their name; for the others the signature stands in."""
    nameless = {name: value for name, value in track().items() if name != "messageId"}
    request_of = signed(door, {"batch": [track(), nameless, nameless]})
    assert door(request_of).json["accepted"] == 3
    again = request_of | {"requestContext": request_of["requestContext"] | {"requestId": "req-2"}}
    assert door(again).json["accepted"] == 3
    first, second = [[event["messageId"] for event in one["batch"]] for one in door.queue.documents]
    assert first == second
    assert len(set(first)) == 3


def test_a_signed_request_cannot_be_sent_again_after_five_minutes(door: Door) -> None:
    kept = signed(door, track())
    assert door(kept).status == 200
    door.later(timedelta(minutes=5, milliseconds=1))
    assert door(kept).json["code"] == "EXPIRED_SIGNATURE"


def test_a_signature_holds_for_its_body_and_its_moment_alone(door: Door) -> None:
    kept = signed(door, track())
    stamp = str(int(door.now.timestamp() * 1000) + 1)
    assert door(kept | {"headers": kept["headers"] | {"x-timestamp": stamp}}).status == 401
    other = request("POST", "/v1/events", json.dumps(track(event="Other")).encode(), key=None)
    assert door(other | {"headers": kept["headers"]}).status == 401


def test_a_clock_that_is_five_minutes_off_still_passes(door: Door) -> None:
    assert door(signed(door, track(), at_ms=300_000)).status == 200


def test_the_signed_path_takes_no_bare_write_key(post: Post) -> None:
    assert post("/v1/events", track()).status == 401


def test_a_signature_that_is_there_is_checked_on_every_path(door: Door) -> None:
    assert door(signed(door, {"batch": [track()]}, path="/v1/batch")).status == 200
    assert door(signed(door, {"batch": [track()]}, path="/v1/batch", x_signature="sha256=00")).status == 401


def test_a_source_without_a_secret_cannot_sign(door: Door) -> None:
    event = signed(door, track(), authorization=f"Bearer {TEST_KEY}")
    assert door(event).json["code"] == "INVALID_SIGNATURE"


# ------------------------------------------------------------------ bad bodies and single bad events


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "MALFORMED_JSON"),
        ("{not json", "MALFORMED_JSON"),
        ('{"batch":[NaN]}', "MALFORMED_JSON"),
        ("[1]", "INVALID_BODY"),
        ('"text"', "INVALID_BODY"),
        ("null", "INVALID_BODY"),
        ("{}", "INVALID_BODY"),
        ('{"batch":{}}', "INVALID_BODY"),
        ("[" * 100_000, "MALFORMED_JSON"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "MALFORMED_JSON"),
        (b"\x1f\x8bnot gzip", "MALFORMED_GZIP"),
        (gzip.compress(b'{"batch":[]}', mtime=0)[:-9], "MALFORMED_GZIP"),
        (b"\xff\xfe", "MALFORMED_JSON"),
    ],
)
def test_a_malformed_body_is_400_in_the_envelope(
    door: Door, post: Post, body: str | bytes, code: str
) -> None:
    reply = post("/v1/batch", body)
    assert (reply.status, reply.json["code"]) == (400, code)
    assert door.queue.bodies == []


def test_a_body_that_is_no_base64_is_400(door: Door) -> None:
    event = request("POST", "/v1/batch", {"batch": []}) | {"body": "%%%", "isBase64Encoded": True}
    assert door(event).json["code"] == "MALFORMED_BODY"


def test_an_empty_batch_is_fine(door: Door, post: Post) -> None:
    assert post("/v1/batch", {"batch": []}).json == {"success": True, "accepted": 0, "errors": []}
    assert door.queue.bodies == []


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"type": "track", "event": "E", "messageId": "bad"}, "no_identifier"),
        (track(timestamp="yesterday", messageId="bad"), "bad_timestamp"),
        (track(event=None, messageId="bad"), "no_event_name"),
        (track(type="purchase", messageId="bad"), "unknown_type"),
        (track(properties=[1], messageId="bad"), "not_an_object"),
        ("text", "not_an_object"),
        (None, "not_an_object"),
    ],
)
def test_a_bad_event_is_named_by_its_index_and_its_neighbours_are_taken(
    door: Door, post: Post, bad: Any, code: str
) -> None:
    reply = post("/v1/batch", {"batch": [track(messageId="before"), bad, track(messageId="after")]})
    assert reply.status == 200
    assert (reply.json["success"], reply.json["accepted"]) == (True, 2)
    assert [(fault["index"], fault["code"]) for fault in reply.json["errors"]] == [(1, code)]
    assert reply.json["errors"][0]["message"]
    assert [event["messageId"] for event in door.queue.events] == ["before", "after"]


def test_refused_events_travel_on_to_be_seen_in_live_events(door: Door, post: Post) -> None:
    post("/v1/batch", {"batch": [track(), {"type": "track", "event": "E" * 500, "messageId": "bad"}]})
    assert door.queue.documents[1]["batch"] == []
    (seen,) = door.queue.documents[1]["refused"]
    assert (seen["index"], seen["code"]) == (1, "no_identifier")
    assert seen["event"] == {"messageId": "bad", "type": "track", "event": "E" * 200}


def test_a_deep_event_is_refused_by_itself(post: Post) -> None:
    deep = json.dumps(track(messageId="deep", properties={"x": "?"})).replace('"?"', "[" * 300 + "]" * 300)
    reply = post("/v1/batch", f'{{"batch":[{json.dumps(track())},{deep}]}}')
    assert (reply.status, reply.json["accepted"]) == (200, 1)
    assert reply.json["errors"][0]["code"] == "too_deep"


def test_half_a_character_does_not_spoil_the_batch(door: Door, post: Post) -> None:
    assert (
        post("/v1/batch", r'{"batch":[{"type":"track","event":"cut \ud83d","userId":"u"}]}').json["accepted"]
        == 1
    )
    assert door.queue.bodies[0].isascii()


def test_a_single_bad_event_is_400_with_the_reason(post: Post) -> None:
    reply = post("/v1/track", {"event": "E"})
    assert (reply.status, reply.json["code"]) == (400, "INVALID_EVENT")
    assert reply.json["errors"][0]["code"] == "no_identifier"


# ------------------------------------------------------------------ limits


def test_500_events_are_taken_and_501_are_not(door: Door, post: Post) -> None:
    assert post("/v1/batch", {"batch": [track()] * 500}).json["accepted"] == 500
    door.queue.bodies.clear()
    reply = post("/v1/batch", {"batch": [track()] * 501})
    assert (reply.status, reply.json["code"]) == (400, "TOO_MANY_EVENTS")
    assert door.queue.bodies == []


def test_an_event_over_64_kb_is_refused_and_its_neighbours_are_taken(post: Post) -> None:
    room = 64 * 1024 - len(json.dumps(track(properties={"text": ""}), separators=(",", ":")))
    fits, large = (track(properties={"text": "x" * size}) for size in (room, room + 1))
    reply = post("/v1/batch", {"batch": [fits, large]})
    assert [(fault["index"], fault["code"]) for fault in reply.json["errors"]] == [(1, "event_too_large")]


def test_the_size_of_an_event_is_that_of_the_text_sent_not_of_its_escapes(post: Post) -> None:
    body = json.dumps({"batch": [track(properties={"text": "語" * 20_000})]}, ensure_ascii=False)
    assert post("/v1/batch", body).json["accepted"] == 1


def test_a_body_over_5_mb_is_413(post: Post) -> None:
    reply = post("/v1/batch", " " * (5 * 1024 * 1024) + '{"batch":[]}')
    assert (reply.status, reply.json["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_gzip_bomb_is_413_before_it_is_unpacked_whole(post: Post) -> None:
    reply = post("/v1/batch", gzip.compress(b" " * 50_000_000, 1))
    assert (reply.status, reply.json["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_large_batch_is_cut_into_frames_that_each_fit_a_message(door: Door, post: Post) -> None:
    events = [track(messageId=f"m-{n}", properties={"text": "x" * 8_000}) for n in range(500)]
    assert post("/v1/batch", {"batch": events}).json["accepted"] == 500
    assert max(len(body) for body in door.queue.bodies) <= 250_000
    assert [event["messageId"] for event in door.queue.events] == [f"m-{n}" for n in range(500)]


# ------------------------------------------------------------------ browsers


@pytest.mark.parametrize(
    ("traits", "code"),
    [
        ({"AIQ_1_2": True}, "reserved_trait"),
        ({"aiq_1_2": True}, "reserved_trait"),
        ({" AIQ_1_2": True}, "reserved_trait"),
        ({"\u00a0Aiq_1_2": True}, "reserved_trait"),
        ({"plan": "gold", "AIQ_": True}, "reserved_trait"),
        ({"-email-subscribe": "opted_in"}, "consent_trait"),
        ({"Email Subscribe": "opted_in"}, "consent_trait"),
        ({"email_subscribe": "opted_in"}, "consent_trait"),
        ({"pushSubscribe": "opted_in"}, "consent_trait"),
        ({"subscription_groups": []}, "consent_trait"),
    ],
)
def test_a_browser_can_set_neither_membership_nor_consent(
    post: Post, traits: dict[str, Any], code: str
) -> None:
    event = {"type": "identify", "userId": "u", "traits": {"plan": "gold"} | traits}
    lifted = {"type": "identify", "userId": "u", "context": {"traits": traits}}
    reply = post("/v1/b", {"batch": [event, lifted, track()]}, key=BROWSER_KEY)
    assert (reply.status, reply.json["accepted"]) == (200, 1)
    assert [(fault["index"], fault["code"]) for fault in reply.json["errors"]] == [(0, code), (1, code)]


def test_a_server_may_send_what_a_browser_may_not(post: Post) -> None:
    event = {"type": "identify", "userId": "u", "traits": {"email_subscribe": "opted_in"}}
    assert post("/v1/identify", event).status == 200


def test_a_browser_key_cannot_reach_the_signed_path(door: Door) -> None:
    reply = door(signed(door, track(), authorization=f"Bearer {BROWSER_KEY}"))
    assert (reply.status, reply.json["code"]) == (403, "SERVER_SOURCE_REQUIRED")


def test_a_browsers_events_are_marked_as_such(door: Door, post: Post) -> None:
    post("/v1/t", track(sourceKind="server", sourceId="src_other"), key=BROWSER_KEY)
    assert (door.queue.events[0]["sourceKind"], door.queue.events[0]["sourceId"]) == (
        "browser",
        "src_browser",
    )


# ------------------------------------------------------------------ a queue that is away


def test_503_when_nothing_could_be_queued(door: Door, post: Post) -> None:
    door.queue.full = {0}
    reply = post("/v1/batch", {"batch": [track()]})
    assert (reply.status, reply.json["code"], reply.json["accepted"]) == (503, "QUEUE_UNAVAILABLE", 0)
    assert reply.headers["Retry-After"].isdigit()


def test_503_names_every_event_that_is_not_queued_when_some_are(door: Door, post: Post) -> None:
    door.queue.full = {1}
    events = [track(messageId=f"m-{n}", properties={"text": "x" * 60_000}) for n in range(6)]
    reply = post("/v1/batch", {"batch": [*events, "bad"]})
    lost = {fault["index"] for fault in reply.json["errors"] if fault["code"] == "QUEUE_UNAVAILABLE"}
    queued = {int(event["messageId"].removeprefix("m-")) for event in door.queue.events}
    assert reply.status == 503
    assert reply.json["accepted"] == len(queued) == 6 - len(lost)
    assert (lost | queued, lost & queued) == (set(range(6)), set())
    assert [fault["index"] for fault in reply.json["errors"] if fault["code"] == "not_an_object"] == [6]


def test_a_retry_carries_the_same_message_ids(door: Door, post: Post) -> None:
    """So the claims made before delivery drop what was taken the first time."""
    for _ in range(2):
        post("/v1/batch", {"batch": [track()]})
        door.later(timedelta(seconds=1))
    assert {event["messageId"] for event in door.queue.events} == {"m-1"}
