"""A small HTTP/1.1 server that can also misbehave: hang, cut an answer short, drop the connection."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, unquote, urlsplit

LOOPBACK = "127.0.0.1"
MOST_HEAD_BYTES = 65_536
MOST_BODY_BYTES = 32 * 1024 * 1024

type Json = dict[str, Any]


class Ending(Enum):
    """What happens to the connection after an answer."""

    KEEP = auto()
    CLOSE = auto()
    HANG = auto()


def _refuse(constant: str) -> object:
    msg = f"{constant} is no JSON"
    raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes for the wire, held back `delay` seconds."""

    payload: bytes
    delay: float = 0.0
    ending: Ending = Ending.KEEP


@dataclass(frozen=True, slots=True)
class Request:
    """One parsed request; header names are lower case, the last of a repeated query key wins."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> object:
        """Raise ValueError when the body is no JSON; NaN and Infinity are none."""
        return json.loads(self.body, parse_constant=_refuse)

    def json_object(self) -> Json:
        """As `json`, but TypeError when it is anything else than an object."""
        read = self.json()
        if not isinstance(read, dict):
            msg = "the body must be a JSON object"
            raise TypeError(msg)
        return read


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler decides; `cut` leaves that many bytes of the body unsent."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    ending: Ending = Ending.KEEP
    silent: bool = False
    cut: int = 0

    def json(self) -> Json:
        """Read the body back, for the tests."""
        read: Json = json.loads(self.body)
        return read


def json_reply(status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Reply:
    """Answer `body` as JSON."""
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})})


def encode(reply: Reply) -> Answer:
    """Frame a reply; header names go out in lower case, as Braze's do (facts 2.11)."""
    if reply.silent:
        return Answer(b"", reply.delay, reply.ending)
    phrase = HTTPStatus(reply.status).phrase if reply.status in HTTPStatus else "Unknown"
    lines = [f"HTTP/1.1 {reply.status} {phrase}", f"content-length: {len(reply.body)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    body = reply.body[: len(reply.body) - reply.cut]
    return Answer("\r\n".join(lines).encode() + b"\r\n\r\n" + body, reply.delay, reply.ending)


def parse(head: bytes, body: bytes) -> Request:
    """Read a request head; raise ValueError when it is none."""
    first, *rest = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    url = urlsplit(target)
    pairs = (line.partition(":") for line in rest)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Request(method, unquote(url.path), query, headers, body)


class Site(Protocol):
    """Whatever answers requests; `head` is the raw head without its closing blank line."""

    def answer(self, head: bytes, body: bytes) -> Answer:
        """Answer one request at once; waiting is the answer's `delay`."""
        ...


class Connection(asyncio.Protocol):
    """One keep-alive connection; a request behind a delayed answer waits its turn."""

    def __init__(self, site: Site, loop: asyncio.AbstractEventLoop) -> None:
        self.site = site
        self.loop = loop
        self.buffer = b""
        self.head: bytes | None = None
        self.body_from = 0
        self.length = 0
        self.chunked = False
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to write to."""
        # uvloop's transport is no asyncio.Transport by inheritance.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Collect bytes and answer whatever is complete."""
        self.buffer = self.buffer + data if self.buffer else data
        if self.buffer and not self.busy:
            self._advance()

    def _advance(self) -> None:
        while self.buffer and not self.busy and not self.transport.is_closing():
            if self.head is None and not self._read_head():
                return
            body = self._read_body()
            if body is None:
                return
            head, self.head = self.head, None
            self._respond(self.site.answer(head or b"", body))

    def _read_head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > MOST_HEAD_BYTES:
                self.transport.close()
            return False
        self.head = self.buffer[:end]
        self.body_from = end + 4
        lowered = self.head.lower()
        self.chunked = b"\r\ntransfer-encoding:" in lowered
        at = lowered.find(b"\r\ncontent-length:")
        digits = lowered[at + 17 :].split(b"\r\n", 1)[0].strip() if at >= 0 else b"0"
        self.length = int(digits) if digits.isdigit() else MOST_BODY_BYTES + 1
        if self.length > MOST_BODY_BYTES:
            self.transport.close()
            return False
        if b"\r\nexpect: 100-continue" in lowered:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _read_body(self) -> bytes | None:
        if self.chunked:
            return self._read_chunks()
        end = self.body_from + self.length
        if len(self.buffer) < end:
            return None
        body = self.buffer[self.body_from : end]
        self.buffer = self.buffer[end:]
        return body

    def _read_chunks(self) -> bytes | None:
        parts: list[bytes] = []
        at = self.body_from
        while (line_end := self.buffer.find(b"\r\n", at)) >= 0:
            size = int(self.buffer[at:line_end].split(b";")[0] or b"0", 16)
            start = line_end + 2
            if len(self.buffer) < start + size + 2:
                return None
            parts.append(self.buffer[start : start + size])
            at = start + size + 2
            if size == 0:
                self.buffer = self.buffer[at:]
                return b"".join(parts)
        return None

    def _respond(self, answer: Answer) -> None:
        if answer.delay > 0:
            self.busy = True
            self.loop.call_later(answer.delay, self._finish, answer)
        else:
            self._finish(answer)

    def _finish(self, answer: Answer) -> None:
        waited, self.busy = self.busy, answer.ending is Ending.HANG
        if self.transport.is_closing():
            return
        if answer.payload:
            self.transport.write(answer.payload)
        if answer.ending is Ending.CLOSE:
            self.transport.close()
        elif waited and self.buffer:
            self._advance()


async def listen(site: Site, port: int) -> asyncio.Server:
    """Listen on loopback alone; port 0 takes any free one; raise OSError when the port is busy."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(site, loop), LOOPBACK, port, backlog=1024)


def port_of(server: asyncio.Server) -> int:
    """Return the port the server got."""
    port: int = server.sockets[0].getsockname()[1]
    return port
