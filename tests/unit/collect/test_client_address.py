"""`context.ip`: the address a request came from, where the event names none and may have one."""

from typing import Any

import pytest

from tests.unit.collect.builders import BROWSER_KEY, SERVER_KEY, Door, request, track


def from_address(
    body: Any, path: str = "/v1/batch", *, key: str = BROWSER_KEY, query: str = ""
) -> dict[str, Any]:
    event = request("GET" if query else "POST", path, body, key=key, query=query)
    event["requestContext"]["http"]["sourceIp"] = "203.0.113.7"
    return event


@pytest.mark.parametrize(
    ("key", "context", "ip"),
    [
        (BROWSER_KEY, None, "203.0.113.7"),
        (BROWSER_KEY, {"locale": "de"}, "203.0.113.7"),
        (BROWSER_KEY, {"ip": None}, "203.0.113.7"),
        (BROWSER_KEY, {"ip": "0.0.0.0"}, "0.0.0.0"),  # noqa: S104 - a page that withholds its own
        (SERVER_KEY, None, None),
        (SERVER_KEY, {"direct": False}, None),
        (SERVER_KEY, {"direct": "true"}, None),
        (SERVER_KEY, {"direct": True}, "203.0.113.7"),
        (SERVER_KEY, {"direct": True, "ip": "198.51.100.1"}, "198.51.100.1"),
    ],
)
def test_the_address_of_a_browser_is_filled_in_and_of_a_server_that_asks(
    door: Door, key: str, context: Any, ip: str | None
) -> None:
    door(from_address({"batch": [track(context=context)]}, key=key))
    [event] = door.queue.events
    assert event.get("context", {}).get("ip") == ip


def test_a_pixels_address_is_filled_in_too(door: Door) -> None:
    query = f"writeKey={BROWSER_KEY}&event=Opened&userId=u"
    assert door(from_address(None, "/v1/pixel/track", query=query)).status == 200
    assert door.queue.events[0]["context"] == {"ip": "203.0.113.7"}


def test_what_a_caller_says_of_its_address_is_not_believed(door: Door) -> None:
    event = from_address({"batch": [track()]})
    event["headers"]["x-forwarded-for"] = "198.51.100.1"
    door(event)
    assert door.queue.events[0]["context"]["ip"] == "203.0.113.7"
