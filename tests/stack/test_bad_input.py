"""Bad input on the running stack: each has its answer or its record, and its neighbours are delivered."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.demo.stack import Stack
from tests.stack.house import House, ask, until

INSTALL = "integration-catalog/actioniq/install"


@pytest.fixture(scope="module")
def house(stack: Stack) -> Iterator[House]:
    made = House(stack)
    made.open()
    made.install("actioniq")
    made.install("braze")
    yield made
    made.close()


def enveloped(reply: tuple[int, Any], status: int, code: str) -> Any:
    """The documented body of what is no success; gives its `errors`."""
    got, body = reply
    assert got == status, body
    assert (body["status"], body["code"], body["error"]["code"]) == (status, code, code)
    assert body["message"] == body["detail"] == body["error"]["message"] != ""
    assert body["type"] == "about:blank"
    assert body["instance"].startswith("/v1/")
    return body["errors"]


def delivered(house: House, *users: str) -> None:
    """Each of them once at both vendors."""
    for user in users:
        until(lambda user=user: house.records(user) and house.events(user), f"the event of {user}")
        assert len(house.records(user)) == len(house.events(user)) == 1


# ------------------------------------------------------------------ installing


@pytest.mark.parametrize("body", ['{"name": ', "", b"\xff\xfe", "[" * 1000])
def test_a_malformed_body_is_a_400(house: House, body: Any) -> None:
    assert enveloped(house.admin("POST", INSTALL, body), 400, "MALFORMED_JSON") == []


def test_a_body_that_is_no_object_is_a_422(house: House) -> None:
    enveloped(house.admin("POST", INSTALL, [1]), 422, "VALIDATION_FAILED")


def faults(house: House, body: Any, key: str = "actioniq") -> list[str]:
    errors = enveloped(
        house.admin("POST", f"integration-catalog/{key}/install", body), 422, "VALIDATION_FAILED"
    )
    assert all(one["code"] and one["detail"] for one in errors)
    return [one["pointer"] for one in errors]


def test_an_unknown_field_in_config_is_pointed_at(house: House) -> None:
    assert faults(house, house.body("actioniq", surprise=1)) == ["/config/surprise"]


def test_an_unknown_variant_is_pointed_at(house: House) -> None:
    assert faults(house, house.body("actioniq") | {"variant": "deluxe"}) == ["/variant"]


@pytest.mark.parametrize(("key", "secret"), [("actioniq", "api_key"), ("braze", "rest_api_key")])
def test_a_missing_secret_is_pointed_at(house: House, key: str, secret: str) -> None:
    body = house.body(key)
    del body["config"][secret]
    assert faults(house, body, key) == [f"/config/{secret}"]


def test_nothing_of_a_refused_install_is_left(house: House) -> None:
    body = house.body("actioniq", surprise=1)
    faults(house, body)
    _, page = house.admin("GET", "integrations?limit=100")
    assert body["name"] not in [one["name"] for one in page["data"]]


def test_a_wrong_token_is_refused_by_the_gateway(house: House) -> None:
    url = f"{house.stack.api_url}/v1/admin/{INSTALL}"
    assert ask("POST", url, house.body("actioniq"), bearer="wrong") == (403, {"message": "Forbidden"})
    assert ask("POST", url, house.body("actioniq"))[0] == 401


# ------------------------------------------------------------------ events over HTTP


@pytest.mark.parametrize("body", ['{"batch": [', "no JSON", b"\xff"])
def test_malformed_events_are_a_400(house: House, body: Any) -> None:
    enveloped(house.send(body), 400, "MALFORMED_JSON")


def test_a_wrong_write_key_is_a_401(house: House) -> None:
    url = f"{house.stack.api_url}/v1/batch"
    enveloped(ask("POST", url, {"batch": []}, bearer="dk_live_wrong"), 401, "INVALID_WRITE_KEY")


BAD_EVENTS = {
    "no_identifier": {"userId": None},
    "bad_timestamp": {"timestamp": "the day before yesterday"},
}


@pytest.mark.parametrize(("code", "change"), BAD_EVENTS.items())
def test_a_bad_event_in_a_batch_is_named_and_recorded_and_its_neighbours_are_delivered(
    house: House, code: str, change: Any
) -> None:
    users = [house.user(), house.user()]
    bad = house.track(house.user(), **change)
    status, answer = house.send({"batch": [house.track(users[0]), bad, house.track(users[1])]})
    assert (status, answer["success"], answer["accepted"]) == (200, True, 2)
    assert [(one["index"], one["code"]) for one in answer["errors"]] == [(1, code)]
    recorded(house, bad["messageId"], code)
    delivered(house, *users)


@pytest.mark.parametrize(("code", "change"), BAD_EVENTS.items())
def test_a_bad_event_by_itself_is_a_400(house: House, code: str, change: Any) -> None:
    errors = enveloped(house.send(house.track(house.user(), **change), "track"), 400, "INVALID_EVENT")
    assert [one["code"] for one in errors] == [code]


# ------------------------------------------------------------------ straight on the queue


def recorded(house: House, message_id: str, code: str) -> None:
    """Live events hold it as rejected, with its reason and the event as it came."""
    row = house.row_of(message_id, status="rejected")
    (event,) = (one for one in row["events"] if one["message_id"] == message_id)
    assert event["reason"] == code
    status, detail = house.admin("GET", f"live-events/{row['delivery_id']}")
    assert status == 200
    assert message_id in json.dumps(detail["stages"]["input"])
    assert code in [one["reason"] for one in detail["outcomes"]]


@pytest.mark.parametrize(("code", "change"), BAD_EVENTS.items())
def test_a_bad_event_on_the_queue_is_recorded_and_its_neighbours_are_delivered(
    house: House, code: str, change: Any
) -> None:
    users = [house.user(), house.user()]
    bad = house.track(house.user(), **change)
    house.enqueue(house.frame(house.track(users[0]), bad), house.frame(house.track(users[1])))
    recorded(house, bad["messageId"], code)
    delivered(house, *users)


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        ("not_an_object", '"{tag}"'),
        ("not_an_object", '["{tag}"]'),
        ("malformed_json", '{"type": "track", "{tag}'),
        ("invalid_batch", '{"batch": "{tag}"}'),
    ],
)
def test_a_body_that_holds_no_event_is_a_dead_letter_and_its_neighbours_are_delivered(
    house: House, reason: str, body: str
) -> None:
    users = [house.user(), house.user()]
    bad = body.replace("{tag}", uuid.uuid4().hex)
    house.enqueue(house.frame(house.track(users[0])), bad, house.frame(house.track(users[1])))

    def filed() -> bool:
        _, page = house.admin("GET", f"dead-letters?reason={reason}&limit=20")
        letters = [house.admin("GET", f"dead-letters/{one['id']}")[1] for one in page["data"]]
        return any((one["queue"], one["body"]) == ("event", bad) for one in letters)

    until(filed, f"a dead letter of reason {reason}")
    delivered(house, *users)
