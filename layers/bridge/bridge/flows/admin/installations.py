"""The life of an installation after it was installed: read, revise, switch, test, delete."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from bridge.errors import BridgeError
from bridge.flows.admin.admin_api import Call, missing
from bridge.flows.admin.audit import Audit, changes
from bridge.flows.admin.catalog import entry_of
from bridge.flows.admin.configuration import (
    MASK,
    CheckUrl,
    KnownSources,
    check_sources,
    check_variant,
    checked,
    masked_config,
    parsed,
    require,
    shown,
    shown_revision,
)
from bridge.flows.admin.install import Name
from bridge.flows.admin.key_test import KeyTest
from bridge.flows.admin.lists import Page, listed, sliced
from bridge.flows.events.gateway import Answer, answer_json
from mapping.catalog import CatalogEntry
from mapping.installation import Installation, Revision, Settings
from mapping.times import iso


class ChangeRequest(BaseModel):
    """What a PATCH may hold; `config` is merged field by field, null takes an optional field away."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, defer_build=True, hide_input_in_errors=True
    )

    name: Name = ""
    variant: str = ""
    delivery_mode: str = ""
    config: dict[str, Any] = {}
    sources: list[str] | None = None
    change_summary: str = ""


class Installations(Protocol):
    """Where installations are kept."""

    def get(self, installation_id: str, *, deleted: bool = False) -> Installation | None: ...
    def all(self) -> list[Installation]: ...
    def revisions(self, installation_id: str) -> list[Installation]: ...
    def save_revision(self, installation: Installation, *, previous: Installation) -> None: ...
    def set_enabled(self, installation_id: str, *, enabled: bool, at: str) -> None: ...
    def delete(self, installation: Installation, *, at: str) -> None: ...


