"""People of the customer's own identity provider: its JWTs, checked against its published keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from bridge.clients.published_keys import PublishedKeys

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric ones alone: with a shared secret, whoever can check a token could make one."""
LEEWAY = 30
"""Seconds that two clocks may be apart."""
_NOT_A_TOKEN = (jwt.PyJWTError, ValueError, ArithmeticError, RecursionError, OSError)
"""What a stranger's text can make of a parser: no JSON, no number, no time, no end of brackets."""
_NAMES = ("name", "email", "preferred_username", "sub")
_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class Person:
    """`roles` as the provider says them, known here or not."""

    id: str
    name: str
    roles: tuple[str, ...]
    expires_at: str


@dataclass(frozen=True, slots=True)
class People:
    """`audience` must be the token's `aud`, or its `client_id` where it has no `aud` (as Cognito's have not)."""

    keys: PublishedKeys
    audience: str
    role_claim: str

    def by_token(self, token: str) -> Person | None:
        """Whose token this is; None for one that does not hold. Raises Retryable when that cannot be known."""
        try:
            key = self.keys.of(str(jwt.get_unverified_header(token).get("kid")))
            claims = key and jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self.keys.issuer,
                leeway=LEEWAY,
                options={
                    "require": ["exp", "iss", "sub"],
                    "verify_aud": False,
                    "enforce_minimum_key_length": True,
                },
            )
            expires = datetime.fromtimestamp(int(claims["exp"]), UTC) if claims else None
        except _NOT_A_TOKEN:
            return None
        if not claims or not expires or not self._is_for_us(claims):
            return None
        named = next((claims[name] for name in _NAMES if isinstance(claims.get(name), str)), "")
        return Person(
            id=claims["sub"][:_SHOWN_CHARS],
            name=named[:_SHOWN_CHARS],
            roles=_texts(claims.get(self.role_claim)),
            expires_at=expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )

    def _is_for_us(self, claims: Mapping[str, Any]) -> bool:
        meant = _texts(claims["aud"] if "aud" in claims else claims.get("client_id"))
        return bool(self.audience) and self.audience in meant


def _texts(value: Any) -> tuple[str, ...]:
    """One text or a list of them; anything else is none."""
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str))
