"""A receiver that keeps what it is sent and answers as it was told to."""

import json

import pytest

from local.standins.web import Request
from local.standins.webhook.site import Receiver


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_what_is_sent_is_kept_as_it_came(receiver: Receiver) -> None:
    assert receiver.answer(b"PUT /a?x=1 HTTP/1.1\r\nX-Signature: s", b"{}").payload.startswith(
        b"HTTP/1.1 200"
    )
    receiver.handle(Request("POST", "/b", {}, {}, b"\xff"))
    shown = receiver.handle(Request("GET", "/_standin/requests", {"path": "/a"})).json()
    assert shown["requests"] == [
        {"method": "PUT", "path": "/a", "headers": {"x-signature": "s"}, "body": "{}", "status": 200}
    ]
    assert receiver.handle(Request("GET", "/_standin/requests")).json()["total"] == 2


def test_a_path_can_be_told_to_refuse_until_the_reset(receiver: Receiver) -> None:
    body = json.dumps({"/a": 401}).encode()
    assert receiver.handle(Request("PUT", "/_standin/statuses", {}, {}, body)).status == 200
    assert [receiver.handle(Request("POST", path)).status for path in ("/a", "/b")] == [401, 200]
    assert receiver.handle(Request("POST", "/_standin/reset")).status == 204
    assert receiver.handle(Request("POST", "/a")).status == 200
    assert len(receiver.received) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b'{"/a":"401"}', b'{"/a":true}'])
def test_statuses_are_numbers_by_path(receiver: Receiver, body: bytes) -> None:
    assert receiver.handle(Request("PUT", "/_standin/statuses", {}, {}, body)).status == 400


def test_what_is_no_request_and_no_control_route_is_refused(receiver: Receiver) -> None:
    assert receiver.answer(b"nonsense", b"").payload.startswith(b"HTTP/1.1 400")
    assert receiver.handle(Request("GET", "/_standin/nothing")).status == 404
