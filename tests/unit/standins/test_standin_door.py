"""A stand-in that goes away for a while: connections break, new ones are refused, and what it held is there again."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from local.standins.braze.site import Braze
from local.standins.door import Door
from local.standins.web import LOOPBACK

HEADERS = {"Authorization": "Bearer brz_local_key", "Content-Type": "application/json"}


@pytest.fixture
def port() -> Iterator[int]:
    loop = asyncio.new_event_loop()
    door = Door(Braze(), 0)
    loop.run_until_complete(door.open())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield door.port
    loop.call_soon_threadsafe(door.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def ask(connection: HTTPConnection, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    connection.request(method, path, body if body is None else json.dumps(body), HEADERS)
    reply = connection.getresponse()
    return reply.status, reply.read()


def answered(port: int, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    connection = HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        return ask(connection, method, path, body)
    finally:
        connection.close()


def until_refused(port: int) -> None:
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        try:
            answered(port, "GET", "/_standin/modes")
        except OSError:
            return
    raise AssertionError("nobody went away")


def test_a_vendor_that_went_away_comes_back_with_what_it_held(port: int) -> None:
    kept = HTTPConnection(LOOPBACK, port, timeout=5)
    assert ask(kept, "POST", "/users/track", {"attributes": [{"external_id": "u", "x": 1}]})[0] == 201
    assert answered(port, "POST", "/_standin/away", {"seconds": 0.2})[0] == 204
    until_refused(port)
    with pytest.raises(OSError, match=r"(?i)refused|reset|closed|pipe"):
        ask(kept, "GET", "/_standin/modes")
    kept.close()
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        try:
            status, body = answered(port, "GET", "/_standin/profiles/u")
        except OSError:
            time.sleep(0.02)
            continue
        assert (status, json.loads(body)["custom_attributes"]) == (200, {"x": 1})
        return
    raise AssertionError("nobody came back")


@pytest.mark.parametrize("body", [None, {}, {"seconds": 0}, {"seconds": "x"}, {"seconds": 61}, []])
def test_how_long_has_to_be_said(port: int, body: Any) -> None:
    assert answered(port, "POST", "/_standin/away", body)[0] == 400
    assert answered(port, "GET", "/_standin/modes")[0] == 200
