"""Stands between an SDK and the stack and writes down what passes; says, as a proxy does, which host was asked."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from tests.sdk.setbacks import Setback

SECONDS = 60
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it came, and its answer; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    answer: bytes

    @property
    def document(self) -> Any:
        """The answer's JSON."""
        return json.loads(self.answer)


@dataclass(slots=True)
class Relay:
    """`url` is where an SDK is pointed; `seen` holds the exchanges in the order of their answers."""

    url: str
    seen: list[Exchange] = field(default_factory=list)

    @property
    def posts(self) -> list[Exchange]:
        """What the SDK sent, without the browser's preflights."""
        return [one for one in self.seen if one.method == "POST"]


@contextmanager
def relayed(target: str, setback: Setback | None = None) -> Iterator[Relay]:
    """A relay on a free port of this machine; a setback meets the first of what is posted."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.relay = Relay(f"http://localhost:{server.server_port}")  # type: ignore[attr-defined]
    server.target = urlsplit(target)  # type: ignore[attr-defined]
    server.setbacks = [setback] * setback.times if setback else []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.relay  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SECONDS

    def _pass_on(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        named = {name.lower(): value for name, value in self.headers.items()}
        kept = {name: value for name, value in named.items() if name not in HOP_BY_HOP}
        kept["x-forwarded-host"] = named["host"]
        setback = server.setbacks.pop() if self.command == "POST" and server.setbacks else None
        if setback is None or setback.taken:
            status, headers, content = self._asked(body, kept)
        if setback is not None:
            status, headers, content = setback.status, list(setback.headers.items()), setback.body
        server.relay.seen.append(Exchange(self.command, self.path, named, body, status, content))
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _asked(self, body: bytes, kept: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the stack says."""
        server: Any = self.server
        upstream = http.client.HTTPConnection(server.target.hostname, server.target.port, timeout=SECONDS)
        upstream.request(self.command, self.path, body, kept)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        return answer.status, answer.getheaders(), content

    do_GET = do_POST = do_OPTIONS = _pass_on  # noqa: N815

    def log_message(self, *_args: Any) -> None:
        """Say nothing: the exchange is written down."""
