"""Sources: where events come from. The write key, and the signing secret if asked for, are shown once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from bridge.flows.admin.admin_api import Call, invalid, missing
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import parsed
from bridge.flows.admin.install import Name
from bridge.flows.admin.lists import Page, listed, sliced
from bridge.flows.events.gateway import Answer, answer_json
from bridge.flows.problems import at

Kind = Literal["browser", "server"]

SIGNING = "sources"
"""Signing secrets stand under `/<stack>/sources/<source id>` as `{"hmac_secret"}`."""


class SourceRequest(BaseModel):
    """A browser's write key is public, so it cannot have a signing secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    name: Name
    kind: Kind
    test: bool = False
    hmac: bool = False


class Source(Protocol):
    """What is shown of a source."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def test(self) -> bool: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def key_prefix(self) -> str: ...
    @property
    def created_at(self) -> str: ...


class Sources(Protocol):
    """Where sources are kept."""

    def get(self, source_id: str) -> Source | None: ...
    def list(self) -> Sequence[Source]: ...
    def create(self, name: str, kind: Kind, *, test: bool) -> tuple[Source, str]: ...
    def delete(self, source_id: str) -> bool: ...


class Secrets(Protocol):
    """Where secrets are kept."""

    def put(self, catalog_key: str, owner_id: str, values: dict[str, str]) -> None: ...
    def delete(self, catalog_key: str, owner_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SourcesAdmin:
    """`new_secret` makes a signing secret."""

    sources: Sources
    secrets: Secrets
    audit: Audit
    new_secret: Callable[[], str]

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/sources, oldest first, without their keys."""
        part, cursor = sliced(self.sources.list(), Page.of(call.query), lambda one: one.id)
        return listed([_shown(one) for one in part], cursor)

    def create(self, call: Call) -> Answer:
        """POST /v1/admin/sources: 201 with `write_key`, and `hmac_secret` when one was asked for."""
        request = parsed(SourceRequest, call.document())
        if request.hmac and request.kind == "browser":
            raise invalid(
                [at("/hmac", "not_for_browsers", "a browser's key is public: only a server source can sign")]
            )
        made = {field: {"old": None, "new": value} for field, value in request.model_dump().items()}
        with self.audit.act(call.actor, "source.created", "source", "", made) as entry:
            source, write_key = self.sources.create(request.name, request.kind, test=request.test)
            entry["resource_id"] = source.id
            once = {"write_key": write_key} | (self._signing_secret(source.id) if request.hmac else {})
        return answer_json(201, {**_shown(source), **once})

    def delete(self, call: Call) -> Answer:
        """DELETE /v1/admin/sources/{id}: its write key is refused from then on."""
        source = self.sources.get(call.params["id"])
        if source is None:
            raise missing("source")
        gone = {"name": {"old": source.name, "new": None}, "kind": {"old": source.kind, "new": None}}
        with self.audit.act(call.actor, "source.deleted", "source", source.id, gone):
            if not self.sources.delete(source.id):
                raise missing("source")
            self.secrets.delete(SIGNING, source.id)
        return Answer(204)

    def _signing_secret(self, source_id: str) -> dict[str, str]:
        secret = {"hmac_secret": self.new_secret()}
        try:
            self.secrets.put(SIGNING, source_id, secret)
        except BaseException:
            self.sources.delete(source_id)
            raise
        return secret


def _shown(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "name": source.name,
        "kind": source.kind,
        "test": source.test,
        "enabled": source.enabled,
        "key_prefix": source.key_prefix,
        "created_at": source.created_at,
    }
