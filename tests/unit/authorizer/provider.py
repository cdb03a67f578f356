"""An identity provider in memory: real keys, real tokens, and an https host that can be down."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from urllib3 import HTTPResponse
from urllib3.exceptions import NewConnectionError

ISSUER = "https://login.example.com/tenant/"
AUDIENCE = "signal-bridge"
DISCOVERY = "https://login.example.com/tenant/.well-known/openid-configuration"
JWKS = "https://keys.example.com/jwks"
WEAK = "weak"
"""The name of a key of 1024 bits."""


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """The same for the same name: a key costs a tenth of a second."""
    return rsa.generate_private_key(65537, 1024 if name == WEAK else 2048)


def public_jwk(name: str) -> dict[str, Any]:
    made: dict[str, Any] = RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True)
    return made | {"kid": name, "use": "sig"}


@dataclass
class Provider:
    """Stands where the connection pools would be; `published` names its keys, `answers` replaces documents."""

    published: tuple[str, ...] = ("key-1",)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    down: bool = False
    asked: list[str] = field(default_factory=list)

    def urlopen(self, method: str, url: str, redirect: bool = True, **given: Any) -> HTTPResponse:
        assert (method, redirect) == ("GET", False)
        assert given["timeout"].connect_timeout < 10
        self.asked.append(url)
        if self.down:
            raise NewConnectionError(None, "refused")
        status, body = self.answers.get(url) or (200, self._document(url))
        return HTTPResponse(BytesIO(body), status=status, preload_content=False)

    def _document(self, url: str) -> bytes:
        keys = [public_jwk(name) for name in self.published]
        documents = {DISCOVERY: {"issuer": ISSUER, "jwks_uri": JWKS}, JWKS: {"keys": keys}}
        return json.dumps(documents[url]).encode()


def token(key: str = "key-1", *, algorithm: str = "RS256", head: Any = None, **claims: Any) -> str:
    """A good one, unless told otherwise; a claim of None is left out."""
    now = datetime.now(UTC)
    usual = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "name": "Ada Lovelace",
        "role": "editor",
        "iat": now,
        "exp": now + timedelta(minutes=5),
    }
    given = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    signer: Any = private_key(key) if algorithm.startswith("RS") else None
    return jwt.encode(given, signer, algorithm=algorithm, headers={"kid": key} | (head or {}))
