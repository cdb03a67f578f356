"""Which source a request comes from: the write key is looked for where the five known SDKs put it."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from bridge.errors import Problem
from bridge.flows.authorize import bearer, check_signature

WRITE_KEY_PREFIX = "dk_"
_ORIGIN_CHARS = 40


class Source(Protocol):
    """What the event API needs to know of a source."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> Literal["browser", "server"]: ...
    @property
    def test(self) -> bool: ...
    @property
    def enabled(self) -> bool: ...


class Sources(Protocol):
    """Looks sources up by their write key."""

    def by_write_key(self, write_key: str) -> Source | None: ...


class SigningSecrets(Protocol):
    """Holds the HMAC secret of a source, None when it has none."""

    def of_source(self, source_id: str) -> str | None: ...


def header_key(headers: Mapping[str, str]) -> str | None:
    """The user of Basic, else a Bearer token that looks like a write key (others may be OAuth tokens)."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _basic_user(value)
    token = bearer(headers)
    return token if token and token.startswith(WRITE_KEY_PREFIX) else None


def body_key(document: Any) -> str | None:
    """`writeKey` at the top of the body: of the event itself or of the batch."""
    key = document.get("writeKey") if isinstance(document, dict) else None
    return key if isinstance(key, str) and key else None


def source_of(write_key: str | None, sources: Sources) -> Source:
    """Raises Problem 401, which no SDK retries."""
    source = sources.by_write_key(write_key) if write_key else None
    if source is None or not source.enabled:
        raise Problem(401, "INVALID_WRITE_KEY", "The write key is missing, unknown or switched off.")
    return source


def signed_source(
    headers: Mapping[str, str], body: bytes, sources: Sources, secrets: SigningSecrets, now_ms: int
) -> Source:
    """The server source a signed request comes from. Raises Problem 401 or 403."""
    source = source_of(header_key(headers), sources)
    if source.kind != "server":
        raise Problem(403, "SERVER_SOURCE_REQUIRED", "A browser's write key is public: it cannot sign.")
    secret = secrets.of_source(source.id)
    if not secret:
        raise Problem(401, "INVALID_SIGNATURE", "This source has no signing secret.")
    check_signature(headers, body, secret, now_ms)
    return source


def signed_origin(headers: Mapping[str, str]) -> str:
    """What names the events of a signed request that have no `messageId`: its signature, the same when replayed."""
    return headers["x-signature"].removeprefix("sha256=")[:_ORIGIN_CHARS]


def _basic_user(value: str) -> str | None:
    try:
        user, _, _ = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return user or None
