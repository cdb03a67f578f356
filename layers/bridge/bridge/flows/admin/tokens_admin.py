"""Admin tokens: each with a name, a role and an expiry; shown once, revoked by deleting them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bridge.flows.admin.admin_api import Call, missing
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import parsed
from bridge.flows.admin.install import Name
from bridge.flows.admin.lists import Page, listed, sliced
from bridge.flows.events.gateway import Answer, answer_json
from mapping.times import iso


class TokenRequest(BaseModel):
    """Without `expires_in_days` the token holds until it is deleted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    name: Name
    role: Literal["viewer", "editor", "admin", "activator"]
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class Token(Protocol):
    """What is shown of a token; an empty time is none."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def prefix(self) -> str: ...
    @property
    def created_at(self) -> str: ...
    @property
    def expires_at(self) -> str: ...
    @property
    def last_used_at(self) -> str: ...


class Tokens(Protocol):
    """Where tokens are kept."""

    def list(self) -> Sequence[Token]: ...
    def create(self, name: str, role: str, *, expires_at: datetime | None) -> tuple[Token, str]: ...
    def delete(self, token_id: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class TokensAdmin:
    """All of it asks for an admin."""

    tokens: Tokens
    audit: Audit
    clock: Callable[[], datetime]

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/tokens, oldest first, expired ones included."""
        part, cursor = sliced(self.tokens.list(), Page.of(call.query), lambda one: one.id)
        return listed([_shown(one) for one in part], cursor)

    def create(self, call: Call) -> Answer:
        """POST /v1/admin/tokens: 201 with `token`, which cannot be read again."""
        request = parsed(TokenRequest, call.document())
        days = request.expires_in_days
        expires_at = self.clock() + timedelta(days=days) if days else None
        facts = {"name": request.name, "role": request.role, "expires_at": expires_at and iso(expires_at)}
        created = {field: {"old": None, "new": value} for field, value in facts.items()}
        with self.audit.act(call.actor, "token.created", "token", "", created) as entry:
            made, token = self.tokens.create(request.name, request.role, expires_at=expires_at)
            entry["resource_id"] = made.id
        return answer_json(201, {**_shown(made), "token": token})

    def delete(self, call: Call) -> Answer:
        """DELETE /v1/admin/tokens/{id}: refused everywhere within a minute."""
        found = next((one for one in self.tokens.list() if one.id == call.params["id"]), None)
        if found is None:
            raise missing("token")
        gone = {"name": {"old": found.name, "new": None}, "role": {"old": found.role, "new": None}}
        with self.audit.act(call.actor, "token.deleted", "token", found.id, gone):
            if not self.tokens.delete(found.id):
                raise missing("token")
        return Answer(204)


def _shown(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "prefix": token.prefix,
        "created_at": token.created_at or None,
        "expires_at": token.expires_at or None,
        "last_used_at": token.last_used_at or None,
    }