class Secrets(Protocol):
    """Where secrets are kept."""

    def get(self, catalog_key: str, owner_id: str, *, fresh: bool = False) -> dict[str, str]: ...
    def put(self, catalog_key: str, owner_id: str, values: dict[str, str]) -> None: ...
    def delete(self, catalog_key: str, owner_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Installed:
    """Everything the life of an installation touches."""

    installations: Installations
    secrets: Secrets
    sources: KnownSources
    check_url: CheckUrl
    key_test: KeyTest
    audit: Audit
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/integrations, oldest first."""
        part, cursor = sliced(self.installations.all(), Page.of(call.query), lambda one: one.id)
        return listed([shown(one) for one in part], cursor)

    def get(self, call: Call) -> Answer:
        """GET /v1/admin/integrations/{id}: its current revision, secrets masked."""
        return answer_json(200, shown(self._found(call)))

    def revisions(self, call: Call) -> Answer:
        """GET /v1/admin/integrations/{id}/revisions, newest first; a deleted installation keeps its own."""
        installation_id = call.params["id"]
        if self.installations.get(installation_id, deleted=True) is None:
            raise missing("installation")
        states = self.installations.revisions(installation_id)
        part, cursor = sliced(states, Page.of(call.query), lambda one: one.revision.id)
        return listed([_shown_state(one) for one in part], cursor)

    def change(self, call: Call) -> Answer:
        """PATCH /v1/admin/integrations/{id}: a new revision, unless nothing differs."""
        current, document = self._found(call), call.document()
        request = parsed(ChangeRequest, document)
        entry = entry_of(current.catalog_key)
        variant, mode = request.variant or current.variant, request.delivery_mode or current.delivery_mode
        require(check_variant(entry, variant, mode) + check_sources(request.sources, self.sources))
        configuration = checked(
            entry, _merged(entry, current, request.config), current.secret_fields, self.check_url
        )
        target = current.model_copy(
            update={
                "name": request.name or current.name,
                "variant": variant,
                "delivery_mode": mode,
                "sources": _sources(document, current),
                "config": configuration.plain,
                "secret_fields": tuple(dict.fromkeys([*current.secret_fields, *configuration.secrets])),
            }
        )
        if target == current and not configuration.secrets:
            return answer_json(200, shown(current))
        changed = _changes(current, target, configuration.secrets)
        revised = self._revised(
            target, request.change_summary or f"Changed {', '.join(changed)}", call.actor.name
        )
        with self.audit.act(call.actor, "integration.updated", "integration", current.id, changed):
            self._save(revised, current, configuration.secrets)
        if Settings.of(revised).replay_when_mended:
            # What it could not deliver is replayed once it is seen to work: it is asked at once, and where
            # nobody answers the first delivery tells.
            with suppress(BridgeError):
                self.key_test.ask(revised)
        return answer_json(200, shown(revised))

    def enable(self, call: Call) -> Answer:
        """POST /v1/admin/integrations/{id}/enable: its events are delivered from now on."""
        return self._switch(call, enabled=True)

    def disable(self, call: Call) -> Answer:
        """POST /v1/admin/integrations/{id}/disable: its events are filtered until it is enabled again."""
        return self._switch(call, enabled=False)

    def delete(self, call: Call) -> Answer:
        """DELETE /v1/admin/integrations/{id}: first nobody uses it any more, then its secret goes.

        A call that got only half way can be made again: it takes the secret of a deleted one away too.
        """
        current = self.installations.get(call.params["id"], deleted=True)
        if current is None or current.deleted_at:
            if current is not None:
                self.secrets.delete(current.catalog_key, current.id)
            raise missing("installation")
        gone = changes({"name": current.name, "config": masked_config(current)}, {})
        with self.audit.act(call.actor, "integration.deleted", "integration", current.id, gone):
            self.installations.delete(current, at=iso(self.clock()))
            self.secrets.delete(current.catalog_key, current.id)
        return Answer(204)

    def test(self, call: Call) -> Answer:
        """POST /v1/admin/integrations/{id}/test: `{"ok","checks":[…]}`, one check per permission.

        When all of them pass, the installation is healthy from now on, whatever was noted before.
        """
        return answer_json(200, self.key_test.ask(self._found(call)))

    def _found(self, call: Call) -> Installation:
        found = self.installations.get(call.params["id"])
        if found is None:
            raise missing("installation")
        return found

    def _switch(self, call: Call, *, enabled: bool) -> Answer:
        current, now = self._found(call), iso(self.clock())
        if current.enabled == enabled:
            return answer_json(200, shown(current))
        action = "integration.enabled" if enabled else "integration.disabled"
        switched = {"enabled": {"old": current.enabled, "new": enabled}}
        with self.audit.act(call.actor, action, "integration", current.id, switched):
            self.installations.set_enabled(current.id, enabled=enabled, at=now)
        return answer_json(200, shown(current.model_copy(update={"enabled": enabled, "updated_at": now})))

    def _save(self, revised: Installation, current: Installation, given: dict[str, str]) -> None:
        """The revision first: whoever loses a race has changed nothing, the key included."""
        owner = (current.catalog_key, current.id)
        stored = (
            self.secrets.get(*owner, fresh=True) if given and set(current.secret_fields) - set(given) else {}
        )
        self.installations.save_revision(revised, previous=current)
        if given:
            self.secrets.put(*owner, {**stored, **given})

    def _revised(self, target: Installation, summary: str, by: str) -> Installation:
        now = iso(self.clock())
        revision = Revision(
            id=self.new_id("rev"),
            revision_number=target.revision.revision_number + 1,
            created_at=now,
            created_by=by,
            change_summary=summary[:500],
        )
        return target.model_copy(update={"revision": revision, "updated_at": now})


def _merged(entry: CatalogEntry, current: Installation, change: Mapping[str, Any]) -> dict[str, Any]:
    """Null takes away what may be there; any other name stays, to be refused as a field nobody has."""
    may_go = {*current.config, *(field.key for field in entry.config_fields)}
    merged = {**current.config, **change}
    return {name: value for name, value in merged.items() if value is not None or name not in may_go}


def _sources(document: Mapping[str, Any], current: Installation) -> tuple[str, ...] | None:
    """Left out keeps them; null means every source not marked as a test source."""
    if "sources" not in document:
        return current.sources
    return None if document["sources"] is None else tuple(document["sources"])


def _changes(
    current: Installation, target: Installation, secrets: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    changed = changes(_facts(current), _facts(target))
    return changed | {f"config.{name}": {"old": MASK, "new": MASK} for name in secrets}


def _facts(one: Installation) -> dict[str, Any]:
    sources = None if one.sources is None else list(one.sources)
    facts = {"name": one.name, "variant": one.variant, "delivery_mode": one.delivery_mode, "sources": sources}
    return facts | {f"config.{name}": value for name, value in one.config.items()}


def _shown_state(state: Installation) -> dict[str, Any]:
    return {
        **shown_revision(state.revision),
        "integration_id": state.id,
        "name": state.name,
        "variant": state.variant,
        "delivery_mode": state.delivery_mode,
        "sources": None if state.sources is None else list(state.sources),
        "config": masked_config(state),
    }
