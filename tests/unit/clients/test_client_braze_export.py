"""Reading profiles back: what is asked, and what an answer means for each id."""

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from pydantic import SecretStr

from bridge.clients.braze_export import BrazeExports
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.errors import Blocked, BridgeError, Retryable, TooLarge, Unknown
from tests.unit.delivery.fakes import FakeVendor

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = SecretStr("brz_key")
HOST = "https://rest.iad-01.braze.com"
FIELDS = ("external_id", "custom_attributes")


def reads(*answer: Any) -> tuple[BrazeExports, FakeVendor]:
    vendor = FakeVendor(lambda _: answer)
    return BrazeExports(Transport(AllowedHosts.of((), "braze"), pools=vendor), lambda: NOW), vendor


def ask(
    client: BrazeExports, *ids: Any, identifier: Literal["external_id", "braze_id"] = "external_id"
) -> Any:
    return client.export(HOST, KEY, ids, FIELDS, identifier=identifier)


def test_ids_go_as_text_with_the_fields_named() -> None:
    client, vendor = reads(201, {"message": "success", "users": [], "invalid_user_ids": []})
    ask(client, "u1", 7)
    [(url, headers, body)] = vendor.requests
    assert url == f"{HOST}/users/export/ids"
    assert headers["Authorization"] == "Bearer brz_key"
    assert body == {"external_ids": ["u1", "7"], "fields_to_export": list(FIELDS)}


@pytest.mark.parametrize("status", [200, 201])
def test_an_answer_in_any_order_is_matched_by_id(status: int) -> None:
    users = [{"external_id": "u2", "custom_attributes": {"n": 1}}, {"external_id": "u1"}]
    client, _ = reads(status, {"message": "success", "users": users, "invalid_user_ids": ["u3"]})
    found = ask(client, "u1", "u2", "u3", "u4")
    assert (set(found.users), found.unknown) == ({"u1", "u2"}, {"u3"})
    assert found.users["u2"]["custom_attributes"] == {"n": 1}


def test_who_is_found_and_called_invalid_at_once_is_found() -> None:
    client, _ = reads(201, {"message": "success", "users": [{"external_id": "1"}], "invalid_user_ids": [1]})
    found = ask(client, "1")
    assert (list(found.users), found.unknown) == (["1"], frozenset())


def test_a_braze_id_is_asked_for_alone_and_nobody_is_unknown() -> None:
    client, vendor = reads(201, {"message": "success", "users": []})
    assert ask(client, "b1", identifier="braze_id").unknown == {"b1"}
    assert vendor.requests[0][2] == {"braze_id": "b1", "fields_to_export": list(FIELDS)}
    with pytest.raises(ValueError, match="one id"):
        ask(client, "b1", "b2", identifier="braze_id")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_permission(status: int) -> None:
    client, _ = reads(status, {"message": "Access Denied"})
    with pytest.raises(Blocked) as refused:
        ask(client, "u1")
    assert refused.value.reason == "users_export_ids_missing"
    assert "users.export.ids" in refused.value.detail


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"message": "The max number of ids per request was exceeded"}, TooLarge),
        (404, {}, Blocked),
        (429, {"message": "slow down"}, Retryable),
        (500, {}, Retryable),
        (504, {}, Unknown),
        (201, {"message": "partial"}, Unknown),
        (201, "not an object", Unknown),
    ],
)
def test_every_other_answer_says_what_happens_next(status: int, body: Any, error: type[BridgeError]) -> None:
    client, _ = reads(status, body)
    with pytest.raises(error):
        ask(client, "u1")


def test_an_answer_that_is_too_long_is_asked_for_in_halves() -> None:
    users = [{"external_id": "u1", "custom_attributes": {"text": "x" * 1_100_000}}]
    client, _ = reads(201, {"message": "success", "users": users})
    with pytest.raises(TooLarge, match="answer_too_large"):
        ask(client, "u1")


def test_what_is_left_of_the_limit_is_told() -> None:
    told = {"X-RateLimit-Limit": "250", "X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "9"}
    client, _ = reads(201, {"message": "success", "users": []}, told)
    rate = ask(client, "u1").rate
    assert (rate.limit, rate.remaining, rate.resets_in) == (250, 12, 9)
