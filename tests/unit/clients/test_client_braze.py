"""Braze's answers and what each of them means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.clients.braze import BrazeClient
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.errors import Blocked, BridgeError, Rejected, Retryable, TooLarge, Unknown
from tests.unit.delivery.fakes import FakeVendor

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = SecretStr("brz_key")
HOST = "https://rest.iad-01.braze.com"
BODY = json.dumps({"events": [{}, {}]}).encode()


def braze(*answer: Any) -> tuple[BrazeClient, FakeVendor]:
    vendor = FakeVendor(lambda _: answer)
    return BrazeClient(Transport(AllowedHosts.of((), "braze"), pools=vendor), lambda: NOW), vendor


def test_track_carries_the_key_in_the_header_and_nowhere_else() -> None:
    client, vendor = braze(201, {"message": "success", "events_processed": 2})
    assert client.track(HOST, KEY, BODY).errors == ()
    [(url, headers, body)] = vendor.requests
    assert url == f"{HOST}/users/track"
    assert (headers["Authorization"], headers["Content-Type"]) == ("Bearer brz_key", "application/json")
    assert "brz_key" not in url + json.dumps(body)


def test_an_endpoint_without_scheme_or_with_a_slash_is_the_same_endpoint() -> None:
    client, vendor = braze(201, {"message": "success"})
    client.track("rest.iad-01.braze.com/", KEY, BODY)
    assert vendor.requests[0][0] == f"{HOST}/users/track"


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({"type": "BAD_DEVICE_ID", "input_array": "events", "index": 1}, ("events", 1, "bad_device_id")),
        ({"type": "'external_id' is required", "input_array": "attributes", "index": 0},
         ("attributes", 0, "refused_by_braze")),
        ("something was wrong", (None, None, "refused_by_braze")),
        ({"unexpected": "shape"}, (None, None, "refused_by_braze")),
        ({"type": "x", "input_array": "events", "index": True}, (None, None, "refused_by_braze")),
    ],
)  # fmt: skip
def test_errors_of_a_201_are_read_as_dicts_and_as_strings(entry: Any, named: tuple[Any, ...]) -> None:
    client, _ = braze(201, {"message": "success", "errors": [entry]})
    [error] = client.track(HOST, KEY, BODY).errors
    assert (error.array, error.index, error.reason) == named


def test_of_two_errors_for_one_object_the_first_stands() -> None:
    entries = [{"type": kind, "input_array": "events", "index": 0} for kind in ("FIRST", "SECOND")]
    client, _ = braze(201, {"message": "success", "errors": entries})
    assert [error.reason for error in client.track(HOST, KEY, BODY).errors] == ["first"]


def test_queued_in_maintenance_is_accepted() -> None:
    client, _ = braze(202, {"message": "queued"})
    assert client.track(HOST, KEY, BODY).taken


@pytest.mark.parametrize("body", [{"message": "hm"}, {}, [], b"<html>", b'{"message":"succ', b"[" * 100_000])
def test_a_2xx_that_does_not_say_success_confirms_nothing(body: Any) -> None:
    with pytest.raises(Unknown):
        braze(201, body)[0].track(HOST, KEY, BODY)


@pytest.mark.parametrize(
    ("status", "body", "error", "reason"),
    [
        (400, {"message": "Max Input Length Exceeded"}, TooLarge, "too_large"),
        (400, {"message": "The max number of ids per request was exceeded"}, TooLarge, "too_large"),
        (
            400,
            {"error": "Error while parsing request body. Please check your syntax."},
            TooLarge,
            "refused_as_a_whole",
        ),
        (400, {"message": "Bad Request"}, TooLarge, "refused_as_a_whole"),
        (400, b"garbage", TooLarge, "refused_as_a_whole"),
        (413, {}, TooLarge, "too_large"),
        (400, {"message": "Invalid Campaign ID"}, Rejected, "invalid_campaign_id"),
        (401, {}, Blocked, "unauthorized"),
        (403, {}, Blocked, "forbidden"),
        (404, {}, Blocked, "not_found"),
        (302, {}, Blocked, "redirected"),
        (415, {}, Blocked, "unsupported_media_type"),
        (418, {}, Rejected, "status_418"),
        (429, {}, Retryable, "rate_limited"),
        (500, {}, Retryable, "vendor_unavailable"),
        (502, {}, Retryable, "vendor_unavailable"),
        (504, {}, Unknown, "gateway_timeout"),
    ],
)
def test_every_status_is_an_error_named_by_what_happens_next(
    status: int, body: Any, error: type[BridgeError], reason: str
) -> None:
    with pytest.raises(error) as caught:
        braze(status, body)[0].track(HOST, KEY, BODY)
    assert caught.value.reason == reason
    assert "brz_key" not in str(caught.value) + repr(caught.value)


def test_a_429_pauses_only_when_it_says_for_how_long() -> None:
    with pytest.raises(Retryable) as without:
        braze(429, {})[0].track(HOST, KEY, BODY)
    with pytest.raises(Retryable) as told:
        braze(429, {}, {"X-Ratelimit-Retry-After": "9"})[0].track(HOST, KEY, BODY)
    assert (without.value.pauses, without.value.after) == (False, None)
    assert (told.value.pauses, told.value.after) == (True, 9.0)


def test_a_400_that_names_items_took_nothing_and_says_which() -> None:
    entry = {"type": "bad", "input_array": "events", "index": 1}
    answer = braze(400, {"message": "invalid", "errors": [entry]})[0].track(HOST, KEY, BODY)
    assert (answer.taken, [error.index for error in answer.errors]) == (False, [1])


def test_the_witness_sees_every_answer_even_a_refusal() -> None:
    seen: list[tuple[int, Any]] = []
    with pytest.raises(Blocked):
        braze(401, {"message": "no"})[0].track(
            HOST, KEY, BODY, witness=lambda status, body, _: seen.append((status, body))
        )
    assert seen == [(401, {"message": "no"})]


def test_a_trigger_without_recipients_cannot_be_sent() -> None:
    client, vendor = braze(201, {"message": "success"})
    with pytest.raises(ValueError, match="whole campaign segment"):
        client.trigger(HOST, KEY, "cmp", [])
    assert vendor.requests == []


def test_what_braze_says_is_told_in_characters_that_a_queue_takes() -> None:
    client, _ = braze(201, {"message": "not\u0000 now,\n\u0008 \ud800later"})
    with pytest.raises(Unknown) as told:
        client.track(HOST, KEY, BODY)
    assert told.value.detail == "Braze answered 201 without success: not now, later"


def test_a_paused_campaign_is_told_by_its_notice() -> None:
    answer = braze(201, {"message": "success", "notice": "The campaign is paused."})[0].trigger(
        HOST, KEY, "cmp", [{}]
    )
    assert (answer.notice, answer.dispatch_id) == ("The campaign is paused.", "")


def test_campaigns_are_listed_until_a_short_page() -> None:
    pages = iter([[{"id": str(number)} for number in range(100)], [{"id": "last"}]])
    vendor = FakeVendor(lambda _: (200, {"message": "success", "campaigns": next(pages)}))
    client = BrazeClient(Transport(AllowedHosts.of((), "braze"), pools=vendor), lambda: NOW)
    assert len(list(client.campaigns(HOST, KEY))) == 101
    assert [url.partition("?")[2].partition("&")[0] for url, _, _ in vendor.requests] == ["page=0", "page=1"]


def test_a_probe_gives_the_bare_status_whatever_it_is() -> None:
    for status in (200, 400, 401, 404, 429, 500):
        assert braze(status, {})[0].probe("POST", HOST, "/users/track", KEY, {}) == status


def test_a_probe_s_key_goes_to_no_host_off_the_list() -> None:
    client, vendor = braze(200, {})
    with pytest.raises(Blocked, match="host_not_allowed"):
        client.probe("GET", "https://evil.example", "/campaigns/list", KEY, None)
    assert vendor.requests == []
