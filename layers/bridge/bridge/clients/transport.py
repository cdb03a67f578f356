"""One HTTP exchange: bounded in time and size, no redirects, no proxies from the environment, no retries."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import NewConnectionError

from bridge.clients.connections import CarefulAdapter
from bridge.clients.hosts import AllowedHosts, reachable
from bridge.errors import Blocked, Retryable, Unknown

MAX_ANSWER_BYTES = 1024 * 1024
_CHUNK = 64 * 1024


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


@dataclass(frozen=True, slots=True)
class Transport:
    """Sends a request: an Answer, or Retryable (nothing was sent), or Unknown (it may have been applied).

    `adapter` replaces the network in tests.
    """

    hosts: AllowedHosts
    size: int = 64
    timeouts: Timeouts = Timeouts()
    adapter: BaseAdapter | None = None
    clock: Callable[[], float] = time.monotonic
    session: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105 (builds the session)
        session = requests.Session()
        session.trust_env = False
        session.headers.clear()
        adapter = self.adapter or CarefulAdapter(size=self.size, guard=self._may_connect)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        object.__setattr__(self, "session", session)

    def _may_connect(self, host: str, port: int, peer: str) -> bool:
        return reachable(peer) or self.hosts.lists(host, port) or self.hosts.lists(host, port, "http")

    def send(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Make one exchange. Raises Blocked, Retryable or Unknown, never with the URL, a header or a body in it."""
        self.hosts.check(url.partition("?")[0])
        started = self.clock()
        try:
            return self._exchange(method, url, headers, body, started)
        except requests.exceptions.InvalidHeader:
            raise Blocked("malformed_key", "the key holds characters that no HTTP header may carry") from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise Blocked("host_not_allowed", type(error).__name__) from None
        except requests.RequestException as error:
            raise _named(error) from None

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, started: float
    ) -> Answer:
        wire = {"Accept": "application/json", "User-Agent": "signal-bridge", **headers}
        request = requests.Request(method, url, headers=wire, data=body)
        timeout = (self.timeouts.connect, self.timeouts.read)
        response = self.session.send(
            self.session.prepare_request(request), timeout=timeout, allow_redirects=False, stream=True
        )
        with response:
            kept, cut = self._read(response, started)
        lower = {name.lower(): value for name, value in response.headers.items()}
        latency = round((self.clock() - started) * 1000)
        return Answer(response.status_code, lower, kept, latency, cut)

    def _read(self, response: requests.Response, started: float) -> tuple[bytes, bool]:
        """The body up to 1 MiB; a status line that came is kept even when its body breaks off."""
        parts: list[bytes] = []
        total = 0
        try:
            for chunk in response.iter_content(_CHUNK):
                parts.append(chunk)
                total += len(chunk)
                if total > MAX_ANSWER_BYTES or self.clock() - started > self.timeouts.whole:
                    response.close()
                    return b"", True
        except requests.RequestException:
            return b"", True
        return b"".join(parts), False


def _named(error: requests.RequestException) -> Retryable | Unknown:
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        return Retryable("connect_failed", "no connection could be made; nothing was sent")
    if isinstance(error, requests.exceptions.Timeout):
        return Unknown("no_answer", "the request went out and no answer came in time")
    return Unknown("connection_broke", "the connection broke before an answer came")


def _never_connected(error: requests.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)
