"""Who is calling: an HTTP API authorizer's simple answer, which the gateway keeps for up to a minute."""

from collections.abc import Mapping
from typing import Any, Protocol

from bridge.flows.authorize import bearer


class Token(Protocol):
    """What the functions behind the authorizer are told of a token."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def expires_at(self) -> str: ...


class Tokens(Protocol):
    """Looks a token up; expired and unknown ones are None."""

    def by_token(self, token: str) -> Token | None: ...


def authorized(event: Mapping[str, Any], tokens: Tokens) -> dict[str, Any]:
    """`context` reaches the functions as `requestContext.authorizer.lambda`; they decide per route."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    given = bearer(headers)
    token = tokens.by_token(given) if given else None
    if token is None:
        return {"isAuthorized": False}
    context = {"role": token.role, "token_id": token.id, "name": token.name, "expires_at": token.expires_at}
    return {"isAuthorized": True, "context": context}
