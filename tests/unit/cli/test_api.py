"""The client: what is asked again and what is not, and what every refusal comes to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bridge_cli.api import Api
from bridge_cli.errors import CliError, ExitCode
from bridge_cli.export import run_id
from bridge_cli.hints import failure
from bridge_cli.transport import Answer, Network, Unreachable, is_loopback
from mapping import export as bundle
from tests.unit.cli.fake_api import FakeApi

BUSY = Answer(503, {"retry-after": "7"}, b'{"message": "Service Unavailable"}')
LOST = Unreachable("timed out", sent=True)
NEVER_SENT = Unreachable("nothing answers there", sent=False)


def asked(bridge, failures, *args: str, **more: str):
    """The exit code, and how often and with which pauses it was asked."""
    bridge.api.asked.clear()
    bridge.clock.waited.clear()
    bridge.api.failures = list(failures)
    return bridge(*args, **more).exit_code, bridge.clock.waited


def test_a_question_is_asked_again_with_growing_pauses(bridge) -> None:
    assert asked(bridge, [LOST, LOST, LOST], "integrations") == (0, [0.5, 1.0, 2.0])
    assert asked(bridge, [LOST] * 4, "integrations") == (7, [0.5, 1.0, 2.0])


def test_a_pause_is_as_long_as_the_other_side_asks(bridge) -> None:
    assert asked(bridge, [BUSY], "integrations") == (0, [7.0])
    assert asked(bridge, [BUSY] * 4, "integrations") == (7, [7.0, 7.0, 7.0])


def test_what_may_have_happened_is_not_asked_for_twice(bridge) -> None:
    assert asked(bridge, [LOST], "tokens", "create", "Ada", "--role", "viewer") == (7, [])
    assert asked(bridge, [BUSY], "tokens", "create", "Ada", "--role", "viewer") == (7, [])
    assert bridge.api.tokens == {}


def test_what_cannot_have_arrived_is_sent_again(bridge) -> None:
    assert asked(bridge, [NEVER_SENT], "tokens", "create", "Ada", "--role", "viewer") == (0, [0.5])


def test_events_are_sent_again_as_their_ids_make_it_harmless(bridge) -> None:
    assert asked(bridge, [LOST], "events", "send") == (0, [0.5])


def test_a_stack_that_is_away_says_what_to_look_at(bridge) -> None:
    bridge.api.failures = [NEVER_SENT] * 4
    done = bridge("integrations", "--json")
    error = json.loads(done.stderr)["error"]
    assert (done.stdout, done.exit_code, error["exit_code"], error["code"]) == ("", 7, 7, "UNREACHABLE")
    assert "bridge doctor" in error["hint"]


def test_an_answer_that_is_not_ours_is_told_apart(bridge) -> None:
    bridge.api.failures = [Answer(200, {}, b"<html>")]
    done = bridge("integrations")
    assert (done.exit_code, "not this API" in done.stderr) == (7, True)


@pytest.mark.parametrize(
    ("status", "body", "exit_code", "message"),
    [
        (401, {"message": "Unauthorized"}, ExitCode.REFUSED, "The token was refused."),
        (403, {"message": "Forbidden"}, ExitCode.REFUSED, "The token was refused."),
        (403, {"detail": "This needs the role admin.", "code": "FORBIDDEN"}, ExitCode.REFUSED, "This needs"),
        (404, {"message": "Not Found"}, ExitCode.NOT_FOUND, "Not Found"),
        (409, {"detail": "Taken.", "code": "DUPLICATE_NAME"}, ExitCode.INVALID, "Taken."),
        (413, {"message": "Request Entity Too Large"}, ExitCode.INVALID, "Request Entity Too Large"),
        (429, {"message": "Too Many Requests"}, ExitCode.UNAVAILABLE, "Too Many Requests"),
        (500, None, ExitCode.UNAVAILABLE, "The API answered 500."),
        (503, [1], ExitCode.UNAVAILABLE, "The API answered 503."),
    ],
)
def test_every_refusal_is_a_sentence_a_hint_and_an_exit_code(status, body, exit_code, message) -> None:
    error = failure(
        Answer(status, {}, b"?" if body is None else json.dumps(body).encode()), "/v1/admin/integrations"
    )
    assert (error.exit_code, error.status) == (exit_code, status)
    assert error.message.startswith(message)
    assert error.hint


def test_a_run_has_the_id_that_the_bundle_gives_it() -> None:
    key = "exports/int_1/audience=1042/split=1/e/manifest.json"
    assert run_id(key, '"abc"') == bundle.run_id(key, '"abc"') == bundle.run_id(key, "abc")


def test_lists_are_read_to_their_end() -> None:
    fake = FakeApi()
    for number in range(150):
        fake.createSource(body={"name": str(number), "kind": "server"})
    api = Api(fake, "https://bridge.example", "sb_viewer", lambda _: None)
    assert [one["name"] for one in api.pages("/sources")] == [str(number) for number in range(150)]
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.io", False),
    ],
)
def test_this_machine_is_known_by_its_names(host, found) -> None:
    assert is_loopback(host) is found


class Server(BaseHTTPRequestHandler):
    """Redirects, or says what it was asked."""

    def do_GET(self) -> None:
        moved = self.path == "/moved"
        self.send_response(302 if moved else 200)
        self.send_header("X-Asked", self.path)
        if moved:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_network_brings_an_answer_and_follows_no_redirect(address) -> None:
    answer = Network().send("GET", f"{address}/x", {}, None)
    assert (answer.status, answer.headers["x-asked"], answer.body) == (200, "/x", b"hello")
    assert Network().send("GET", f"{address}/moved", {}, None).status == 302


def test_a_closed_port_is_known_not_to_have_been_asked(address) -> None:
    network = Network()
    with pytest.raises(Unreachable) as caught:
        network.send("GET", "http://127.0.0.1:1/", {}, None)
    assert (caught.value.sent, str(caught.value)) == (False, "nothing answers there")


def test_an_interrupted_command_exits_130(bridge) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    bridge.api.failures = [LOST]
    bridge.clock.wait = interrupt
    assert bridge("integrations").exit_code == 130


def test_a_question_that_is_walked_away_from_is_an_interruption(bridge) -> None:
    bridge.install()
    assert bridge("uninstall", "braze", typed="").exit_code == 130
    assert bridge("install", "actioniq", typed="").exit_code == 130
    assert len(bridge.api.installed) == 1


def test_errors_have_a_document() -> None:
    error = CliError(ExitCode.WAITING, "It waits.", "Approve it.", code="waits")
    told = {"code": "waits", "message": "It waits.", "hint": "Approve it.", "status": None, "exit_code": 9}
    assert error.document() == {"error": told}
