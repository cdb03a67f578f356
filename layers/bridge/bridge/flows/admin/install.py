"""Installing an integration: check everything, store the secret, then make the installation visible."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints

from bridge.errors import Rejected
from bridge.flows.admin.admin_api import Call
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.catalog import entry_of
from bridge.flows.admin.configuration import (
    CheckUrl,
    Configuration,
    KnownSources,
    check_sources,
    check_variant,
    checked,
    masked_config,
    parsed,
    require,
    shown,
)
from bridge.flows.admin.key_test import Probe, asked_for, passed, report
from bridge.flows.events.gateway import Answer, answer_json
from mapping.catalog import CatalogEntry
from mapping.installation import Installation, Revision
from mapping.times import iso

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$"),
]


class InstallRequest(BaseModel):
    """The body of an install; without `sources` every source not marked as a test source feeds it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, defer_build=True, hide_input_in_errors=True
    )

    name: Name
    variant: str = "default"
    delivery_mode: str = "server_side"
    config: dict[str, Any]
    sources: list[str] | None = None


class Installations(Protocol):
    """Where installations are kept."""

    def name_taken(self, name: str) -> bool: ...
    def create(self, installation: Installation) -> None: ...


class Secrets(Protocol):
    """Where secrets are kept."""

    def put(self, catalog_key: str, owner_id: str, values: dict[str, str]) -> None: ...
    def delete(self, catalog_key: str, owner_id: str, *, recoverable: bool) -> None: ...


class Once(Protocol):
    """Gives the first answer again when a call comes back with the same key."""

    def once(
        self, key: str, payload: Mapping[str, Any], act: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Installing:
    """Everything an install touches."""

    installations: Installations
    secrets: Secrets
    sources: KnownSources
    check_url: CheckUrl
    audit: Audit
    once: Once
    probe: Probe
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def install(self, call: Call) -> Answer:
        """POST /v1/admin/integration-catalog/{key}/install; an `Idempotency-Key` holds for 24 h.

        With `?test=true` the vendor is asked first, and only what it lets in is saved.
        """
        key, document, test = call.params["key"], call.document(), asked_for(call.query)
        entry_of(key)
        if repeat := call.headers.get("idempotency-key", ""):
            payload = {"catalog_key": key, "body": document, "test": test}
            once = self.once.once(repeat, payload, lambda: self._install(call, document, test=test))
            return answer_json(201, once)
        return answer_json(201, self._install(call, document, test=test))

    def _install(self, call: Call, document: Mapping[str, Any], *, test: bool) -> dict[str, Any]:
        request, entry = parsed(InstallRequest, document), entry_of(call.params["key"])
        require(
            check_variant(entry, request.variant, request.delivery_mode)
            + check_sources(request.sources, self.sources)
        )
        configuration = checked(entry, _with_defaults(request, entry), (), self.check_url)
        if self.installations.name_taken(request.name):
            raise Rejected("name_taken")
        installation = self._new(entry.key, request, configuration, call.actor.name)
        tested = {"test": report(self.probe(installation, configuration.secrets))} if test else {}
        if test:
            passed(tested["test"])
        made = {"name": request.name, "variant": request.variant, "config": masked_config(installation)}
        created = {field: {"old": None, "new": value} for field, value in made.items()}
        with self.audit.act(call.actor, "integration.created", "integration", installation.id, created):
            self._store(installation, configuration.secrets)
        return shown(installation) | tested

    def _store(self, installation: Installation, secrets: dict[str, str]) -> None:
        """The secret first: dying in between leaves a key nobody uses, never an installation without its key.

        Without any secret an empty entry is stored: a worker takes an absent one for lost.
        """
        owner = (installation.catalog_key, installation.id)
        self.secrets.put(*owner, secrets)
        try:
            self.installations.create(installation)
        except Rejected:
            self.secrets.delete(*owner, recoverable=False)
            raise

    def _new(self, key: str, request: InstallRequest, configuration: Configuration, by: str) -> Installation:
        now = iso(self.clock())
        return Installation(
            id=self.new_id("int"),
            catalog_key=key,
            name=request.name,
            variant=request.variant,
            delivery_mode=request.delivery_mode,
            sources=None if request.sources is None else tuple(request.sources),
            config=configuration.plain,
            secret_fields=tuple(configuration.secrets),
            revision=Revision(
                id=self.new_id("rev"),
                revision_number=1,
                created_at=now,
                created_by=by,
                change_summary="Installed",
            ),
            created_at=now,
            updated_at=now,
        )


def _with_defaults(request: InstallRequest, entry: CatalogEntry) -> dict[str, Any]:
    variant = entry.variant(request.variant)
    return {**(variant.default_config if variant else {}), **request.config}
