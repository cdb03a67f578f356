"""/campaigns/trigger/send."""

import re
from typing import Any

import pytest


@pytest.fixture
def ready(braze: Any) -> Any:
    """Return an account with the campaign `c1` and the users `u` and `v`."""
    braze.call("POST", "/_standin/campaigns", {"id": "c1", "name": "C"})
    braze.track(attributes=[{"external_id": "u"}, {"external_id": "v"}])
    return braze


def test_one_dispatch_id_of_32_hex_digits_for_the_whole_call(ready: Any) -> None:
    reply = ready.send([{"external_user_id": "u"}, {"external_user_id": "v"}])
    assert reply.status == 201
    assert re.fullmatch(r"[0-9a-f]{32}", reply.json()["dispatch_id"])
    assert {one["dispatch_id"] for one in ready.triggers()} == {reply.json()["dispatch_id"]}
    assert ready.counters()["recipients"] == 2


def test_a_recipients_properties_override_the_requests(ready: Any) -> None:
    recipient = {"external_user_id": "u", "trigger_properties": {"a": 1}}
    ready.send([recipient], trigger_properties={"a": 0, "b": 2})
    assert ready.triggers()[0]["trigger_properties"] == {"a": 1, "b": 2}


def test_a_user_named_twice_gets_one_message_with_the_last_properties(ready: Any) -> None:
    ready.send([{"external_user_id": "u", "trigger_properties": {"n": n}} for n in (1, 2)])
    assert [one["trigger_properties"] for one in ready.triggers()] == [{"n": 2}]


def test_an_unknown_user_is_not_messaged_and_not_reported(ready: Any) -> None:
    reply = ready.send([{"external_user_id": "nobody"}])
    assert reply.json()["message"] == "success"
    assert ready.triggers() == []


def test_external_id_is_no_identifier_here(ready: Any) -> None:
    reply = ready.send([{"external_id": "u"}])
    assert (reply.status, reply.json()["message"]) == (400, "No Recipients")


@pytest.mark.parametrize(("accepted", "status"), [(True, 201), (False, 400)])
def test_braze_id_recipients_depend_on_the_account(ready: Any, accepted: bool, status: int) -> None:
    ready.modes(braze_id_recipients=accepted)
    assert ready.send([{"braze_id": ready.profile()["braze_id"]}]).status == status
    assert len(ready.triggers()) == accepted


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "No Recipients"),
        ({"recipients": []}, "No Recipients"),
        ({"recipients": [{"external_user_id": "u"}], "campaign_id": "other"}, "Invalid Campaign ID"),
        ({"recipients": [{"external_user_id": "u"}], "broadcast": True}, "Bad Request"),
        ({"recipients": [{"external_user_id": "u", "braze_id": "b"}]}, "Bad Request"),
        ({"recipients": [{"external_user_id": 7}]}, "Bad Request"),
        ({"recipients": [{"user_alias": "a"}]}, "Bad Request"),
        ({"recipients": [{"email": "x@y.zz"}]}, "Bad Request"),
        (
            {"recipients": [{"external_user_id": "u"}], "trigger_properties": {"a": "x" * 60_000}},
            "Bad Request",
        ),
    ],
)
def test_a_fatal_mistake_sends_nothing(ready: Any, body: Any, message: str) -> None:
    reply = ready.send(**body)
    assert (reply.status, reply.json()["message"]) == (400, message)
    assert ready.triggers() == []


def test_more_than_fifty_recipients_are_refused(ready: Any) -> None:
    recipients = [{"external_user_id": str(n)} for n in range(51)]
    assert ready.send(recipients[:50]).status == 201
    assert "per request was exceeded" in ready.send(recipients).json()["message"]


def test_a_broadcast_without_recipients_messages_everybody(ready: Any) -> None:
    assert ready.send(broadcast=True).status == 201
    assert len(ready.triggers()) == 2


def test_a_paused_campaign_answers_success_with_a_notice_and_sends_nothing(ready: Any) -> None:
    ready.call("POST", "/_standin/campaigns", {"id": "c1", "name": "C", "paused": True})
    reply = ready.send([{"external_user_id": "u"}])
    assert (reply.status, reply.json()["message"]) == (201, "success")
    assert "paused" in reply.json()["notice"]
    assert "dispatch_id" not in reply.json()
    assert ready.triggers() == []


@pytest.mark.parametrize(("attributes", "messages"), [({"x": 1}, 1), (None, 0)])
def test_a_new_user_is_made_only_together_with_attributes(ready: Any, attributes: Any, messages: int) -> None:
    given = {} if attributes is None else {"attributes": attributes}
    ready.send([{"external_user_id": "new", "send_to_existing_only": False, **given}])
    assert len(ready.triggers()) == messages


def test_attributes_of_a_recipient_are_set_and_charged(ready: Any) -> None:
    ready.send([{"external_user_id": "u", "attributes": {"x": 1}}])
    assert ready.custom() == {"x": 1}
    assert ready.counters()["data_points"] == 1


def test_repeating_a_request_messages_again(ready: Any) -> None:
    for _ in range(2):
        ready.send([{"external_user_id": "u"}])
    assert len(ready.triggers()) == 2
