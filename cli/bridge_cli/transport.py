"""One HTTP exchange, and nothing of what it means."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

from bridge_cli.errors import CliError, ExitCode

CONNECT_SECONDS, READ_SECONDS = 5.0, 35.0
"""The gateway answers within 30 s, if only that it has given up."""
LARGEST_ANSWER = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Unreachable(Exception):
    """No answer came; `sent` says whether the request may have arrived all the same."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Transport(Protocol):
    """Sends one request; raises Unreachable."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer: ...


class Network:
    """urllib3, without redirects: a token goes to the address it was given for and to no other."""

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        return urllib3.PoolManager(timeout=timeout, retries=False)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """As Transport has it."""
        try:
            answer = self._pool.request(
                method, url, headers=dict(headers), body=body, redirect=False, preload_content=False
            )
            try:
                read = answer.read(LARGEST_ANSWER + 1, decode_content=True)
            finally:
                answer.release_conn()
        except HTTPError as error:
            raise Unreachable(_why(error), sent=not _never_connected(error)) from None
        if len(read) > LARGEST_ANSWER:
            raise Unreachable("the answer is longer than anything the API gives", sent=True)
        return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, read)


def check_address(url: str) -> str:
    """The address without a closing slash; raises CliError unless a token may be sent there."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        raise CliError(
            ExitCode.USAGE,
            f"{url} is no address of an API.",
            "It looks like https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com: the stack's output ApiUrl.",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise CliError(
            ExitCode.USAGE,
            "A token is not sent over plain http to another machine.",
            "Use the https address.",
        )
    return url.strip().rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether the name means this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _never_connected(error: HTTPError) -> bool:
    cause = error.reason if isinstance(error, MaxRetryError) else error
    return isinstance(cause, NewConnectionError | ConnectTimeoutError)


def _why(error: HTTPError) -> str:
    cause = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(cause, NewConnectionError):
        return "nothing answers there"
    return str(cause).rpartition(": ")[2] or type(cause).__name__
