"""Who may do what: roles, digests of tokens, and the signature of a server source. No I/O, no clock."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from bridge.errors import Problem

MAX_SKEW_MS = 5 * 60 * 1000
"""A signed request older or newer than this is refused (Signal's ingestion/server-side page)."""


class Role(StrEnum):
    """`viewer < editor < admin`; `activator` stands apart and can only post activations."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    ACTIVATOR = "activator"


_RANK = {Role.VIEWER: 1, Role.EDITOR: 2, Role.ADMIN: 3}
_ACTIVATING = frozenset({Role.ACTIVATOR, Role.EDITOR, Role.ADMIN})


def allows(role: str, needed: Role) -> bool:
    """Whether `role` may do what asks for `needed`; an unknown role may do nothing."""
    try:
        held = Role(role)
    except ValueError:
        return False
    if needed is Role.ACTIVATOR:
        return held in _ACTIVATING
    return _RANK.get(held, 0) >= _RANK[needed]


def strongest(roles: Iterable[str]) -> str:
    """Of what an identity provider says of somebody, the role that may do most here; empty when it names none."""
    held = [Role(role) for role in roles if role in Role]
    return max(held, key=lambda role: _RANK.get(role, 0)).value if held else ""


def token_digest(token: str) -> str:
    """The form in which a token or a write key is stored and looked up: SHA-256, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same_token(given: str, expected: str) -> bool:
    """Compared in constant time, as bytes: the str form raises on anything beyond ASCII."""
    return hmac.compare_digest(token_digest(given).encode(), token_digest(expected).encode())


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of `Authorization: Bearer …`, if there is one; header names are lower case."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`sha256=<hex>` over `<timestamp>.<raw body>`, the body as it was sent, compressed or not."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def check_signature(headers: Mapping[str, str], body: bytes, secret: str, now_ms: int) -> None:
    """Raises Problem 401 unless `X-Signature` and `X-Timestamp` (Unix ms) are there, fresh and right."""
    timestamp = headers.get("x-timestamp", "")
    if not re.fullmatch(r"[0-9]{1,16}", timestamp):
        raise Problem(401, "INVALID_SIGNATURE", "X-Timestamp must hold the Unix time in milliseconds.")
    if abs(now_ms - int(timestamp)) > MAX_SKEW_MS:
        raise Problem(401, "EXPIRED_SIGNATURE", "X-Timestamp is more than 5 minutes away from our clock.")
    given = headers.get("x-signature", "").encode("utf-8", "replace")
    if not hmac.compare_digest(given, signature(secret, timestamp, body).encode()):
        raise Problem(401, "INVALID_SIGNATURE", "X-Signature does not match the body and X-Timestamp.")
