"""What each SDK makes of our 503 and 413 and of the gateway's 429: nothing is lost, doubled or sent for ever."""

import gzip
import json
from http import HTTPStatus
from typing import Any

import pytest

from tests.sdk.performance import Performance, few, sent_twice
from tests.sdk.relay import Exchange
from tests.sdk.sdks import SDKS, Sdk
from tests.sdk.setbacks import TOO_LARGE, UNAVAILABLE

pytestmark = pytest.mark.parametrize("sdk", SDKS, ids=[sdk.name for sdk in SDKS])


def message_ids(post: Exchange) -> list[str]:
    plain = gzip.decompress(post.body) if post.body.startswith(b"\x1f\x8b") else post.body
    document: dict[str, Any] = json.loads(plain)
    return [event["messageId"] for event in document.get("batch", [document])]


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return sorted(event["number"] for event in events)


def at_vendors(played: Performance, name: str) -> tuple[list[int], list[int]]:
    """The numbers of the events of that name at ActionIQ and at Braze."""
    records = [one["attributes"] for one in played.world.records()]
    events = [one["properties"] for one in played.world.events() if one["name"] == name]
    return numbers([one for one in records if one.get("event_name") == name]), numbers(events)


def test_after_a_503_the_same_events_are_sent_again(sdk: Sdk, played: Performance) -> None:
    assert (UNAVAILABLE.status, UNAVAILABLE.headers["Retry-After"]) == (503, "5")
    refused, *rest = played.relays["unavailable"].posts
    assert (refused.status, refused.document["code"]) == (503, "QUEUE_UNAVAILABLE")
    assert [one.status for one in rest] == [HTTPStatus.OK] * (1 + sdk.alone)
    assert message_ids(refused) in [message_ids(one) for one in rest]
    assert played.scenes["unavailable"]["errors"] == []


def test_what_was_taken_before_the_503_arrives_once(sdk: Sdk, played: Performance) -> None:
    once = list(range(few(sdk)))
    assert at_vendors(played, "Unavailable") == (once, once)


def test_what_came_again_is_shown_as_a_duplicate(sdk: Sdk, played: Performance) -> None:
    ids = message_ids(played.relays["unavailable"].posts[0])
    assert len(ids) == sent_twice(sdk)
    for integration_id in (played.world.actioniq, played.world.braze):
        filtered = played.world.filtered(integration_id)
        assert {mid: filtered.get(mid) for mid in ids} == dict.fromkeys(ids, "duplicate")


def test_after_the_gateways_429_everything_arrives_once(sdk: Sdk, played: Performance) -> None:
    refused, *rest = played.relays["throttled"].posts
    assert (refused.status, refused.document) == (429, {"message": "Too Many Requests"})
    assert [one.status for one in rest] == [HTTPStatus.OK] * (1 + sdk.alone)
    once = list(range(few(sdk)))
    assert at_vendors(played, "Throttled") == (once, once)
    assert played.scenes["throttled"]["errors"] == []


def test_what_is_too_large_is_not_sent_again(sdk: Sdk, played: Performance) -> None:
    posts = played.relays["too_large"].posts
    assert [(one.status, one.document["code"]) for one in posts] == [(413, "PAYLOAD_TOO_LARGE")] * (
        1 + sdk.alone
    )
    sent = [mid for one in posts for mid in message_ids(one)]
    assert len(sent) == len(set(sent))
    assert at_vendors(played, "Too Large") == ([], [])
    errors = played.scenes["too_large"]["errors"]
    assert {error["status"] for error in errors} == {TOO_LARGE.status}
