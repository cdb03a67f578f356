"""A journey's orders: who may give them, what they come to, and that none is carried out twice."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.errors import Retryable
from bridge.flows.authorize import Role, allows, same_token, signature, token_digest
from mapping.delivery import DeliveryMessage
from mapping.export import ExportKey, Manifest
from tests.unit.collect.builders import (
    BRAZE_ID,
    BROWSER_KEY,
    HMAC_SECRET,
    SERVER_KEY,
    Door,
    Reply,
    example,
    installation,
    request,
)

CAMPAIGN = {"campaign_id": "4f6a1d0b"}


def order(**changes: Any) -> dict[str, Any]:
    return {
        "activation_id": "journey-1",
        "kind": "campaign",
        "integration_id": BRAZE_ID,
        "settings": CAMPAIGN,
        "rows": [{"external_id": "u-1", "first_name": "Pat"}],
    } | changes


def activate(door: Door, body: Any, *, token: str = "sb_activator") -> Reply:  # noqa: S107 - made up
    return door(
        request("POST", "/v1/activations", body, key=None, headers={"authorization": f"Bearer {token}"})
    )


def messages(door: Door) -> list[DeliveryMessage]:
    return [DeliveryMessage.model_validate_json(body) for body in door.braze.bodies]


# ------------------------------------------------------------------ who


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("sb_activator", 202),
        ("sb_editor", 202),
        ("sb_admin", 202),
        ("sb_viewer", 403),
        ("sb_unknown", 401),
        (SERVER_KEY, 403),
        (BROWSER_KEY, 403),
        ("", 401),
    ],
)
def test_only_those_who_may_order_can(door: Door, token: str, status: int) -> None:
    assert activate(door, order(), token=token).status == status
    assert len(door.braze.bodies) == (status == 202)


def test_a_signed_order_of_a_server_source_is_carried_out(door: Door) -> None:
    raw, stamp = json.dumps(order()).encode(), str(int(door.now.timestamp() * 1000))
    headers = {"authorization": f"Bearer {SERVER_KEY}", "x_timestamp": stamp}
    good = headers | {"x_signature": signature(HMAC_SECRET, stamp, raw)}
    assert door(request("POST", "/v1/activations/", raw, key=None, headers=good)).status == 202
    bad = headers | {"x_signature": "sha256=00"}
    assert door(request("POST", "/v1/activations", raw, key=None, headers=bad)).status == 401


@pytest.mark.parametrize(
    ("role", "needed", "may"),
    [
        ("viewer", Role.VIEWER, True),
        ("viewer", Role.EDITOR, False),
        ("editor", Role.VIEWER, True),
        ("editor", Role.ADMIN, False),
        ("admin", Role.ADMIN, True),
        ("admin", Role.ACTIVATOR, True),
        ("activator", Role.ACTIVATOR, True),
        ("activator", Role.VIEWER, False),
        ("viewer", Role.ACTIVATOR, False),
        ("owner", Role.VIEWER, False),
        ("", Role.VIEWER, False),
    ],
)
def test_what_each_role_may_do(role: str, needed: Role, may: bool) -> None:
    assert allows(role, needed) is may


def test_tokens_are_compared_by_digest_whatever_their_characters() -> None:
    assert same_token("sb_é", "sb_é")
    assert not same_token("sb_é", "sb_e")
    assert token_digest("a") == hashlib.sha256(b"a").hexdigest()


# ------------------------------------------------------------------ campaigns


def test_the_example_activation_is_carried_out(door: Door) -> None:
    event = example("collect.activation.json")
    event["headers"]["authorization"] = "Bearer sb_activator"
    reply = door(event)
    assert reply.json == {"activation_id": "journey-17-step-3", "accepted": 2, "rejected": []}


def test_a_campaign_leaves_in_deliveries_of_at_most_50_recipients(door: Door) -> None:
    rows = [{"external_id": f"u-{n}", "n": n} for n in range(120)]
    assert activate(door, order(rows=rows)).json["accepted"] == 120
    sent = messages(door)
    assert [len(message.items) for message in sent] == [50, 50, 20]
    assert {message.kind for message in sent} == {"campaign"}
    assert sent[0].items[0] == {"external_id": "u-0", "n": 0}
    assert door.braze.groups == [BRAZE_ID]


def test_a_campaign_must_go_out_within_the_hour_unless_the_order_says_otherwise(door: Door) -> None:
    activate(door, order())
    activate(door, order(activation_id="b", settings=CAMPAIGN | {"send_before": "2026-03-03T00:00:00+01:00"}))
    orders = [message.campaign for message in messages(door)]
    assert [one.send_before for one in orders if one] == [
        "2026-03-02T11:15:30.000Z",
        "2026-03-02T23:00:00.000Z",
    ]
    assert [one.order_id for one in orders if one] == ["journey-1", "b"]


def test_the_last_row_of_a_user_wins_and_the_others_are_named(door: Door) -> None:
    rows = [{"external_id": "u", "v": 1}, {"braze_id": "u", "v": 2}, {"external_id": "u", "v": 3}]
    reply = activate(door, order(rows=rows))
    assert reply.json["rejected"] == [{"index": 0, "reason": "superseded"}]
    assert messages(door)[0].items == [{"braze_id": "u", "v": 2}, {"external_id": "u", "v": 3}]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"external_id": "a", "braze_id": "b"}, "two_identifiers"),
        ({"first_name": "Pat"}, "no_identifier"),
        ({"external_id": None}, "no_identifier"),
        ({"external_id": "  "}, "no_identifier"),
        ({"external_id": ["a"]}, "empty_identifier"),
        ({"external_id": True}, "empty_identifier"),
        ({"external_id": "x" * 1000}, "external_id_too_long"),
        ({"external_id": "u", "big": "x" * 60_000}, "trigger_properties_too_large"),
        ({"external_id": "u", "huge": 10**30}, "bad_number"),
        ("text", "not_an_object"),
        (None, "not_an_object"),
    ],
)
def test_a_bad_row_is_named_with_its_reason_and_its_neighbours_go_out(
    door: Door, row: Any, reason: str
) -> None:
    reply = activate(door, order(rows=[{"external_id": "before"}, row, {"external_id": 7}]))
    assert reply.status == 202
    assert (reply.json["accepted"], reply.json["rejected"]) == (2, [{"index": 1, "reason": reason}])
    assert messages(door)[0].items == [{"external_id": "before"}, {"external_id": "7"}]


def test_an_empty_identifier_beside_a_filled_one_is_no_second_one(door: Door) -> None:
    assert activate(door, order(rows=[{"external_id": "u", "braze_id": ""}])).json["accepted"] == 1


def test_an_order_of_bad_rows_alone_is_answered_and_sends_nothing(door: Door) -> None:
    for kind, settings in (("campaign", CAMPAIGN), ("event", {"event_name": "E"}), ("audience", AUDIENCE)):
        reply = activate(door, order(activation_id=kind, kind=kind, settings=settings, rows=[{}]))
        assert (reply.status, reply.json["accepted"]) == (202, 0)
    assert door.braze.bodies == []
    assert door.exports.files == {}


# ------------------------------------------------------------------ events


def test_an_event_order_becomes_canonical_track_events(door: Door) -> None:
    rows = [
        {"external_id": "u-1", "total": 3, "event_time": "2026-03-01T00:00:00Z"},
        {"braze_id": "b-1", "event_name": "Other", "event_id": "e-9"},
    ]
    activate(door, order(kind="event", settings={"event_name": "Reached Step"}, rows=rows))
    (message,) = messages(door)
    first, second = message.items
    assert (message.kind, message.campaign) == ("events", None)
    assert (first["event"], first["userId"], first["properties"]) == ("Reached Step", "u-1", {"total": 3})
    assert (first["timestamp"], first["messageId"]) == ("2026-03-01T00:00:00.000Z", "journey-1:0")
    assert (second["event"], second["context"], second["messageId"]) == ("Other", {"braze_id": "b-1"}, "e-9")
    assert second["timestamp"] == "2026-03-02T10:15:30.000Z"


def test_events_are_sent_by_the_time_the_order_names(door: Door) -> None:
    activate(
        door, order(kind="event", settings={"event_name": "e", "send_before": "2026-03-03T00:00:00+01:00"})
    )
    activate(door, order(activation_id="b", kind="event", settings={"event_name": "e"}))
    assert [one.send_before for one in messages(door)] == ["2026-03-02T23:00:00.000Z", None]


def test_events_of_one_user_are_all_sent(door: Door) -> None:
    rows = [{"external_id": "u"}] * 80
    activate(door, order(kind="event", settings={"event_name": "E"}, rows=rows))
    assert [len(message.items) for message in messages(door)] == [75, 5]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"external_id": "u"}, "no_event_name"),
        ({"external_id": "u", "event_name": "E", "event_time": "x"}, "bad_timestamp"),
    ],
)
def test_a_row_that_makes_no_event_is_named(door: Door, row: dict[str, Any], reason: str) -> None:
    reply = activate(door, order(kind="event", settings={}, rows=[row]))
    assert reply.json["rejected"] == [{"index": 0, "reason": reason}]


# ------------------------------------------------------------------ audiences

AUDIENCE = {"audience_id": "aud-7", "split_id": "1"}


def test_an_audience_order_becomes_a_delta_export_with_its_manifest_last(door: Door) -> None:
    rows = [{"external_id": "u-1", "plan": "gold"}, {"external_id": "u-2", "op": "remove"}]
    assert activate(door, order(kind="audience", settings=AUDIENCE, rows=rows)).json["accepted"] == 2
    folder = f"exports/{BRAZE_ID}/audience=aud-7/split=1/journey-1"
    assert list(door.exports.files) == [f"{folder}/part-00001.jsonl", f"{folder}/manifest.json"]
    part, raw = door.exports.files.values()
    assert [json.loads(line) for line in part.splitlines()] == [
        {"external_id": "u-1", "op": "add", "plan": "gold"},
        {"external_id": "u-2", "op": "remove"},
    ]
    manifest = Manifest.model_validate_json(raw)
    assert (manifest.mode, manifest.identifier, manifest.parts[0].rows) == ("delta", "external_id", 2)
    assert manifest.parts[0].sha256 == hashlib.sha256(part).hexdigest()
    assert (manifest.exported_at, manifest.send_before) == (door.now, None)
    key = ExportKey.parse(f"{folder}/manifest.json")
    assert key.starts_run
    manifest.check(key)


def test_an_audience_order_names_its_time_in_the_manifest(door: Door) -> None:
    activate(door, order(kind="audience", settings=AUDIENCE | {"send_before": "2026-03-03T00:00:00Z"}))
    *_, raw = door.exports.files.values()
    assert Manifest.model_validate_json(raw).send_before == datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"braze_id": "b"}, "other_identifier"),
        ({"external_id": "u", "op": "drop"}, "bad_op"),
        ({"external_id": "u", "op": ["add"]}, "bad_op"),
        ({"external_id": "u", "AIQ_1_2": True}, "reserved_attribute"),
    ],
)
def test_a_row_that_makes_no_member_is_named(door: Door, row: dict[str, Any], reason: str) -> None:
    reply = activate(door, order(kind="audience", settings=AUDIENCE, rows=[row]))
    assert reply.json["rejected"] == [{"index": 0, "reason": reason}]


def test_an_id_that_cannot_stand_in_a_key_is_replaced_by_its_digest(door: Door) -> None:
    odd = order(activation_id="journey/1:step?2", kind="audience", settings=AUDIENCE)
    assert activate(door, odd).status == 202
    assert all(ExportKey.parse(key).export_id.startswith("act_") for key in door.exports.files)


# ------------------------------------------------------------------ once


def test_the_same_order_again_gets_the_same_answer_and_nothing_is_sent_again(door: Door) -> None:
    first = activate(door, order())
    door.later(timedelta(hours=2))
    reordered = dict(reversed(order().items()))
    again = activate(door, reordered)
    assert (again.status, again.raw["body"]) == (202, first.raw["body"])
    assert len(door.braze.bodies) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": [{"external_id": "u-2"}]},
        {"settings": {"campaign_id": "other"}},
        {"kind": "event", "settings": {"event_name": "E"}},
    ],
)
def test_the_same_id_with_another_body_is_409(door: Door, changes: dict[str, Any]) -> None:
    activate(door, order())
    reply = activate(door, order(**changes))
    assert (reply.status, reply.json["code"]) == (409, "ACTIVATION_CONFLICT")
    assert len(door.braze.bodies) == 1


@pytest.mark.parametrize(("kind", "settings"), [("campaign", CAMPAIGN), ("event", {"event_name": "E"})])
def test_after_a_failure_the_order_goes_out_again_under_the_same_ids_and_times(
    door: Door, kind: str, settings: dict[str, Any]
) -> None:
    door.braze.full = {1}
    body = order(kind=kind, settings=settings, rows=[{"external_id": f"u-{n}"} for n in range(150)])
    failed = activate(door, body)
    assert (failed.status, failed.json["code"]) == (503, "QUEUE_UNAVAILABLE")
    first = set(door.braze.bodies)
    door.braze.full, door.braze.bodies = set(), []
    door.later(timedelta(minutes=30))
    assert activate(door, body).json["accepted"] == 150
    assert first < set(door.braze.bodies)


def test_an_export_that_is_written_again_is_the_same_to_the_byte(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_self: object, _id: str, _answer: str) -> None:
        raise Retryable("table_unavailable")

    body = order(kind="audience", settings=AUDIENCE)
    with monkeypatch.context() as broken:
        broken.setattr(type(door.log), "finish", lost)
        assert activate(door, body).status == 503
    before = dict(door.exports.files)
    door.later(timedelta(minutes=30))
    assert activate(door, body).status == 202
    assert door.exports.files == before


# ------------------------------------------------------------------ bad orders


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"kind": "canvas"}, "/kind"),
        ({"kind": None}, "/kind"),
        ({"activation_id": ""}, "/activation_id"),
        ({"activation_id": "with blank"}, "/activation_id"),
        ({"rows": []}, "/rows"),
        ({"rows": [{}] * 1001}, "/rows"),
        ({"rows": {}}, "/rows"),
        ({"colour": "red"}, "/colour"),
        ({"settings": {}}, "/settings/campaign_id"),
        ({"settings": {"campaign_id": "c", "send_before": "soon"}}, "/settings/send_before"),
        ({"settings": {"campaign_id": "c", "send_before": 0}}, "/settings/send_before"),
        ({"settings": {"campaign_id": "c", "send_before": "0"}}, "/settings/send_before"),
        ({"settings": {"campaign_id": "c", "send_before": "2026-03-03T00:00:00"}}, "/settings/send_before"),
        ({"settings": {"campaign_id": "c", "colour": "red"}}, "/settings/colour"),
        ({"kind": "audience", "settings": {"audience_id": "a"}}, "/settings/split_id"),
        ({"kind": "audience", "settings": {"audience_id": "a/b", "split_id": "1"}}, "/settings/audience_id"),
        (
            {
                "kind": "audience",
                "settings": {"audience_id": "a", "split_id": "1", "update_existing_only": "yes"},
            },
            "/settings/update_existing_only",
        ),
        (
            {"kind": "audience", "settings": {"audience_id": "a", "split_id": "1", "time_zone": "\ud83d"}},
            "/settings",
        ),
        ({"settings": {"campaign_id": "c\udc4b"}}, "/settings"),
    ],
)
def test_an_order_that_does_not_pass_is_422_and_its_id_stays_free(
    door: Door, changes: dict[str, Any], pointer: str
) -> None:
    reply = activate(door, order(**changes))
    assert (reply.status, reply.json["code"]) == (422, "INVALID_ACTIVATION")
    assert reply.json["errors"][0]["pointer"] == pointer
    assert door.log.begun == {}


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"'])
def test_a_malformed_order_is_400(door: Door, body: str) -> None:
    assert activate(door, body).status == 400


def test_an_unknown_integration_is_404(door: Door) -> None:
    reply = activate(door, order(integration_id="int_unknown"))
    assert (reply.status, reply.json["code"]) == (404, "INTEGRATION_NOT_FOUND")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"catalog_key": "actioniq"}, "WRONG_INTEGRATION"), ({"enabled": False}, "INTEGRATION_DISABLED")],
)
def test_an_integration_that_cannot_take_orders_is_422(
    door: Door, changes: dict[str, Any], code: str
) -> None:
    door.installations.known[BRAZE_ID] = installation(**changes)
    reply = activate(door, order())
    assert (reply.status, reply.json["code"]) == (422, code)
