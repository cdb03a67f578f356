"""ActionIQ's answers and what each of them means."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.clients.actioniq import ActionIqClient
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.errors import Blocked, BridgeError, Retryable, TooLarge, Unknown
from mapping.installation import ActionIqSettings
from tests.unit.delivery.fakes import FakeVendor

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = "https://api.actioniq.com/v1/accounts/a/destinations/d/records"


def send(*answer: Any, header: str = "Authorization", value: str = "Bearer k") -> Any:
    vendor = FakeVendor(lambda _: answer)
    client = ActionIqClient(Transport(AllowedHosts.of((), "actioniq"), pools=vendor), lambda: NOW)
    return client.send_records(
        URL, header, SecretStr(value), [{"record_id": "1"}, {"record_id": "2"}]
    ), vendor


def test_rejected_records_are_told_by_position() -> None:
    answer, _ = send(200, {"accepted": 1, "rejected": [{"index": 1, "reason": "no identifier"}]})
    assert answer.rejected == {1: "no identifier"}


def test_the_key_goes_under_the_configured_header() -> None:
    settings = ActionIqSettings(account_id="a", destination_id="d", auth_header="x-api-key: {api_key}")
    name, value = settings.header("k")
    _, vendor = send(200, {"accepted": 2}, header=name, value=value)
    assert vendor.requests[0][1]["x-api-key"] == "k"
    assert "Authorization" not in vendor.requests[0][1]


@pytest.mark.parametrize(
    ("status", "body", "error", "reason"),
    [
        (200, b"garbage", Unknown, "unreadable_answer"),
        (200, [], Unknown, "unreadable_answer"),
        (200, {"accepted": 1, "rejected": []}, Unknown, "counts_disagree"),
        (200, {"accepted": 1, "rejected": [{"index": 7}]}, Unknown, "unreadable_answer"),
        (200, {"accepted": 2, "rejected": "none"}, Unknown, "unreadable_answer"),
        (400, {"message": "bad"}, TooLarge, "refused_as_a_whole"),
        (413, {}, TooLarge, "refused_as_a_whole"),
        (401, {}, Blocked, "unauthorized"),
        (404, {}, Blocked, "not_found"),
        (429, {}, Retryable, "rate_limited"),
        (503, {}, Retryable, "vendor_unavailable"),
    ],
)
def test_every_answer_is_an_error_named_by_what_happens_next(
    status: int, body: Any, error: type[BridgeError], reason: str
) -> None:
    with pytest.raises(error) as caught:
        send(status, body)
    assert caught.value.reason == reason


def test_a_key_that_no_header_may_carry_is_not_repeated_in_the_error() -> None:
    with pytest.raises(Blocked) as caught:
        send(200, {}, value="Bearer se\ncret")
    assert caught.value.reason == "malformed_key"
    assert "cret" not in f"{caught.value!r} {caught.value.__context__!r}" or caught.value.__suppress_context__
