"""Serves the HTTP API at its documented address and passes each request on to the emulator's gateway."""

import argparse
import asyncio
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import httptools
import uvicorn
from starlette.types import Receive, Scope, Send

from local.fallback import Fallback
from local.settings import LOOPBACK, LocalSettings

GZIP = b"\x1f\x8b"
LARGEST_BODY = 10 * 1024 * 1024
SECONDS = 30.0
HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"trailer", b"host"}
Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """What the gateway answered; httptools calls its methods while it parses."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def on_message_complete(self) -> None:
        self.complete = True


class Upstream:
    """Kept-alive connections to the emulator, as many as there are requests in flight."""

    def __init__(self, port: int, host: str) -> None:
        self._port = port
        self._host = host.encode()
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()

    async def ask(self, method: str, target: bytes, headers: Headers, body: bytes) -> Answer:
        """Send one request and read its answer; raises OSError when the emulator is not there."""
        reader, writer = await self._connection()
        try:
            writer.write(self._request(method, target, headers, body))
            answer = await _read(reader, head=method == "HEAD")
        except BaseException:
            writer.close()
            raise
        if method == "HEAD" or (b"connection", b"close") in answer.headers:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return answer

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
        return await asyncio.open_connection(LOOPBACK, self._port, limit=1 << 20)

    def _request(self, method: str, target: bytes, headers: Headers, body: bytes) -> bytes:
        lines = [b"%s %s HTTP/1.1\r\nhost: %s\r\n" % (method.encode(), target, self._host)]
        lines += [b"%s: %s\r\n" % header for header in headers]
        return b"".join([*lines, b"content-length: %d\r\n\r\n" % len(body), body])


@dataclass(frozen=True, slots=True)
class Front:
    """The ASGI application: what API Gateway does before a route is looked up, and the forwarding."""

    upstream: Upstream
    fallback: Fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            await _say(send, 413, "Request Entity Too Large")
            return
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._answer(scope, body)
        except TimeoutError:
            await _say(send, 503, "Service Unavailable")
        except OSError:
            await _say(send, 502, "Bad Gateway: is the stack up?")
        else:
            await _send(send, answer.status, _kept(answer.headers), b"".join(answer.chunks))

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        if self.fallback.wants(scope):
            status, headers, text = await self.fallback.answer(scope)
            return Answer(status, headers, [text])
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        return await self.upstream.ask(scope["method"], target, forwarded(scope["headers"], body), body)


def forwarded(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Headers:
    """A compressed body keeps its bytes only under a binary type: the emulator decodes textual ones.

    The host that was asked for goes along, unless a proxy before this one has named it: the gateway's own
    name is another.
    """
    headers = list(headers)
    dropped = HOP_BY_HOP | {b"content-length"}
    if body.startswith(GZIP):
        dropped |= {b"content-type"}
    kept = [(name, value) for name, value in headers if name not in dropped]
    if b"x-forwarded-host" not in dict(kept):
        kept += [(b"x-forwarded-host", value) for name, value in headers if name == b"host"]
    return [*kept, (b"content-type", b"application/octet-stream")] if body.startswith(GZIP) else kept


def _kept(headers: Headers) -> Headers:
    dropped = HOP_BY_HOP | {b"content-length", b"date", b"server"}
    return [(name, value) for name, value in headers if name not in dropped]


async def _body(receive: Receive) -> bytes | None:
    """Read the whole body; None when it is longer than API Gateway takes."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= LARGEST_BODY:
            chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks) if size <= LARGEST_BODY else None


async def _read(reader: asyncio.StreamReader, *, head: bool) -> Answer:
    answer = Answer()
    parser = httptools.HttpResponseParser(answer)
    while not answer.complete:
        data = await reader.read(1 << 18)
        if not data:
            message = "the emulator closed the connection"
            raise ConnectionResetError(message)
        parser.feed_data(data)
        if head and b"\r\n\r\n" in data:
            break
    answer.status = parser.get_status_code()
    return answer


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def _say(send: Send, status: int, message: str) -> None:
    """Answer as the gateway itself would, in AWS's body."""
    body = json.dumps({"message": message}).encode()
    await _send(send, status, [(b"content-type", b"application/json")], body)


def main() -> None:
    """Serve until ended."""
    settings = LocalSettings.load()
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--api-id", required=True)
    options.add_argument("--fallback", required=True, help="name of the function behind $default")
    chosen = options.parse_args()
    host = f"{chosen.api_id}.execute-api.localhost:{settings.emulator_port}"
    front = Front(
        Upstream(settings.emulator_port, host),
        Fallback(settings.emulator_url, chosen.fallback, chosen.api_id),
    )
    uvicorn.run(
        front,
        host=LOOPBACK,
        port=settings.api_port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    main()
