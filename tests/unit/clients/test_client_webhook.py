"""What a webhook's receiver is sent, and how it can tell that it came from here."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from urllib3 import HTTPResponse

from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.clients.webhook import Client
from bridge.errors import Blocked, BridgeError, Problem, Retryable, TooLarge, Unknown
from bridge.flows.authorize import check_signature
from mapping.installation import Installation, Revision
from mapping.webhook import WebhookSettings

NOW = datetime(2026, 11, 21, 12, 0, 0, 123_000, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
URL = "https://hooks.example.com/signal"
SECRETS = {"bearer_token": "hook-token", "basic_password": "pa:ss", "hmac_secret": "hush"}
EVENTS = [{"type": "track", "event": "Zoë \u2603"}]


@dataclass
class Wire:
    """The network; keeps method, headers and the body's bytes."""

    status: int = 200
    answer: bytes = b"{}"
    told: Mapping[str, str] = field(default_factory=dict)
    sent: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)

    def urlopen(self, method: str, url: str, redirect: bool = True, **given: Any) -> HTTPResponse:
        self.sent.append((method, url, given["headers"], given["body"]))
        return HTTPResponse(BytesIO(self.answer), self.told, status=self.status, preload_content=False)

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.sent[0][2].items()}


def send(wire: Wire, secrets: Mapping[str, str] = SECRETS, **settings: Any) -> Any:
    client = Client(Transport(AllowedHosts.of(["hooks.example.com"]), pools=wire), lambda: NOW)
    witnessed: list[Any] = []
    found = WebhookSettings(url=URL, **settings)
    answer = client.send(found, secrets, EVENTS, lambda *told: witnessed.append(told))
    assert [told[0] for told in witnessed] == [wire.status]
    return answer


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_events_go_as_one_batch_under_the_chosen_method(method: str) -> None:
    wire = Wire()
    assert send(wire, method=method).rejected == {}
    assert wire.sent[0][:2] == (method, URL)
    assert wire.sent[0][3].decode() == r'{"batch":[{"type":"track","event":"Zo\u00eb \u2603"}]}'
    assert wire.headers["content-type"] == "application/json"


def test_without_authentication_no_secret_leaves() -> None:
    wire = Wire()
    send(wire)
    assert not {"authorization", "x-signature"} & set(wire.headers)
    assert not [secret for secret in SECRETS.values() if secret in str(wire.sent)]


def test_a_bearer_token_is_sent_as_it_is() -> None:
    wire = Wire()
    send(wire, authentication="bearer")
    assert wire.headers["authorization"] == "Bearer hook-token"


def test_user_and_password_are_sent_as_basic_authentication_has_them() -> None:
    wire = Wire()
    send(wire, authentication="basic", basic_user="bridge")
    scheme, _, pair = wire.headers["authorization"].partition(" ")
    assert (scheme, b64decode(pair)) == ("Basic", b"bridge:pa:ss")


def test_a_signature_passes_the_check_our_own_event_api_makes() -> None:
    wire = Wire()
    send(wire, authentication="hmac")
    body = wire.sent[0][3]
    check_signature(wire.headers, body, "hush", NOW_MS + 1_000)
    assert wire.headers["x-timestamp"] == str(NOW_MS)
    for headers, signed in ((wire.headers, body + b" "), ({**wire.headers, "x-timestamp": "1"}, body)):
        with pytest.raises(Problem):
            check_signature(headers, signed, "hush", NOW_MS)


@pytest.mark.parametrize("authentication", ["bearer", "basic", "hmac"])
def test_a_secret_that_is_not_stored_blocks_instead_of_going_out_empty(authentication: str) -> None:
    wire = Wire()
    with pytest.raises(Blocked, match="secret_missing"):
        send(wire, {}, authentication=authentication, basic_user="bridge")
    assert wire.sent == []


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (302, Blocked, "redirected"),
        (400, TooLarge, "refused_by_receiver"),
        (401, Blocked, "unauthorized"),
        (404, Blocked, "not_found"),
        (408, Retryable, "vendor_unavailable"),
        (413, TooLarge, "refused_by_receiver"),
        (422, TooLarge, "refused_by_receiver"),
        (429, Retryable, "rate_limited"),
        (500, Retryable, "vendor_unavailable"),
        (504, Unknown, "gateway_timeout"),
    ],
)
def test_every_answer_is_an_error_named_by_what_happens_next(
    status: int, error: type[BridgeError], reason: str
) -> None:
    with pytest.raises(error) as caught:
        send(Wire(status))
    assert caught.value.reason == reason


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_takes_everything_whatever_its_body(status: int) -> None:
    assert send(Wire(status, b"\x00not json")).rejected == {}


def test_a_receiver_may_ask_for_a_pause() -> None:
    told = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"}
    assert send(Wire(told=told)).pause == 7.0


def test_what_a_receiver_says_is_told_as_one_short_line() -> None:
    with pytest.raises(TooLarge) as caught:
        send(Wire(400, b'{"message":"no\\n such   field"}'))
    assert caught.value.detail == "no such field"


def probe(status: int) -> tuple[int, Wire]:
    wire = Wire(status)
    client = Client(Transport(AllowedHosts.of(["hooks.example.com"]), pools=wire), lambda: NOW)
    at = "2026-11-22T12:00:00.000Z"
    one = Installation(
        id="int_1",
        catalog_key="webhook",
        name="hook",
        config={"url": URL, "authentication": "hmac"},
        revision=Revision(id="rev_1", revision_number=1, created_at=at),
        created_at=at,
        updated_at=at,
    )
    return client.probe(one, SECRETS), wire


@pytest.mark.parametrize("status", [200, 400, 401, 503])
def test_a_probe_carries_a_proof_and_no_event(status: int) -> None:
    found, wire = probe(status)
    assert (found, wire.sent[0][3]) == (status, b'{"batch":[]}')
    check_signature(wire.headers, b'{"batch":[]}', "hush", NOW_MS)


def test_a_probe_that_is_sent_elsewhere_fails() -> None:
    with pytest.raises(Blocked, match="redirected"):
        probe(301)
