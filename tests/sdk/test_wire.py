"""What each SDK puts on the wire, and what it makes of our answers, seen by a relay in between."""

import gzip
import json
from http import HTTPStatus

import pytest

from tests.sdk import script
from tests.sdk.performance import Performance
from tests.sdk.sdks import BROWSER, SDKS, Sdk

every_sdk = pytest.mark.parametrize("sdk", SDKS, ids=[sdk.name for sdk in SDKS])
the_browser = pytest.mark.parametrize("sdk", [BROWSER], ids=[BROWSER.name])
servers = [sdk for sdk in SDKS if not sdk.browser]
every_server = pytest.mark.parametrize("sdk", servers, ids=[sdk.name for sdk in servers])

GZIP = b"\x1f\x8b"


@every_sdk
def test_a_batch_of_more_than_a_hundred_is_taken_in_one_request(sdk: Sdk, played: Performance) -> None:
    *ahead, batch = played.relays["bulk"].posts
    assert [one.status for one in ahead] == [HTTPStatus.OK] * sdk.alone
    assert (batch.status, batch.document) == (200, {"success": True, "accepted": script.BULK, "errors": []})
    assert batch.body.startswith(GZIP) == sdk.gzip
    plain = gzip.decompress(batch.body) if sdk.gzip else batch.body
    assert len(json.loads(plain)["batch"]) == script.BULK


@every_sdk
def test_the_batch_is_at_both_vendors_event_by_event(sdk: Sdk, played: Performance) -> None:
    numbers = sorted(range(script.BULK + sdk.alone))
    bulk = [one for one in played.world.records() if one["attributes"].get("event_name") == "Bulk"]
    assert sorted(record["attributes"]["number"] for record in bulk) == numbers
    events = [one for one in played.world.events() if one["name"] == "Bulk"]
    assert sorted(event["properties"]["number"] for event in events) == numbers


@every_sdk
def test_a_wrong_write_key_is_tried_once(sdk: Sdk, played: Performance) -> None:
    [refused] = played.relays["wrong_key"].posts
    assert (refused.status, refused.document["code"]) == (401, "INVALID_WRITE_KEY")
    [error] = played.scenes["wrong_key"]["errors"]
    assert error["status"] == HTTPStatus.UNAUTHORIZED


@every_server
def test_a_batch_that_is_too_long_is_tried_once(sdk: Sdk, played: Performance) -> None:
    *ahead, refused = played.relays["refused"].posts
    assert [one.status for one in ahead] == [HTTPStatus.OK] * sdk.alone
    assert (refused.status, refused.document["code"]) == (400, "TOO_MANY_EVENTS")
    errors = played.scenes["refused"]["errors"]
    assert {error["status"] for error in errors} == {HTTPStatus.BAD_REQUEST}


@every_server
def test_nothing_of_a_refused_batch_arrives(sdk: Sdk, played: Performance) -> None:
    refused = [one for one in played.world.events() if one["name"] == "Refused"]
    assert len(refused) == sdk.alone


@pytest.mark.parametrize(
    "sdk", [sdk for sdk in SDKS if sdk.name == "rudder-sdk-python"], ids=["rudder-sdk-python"]
)
def test_our_answers_have_what_this_sdk_reads_without_asking(sdk: Sdk, played: Performance) -> None:
    """Where `code` or `message` is missing it raises KeyError, and sends again ten times."""
    errors = played.scenes["refused"]["errors"] + played.scenes["wrong_key"]["errors"]
    assert [(error["type"], error["code"]) for error in errors] == [
        ("APIError", "TOO_MANY_EVENTS"),
        ("APIError", "INVALID_WRITE_KEY"),
    ]


@the_browser
def test_a_page_cannot_set_a_membership(sdk: Sdk, played: Performance) -> None:
    [refused] = played.relays["refused"].posts
    assert (refused.status, refused.document["errors"][0]["code"]) == (400, "reserved_trait")
    [error] = played.scenes["refused"]["errors"]
    assert (error["type"], error["status"]) == ("delivery_failure", 400)


@the_browser
def test_the_browser_asks_before_it_sends(sdk: Sdk, played: Performance) -> None:
    """`Authorization` forces a preflight, and what it asks for is allowed."""
    for scene, path in (("bulk", "/v1/b"), ("wrong_key", "/v1/t"), ("refused", "/v1/i")):
        preflight, post = played.relays[scene].seen
        assert (preflight.method, preflight.path, preflight.status) == ("OPTIONS", path, 204)
        assert "authorization" in preflight.headers["access-control-request-headers"]
        assert (post.method, post.path) == ("POST", path)
        assert post.headers["origin"] == preflight.headers["origin"]
        assert post.headers["content-type"].startswith("text/plain")


@the_browser
def test_a_wrong_write_key_gets_no_settings(sdk: Sdk, played: Performance) -> None:
    [asked] = played.relays["wrong_key_at_load"].seen
    assert (asked.method, asked.status) == ("GET", 401)
    [error] = played.scenes["wrong_key_at_load"]["errors"]
    assert error["type"] == "load"


@the_browser
def test_our_settings_send_the_sdk_to_us(sdk: Sdk, played: Performance) -> None:
    """Told nothing but where to ask, it posts to the host that it asked."""
    asked, _, post = played.relays["by_settings"].seen
    assert (asked.method, asked.path) == ("GET", f"/v1/projects/{played.world.write_key}/settings")
    assert (post.method, post.path, post.status) == ("POST", "/v1/t", 200)
    [event] = [one for one in played.world.events() if one["name"] == "By Settings"]
    assert event["external_id"] == played.world.user("by-settings")


@the_browser
def test_the_page_talks_to_nobody_else(sdk: Sdk, played: Performance) -> None:
    """No CDN, no metrics."""
    hosts = {url.partition("/v1/")[0] for scene in played.scenes.values() for url in scene["asked"]}
    assert hosts == {played.world.stack.api_url, *(relay.url for relay in played.relays.values())}


@the_browser
def test_each_call_has_a_path_of_its_own(sdk: Sdk, played: Performance) -> None:
    asked = played.scenes["calls"]["asked"]
    assert [url.rpartition("/v1/")[2] for url in asked] == ["p", "i", "p", "t", "t", "g", "s", "a"]
