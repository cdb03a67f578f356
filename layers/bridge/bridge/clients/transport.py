"""One HTTP exchange: bounded in time and size, no redirects, no proxies from the environment, no retries."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from urllib3 import BaseHTTPResponse, Retry, Timeout
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    TimeoutError,  # noqa: A004 - urllib3's own, over its connect and read timeouts
)

from bridge.clients.connections import CarefulPools
from bridge.clients.hosts import AllowedHosts, reachable
from bridge.errors import Blocked, Retryable, Unknown

MAX_ANSWER_BYTES = 1024 * 1024
_CHUNK = 64 * 1024
_ONCE = Retry(total=False)
"""Errors come as they are and nothing is repeated: that is decided by who knows whether repeating is safe."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two reads, and after which no further read is begun: 33 together at the most."""

    connect: float = 3.05
    read: float = 15.0
    whole: float = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower case; `cut` says the body was longer than 1 MiB and is not kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    latency_ms: int
    cut: bool = False

    def json(self) -> Any:
        """The parsed body, or None when it is not JSON (NaN and depth bombs included)."""
        try:
            return None if self.cut else json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


class Pools(Protocol):
    """Where connections come from."""

    def urlopen(
        self,
        method: str,
        url: str,
        redirect: bool = True,  # noqa: FBT001, FBT002 (the signature of urllib3)
        **given: Any,
    ) -> BaseHTTPResponse: ...


@dataclass(frozen=True, slots=True)
class Transport:
    """Sends a request: an Answer, or Retryable (nothing was sent), or Unknown (it may have been applied).

    `pools` replaces the network in tests.
    """

    hosts: AllowedHosts
    size: int = 64
    timeouts: Timeouts = Timeouts()
    pools: Pools | None = None
    clock: Callable[[], float] = time.monotonic
    _pools: Pools = field(init=False, repr=False)
    _limits: Timeout = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105 (builds the pools)
        pools = self.pools or CarefulPools(size=self.size, guard=self._may_connect)
        object.__setattr__(self, "_pools", pools)
        object.__setattr__(self, "_limits", Timeout(connect=self.timeouts.connect, read=self.timeouts.read))

    def _may_connect(self, host: str, port: int, peer: str) -> bool:
        return reachable(peer) or self.hosts.lists(host, port) or self.hosts.lists(host, port, "http")

    def send(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Make one exchange. Raises Blocked, Retryable or Unknown, never with the URL, a header or a body in it."""
        _checked(self.hosts, url.partition("?")[0])
        if not all(map(_sendable, headers.values())):
            raise Blocked("malformed_key", "the key holds characters that no HTTP header may carry")
        started = self.clock()
        try:
            return self._exchange(method, url, headers, body, started)
        except HTTPError as error:
            raise _named(error) from None

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, started: float
    ) -> Answer:
        response = self._pools.urlopen(
            method,
            url,
            body=body,
            headers={"Accept": "application/json", "User-Agent": "signal-bridge", **headers},
            timeout=self._limits,
            retries=_ONCE,
            redirect=False,
            preload_content=False,
        )
        kept, cut = self._read(response, started)
        lower = {name.lower(): value for name, value in response.headers.items()}
        latency = round((self.clock() - started) * 1000)
        return Answer(response.status, lower, kept, latency, cut)

    def _read(self, response: BaseHTTPResponse, started: float) -> tuple[bytes, bool]:
        """The body up to 1 MiB; a status line that came is kept even when its body breaks off."""
        kept = b""
        try:
            # One read of the socket at a time: a body that drips in cannot outlast the whole.
            while chunk := response.read1(_CHUNK, decode_content=True):
                kept += chunk
                if len(kept) > MAX_ANSWER_BYTES or self.clock() - started > self.timeouts.whole:
                    response.close()
                    return b"", True
        except HTTPError:
            response.close()
            return b"", True
        response.release_conn()
        return kept, False


@lru_cache(maxsize=256)
def _checked(hosts: AllowedHosts, url: str) -> str:
    """An address that passed once passes again; one that was refused is looked at anew."""
    return hosts.check(url)


def _sendable(value: str) -> bool:
    return value.isascii() and value.isprintable() and value.strip() == value


def _named(error: HTTPError) -> Blocked | Retryable | Unknown:
    match error:
        case NewConnectionError() | ConnectTimeoutError() | ClosedPoolError():
            return Retryable("connect_failed", "no connection could be made; nothing was sent")
        case LocationValueError():
            return Blocked("host_not_allowed", type(error).__name__)
        case TimeoutError():
            return Unknown("no_answer", "the request went out and no answer came in time")
        case _:
            return Unknown("connection_broke", "the connection broke before an answer came")
