"""The server on a real socket, on loopback."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from typing import Any

import pytest

from local.standins.braze.site import Braze
from local.standins.web import LOOPBACK, listen, port_of

HEADERS = {"Authorization": "Bearer brz_local_key", "Content-Type": "application/json"}
BODY = json.dumps({"attributes": [{"external_id": "u", "x": 1}]})


@pytest.fixture
def port() -> Iterator[int]:
    """Serve a Braze stand-in on a free port in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(listen(Braze(), 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield port_of(server)
    loop.call_soon_threadsafe(server.close)  # in the loop's own thread, which may be closing connections
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def connection(port: int) -> Iterator[HTTPConnection]:
    """Return a connection to it."""
    made = HTTPConnection(LOOPBACK, port, timeout=5)
    yield made
    made.close()


def ask(connection: HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Any:
    connection.request(method, path, body, {**HEADERS, **headers})
    reply = connection.getresponse()
    return reply.status, reply.read()


def fail(connection: HTTPConnection, **fault: Any) -> None:
    assert ask(connection, "PUT", "/_standin/modes", json.dumps({"faults": [fault]}))[0] == 200


def test_a_connection_serves_many_requests(connection: HTTPConnection) -> None:
    connection.connect()
    socket = connection.sock
    assert [ask(connection, "POST", "/users/track", BODY)[0] for _ in range(3)] == [201] * 3
    assert connection.sock is socket


def test_a_large_body_and_a_chunked_one_arrive_whole(connection: HTTPConnection) -> None:
    users = json.dumps({"attributes": [{"external_id": f"u{n}", "x": ["y" * 40_000]} for n in range(75)]})
    assert ask(connection, "POST", "/users/track", users)[0] == 201
    assert ask(connection, "POST", "/users/track", iter([BODY[:9].encode(), BODY[9:].encode()]))[0] == 201
    counters = json.loads(ask(connection, "GET", "/_standin/counters")[1])
    assert counters["attributes"] == 76


def test_header_names_are_lower_case(connection: HTTPConnection) -> None:
    connection.request("GET", "/campaigns/list", headers=HEADERS)
    reply = connection.getresponse()
    reply.read()
    assert all(name == name.lower() for name, _ in reply.getheaders())


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_dropped_connection_closes_without_an_answer(connection: HTTPConnection, kind: str) -> None:
    fail(connection, fault=kind, next=1)
    with pytest.raises(RemoteDisconnected):
        ask(connection, "POST", "/users/track", BODY)


def test_a_hung_request_times_out(port: int, connection: HTTPConnection) -> None:
    fail(connection, fault="hang_after", next=1)
    impatient = HTTPConnection(LOOPBACK, port, timeout=0.1)
    with pytest.raises(TimeoutError):
        ask(impatient, "POST", "/users/track", BODY)
    impatient.close()
    assert json.loads(ask(connection, "GET", "/_standin/counters")[1])["profiles"] == 1


def test_a_truncated_body_ends_early(connection: HTTPConnection) -> None:
    fail(connection, fault="truncated", next=1)
    with pytest.raises(IncompleteRead):
        ask(connection, "POST", "/users/track", BODY)


def test_added_latency_delays_the_answer_and_the_next_request_waits(connection: HTTPConnection) -> None:
    fail(connection, fault="latency", seconds=0.02)
    assert [ask(connection, "POST", "/users/track", BODY)[0] for _ in range(2)] == [201, 201]


def test_counting_mode_answers_on_the_wire(connection: HTTPConnection) -> None:
    ask(connection, "PUT", "/_standin/modes", '{"counting": true}')
    status, body = ask(connection, "POST", "/users/track", BODY)
    assert (status, json.loads(body)) == (201, {"attributes_processed": 1, "message": "success"})


def test_a_request_line_that_is_none_is_400(connection: HTTPConnection) -> None:
    connection.connect()
    connection.sock.sendall(b"nonsense\r\n\r\n")
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 400 ")
