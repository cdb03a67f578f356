"""Who is calling: an HTTP API authorizer's simple answer, which the gateway keeps for up to a minute."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bridge.flows.authorize import bearer, strongest

_DOTS_OF_A_JWT = 2


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
    """Looks a token of ours up; expired and unknown ones are None."""

    def by_token(self, token: str) -> Token | None: ...


class Person(Protocol):
    """Whom an identity provider vouches for; its roles may be known here or not."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def expires_at(self) -> str: ...


class People(Protocol):
    """Reads the JWTs of an identity provider; those that do not hold are None."""

    def by_token(self, token: str) -> Person | None: ...


def authorized(event: Mapping[str, Any], tokens: Tokens, people: People) -> dict[str, Any]:
    """`context` reaches the functions as `requestContext.authorizer.lambda`; they decide per route.

    A JWT has two dots and a token of ours has none, so neither is ever asked about the other's.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    given = bearer(headers)
    if given is None:
        return {"isAuthorized": False}
    if given.count(".") == _DOTS_OF_A_JWT:
        person = people.by_token(given)
        return _let_in(person, strongest(person.roles) if person else "")
    token = tokens.by_token(given)
    return _let_in(token, token.role if token else "")


def _let_in(who: Token | Person | None, role: str) -> dict[str, Any]:
    if who is None or not role:
        return {"isAuthorized": False}
    context = {"role": role, "token_id": who.id, "name": who.name, "expires_at": who.expires_at}
    return {"isAuthorized": True, "context": context}
