"""The admin API's collaborators, in memory."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bridge.errors import Blocked, Rejected, Retryable
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import CheckUrl
from bridge.flows.admin.install import Installing
from bridge.flows.admin.installations import Installed
from bridge.flows.admin.key_test import KeyTest
from bridge.flows.admin.managing import Managing
from bridge.flows.admin.sources_admin import SourcesAdmin
from bridge.flows.admin.tokens_admin import TokensAdmin
from mapping.installation import Installation

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Ids:
    """Counts up, per prefix."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def __call__(self, prefix: str) -> str:
        self._made[prefix] += 1
        return f"{prefix}_{self._made[prefix]:024d}"


@dataclass
class FakeInstallations:
    rows: dict[str, Installation] = field(default_factory=dict)
    history: list[Installation] = field(default_factory=list)
    refuse: str = ""

    def get(self, installation_id: str, *, deleted: bool = False) -> Installation | None:
        found = self.rows.get(installation_id)
        return found if found and (deleted or not found.deleted_at) else None

    def all(self) -> list[Installation]:
        return [one for one in self.rows.values() if not one.deleted_at]

    def revisions(self, installation_id: str) -> list[Installation]:
        return [one for one in reversed(self.history) if one.id == installation_id]

    def name_taken(self, name: str) -> bool:
        return any(one.name.casefold() == name.casefold() for one in self.all())

    def create(self, installation: Installation) -> None:
        self._may_write()
        self._put(installation)

    def save_revision(self, installation: Installation, *, previous: Installation) -> None:
        self._may_write()
        if self.rows[installation.id].revision != previous.revision:
            raise Rejected("revision_conflict")
        others = [one for one in self.all() if one.id != installation.id]
        if any(one.name.casefold() == installation.name.casefold() for one in others):
            raise Rejected("name_taken")
        self._put(installation)

    def set_enabled(self, installation_id: str, *, enabled: bool, at: str) -> None:
        one = self.rows[installation_id]
        self.rows[installation_id] = one.model_copy(update={"enabled": enabled, "updated_at": at})

    def delete(self, installation: Installation, *, at: str) -> None:
        gone = installation.model_copy(update={"deleted_at": at, "enabled": False})
        self.rows[installation.id] = gone

    def _put(self, installation: Installation) -> None:
        self.rows[installation.id] = installation
        self.history.append(installation)

    def _may_write(self) -> None:
        if self.refuse:
            raise Rejected(self.refuse)


@dataclass
class FakeSecrets:
    kept: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: bool = False
    keeps: bool = False

    def get(self, catalog_key: str, owner_id: str, *, fresh: bool = False) -> dict[str, str]:
        if f"{catalog_key}/{owner_id}" not in self.kept:
            raise Blocked("secret_missing", "it does not exist")
        return self.kept[f"{catalog_key}/{owner_id}"]

    def put(self, catalog_key: str, owner_id: str, values: dict[str, str]) -> None:
        if self.broken:
            raise RuntimeError("Secrets Manager is down")
        self.kept[f"{catalog_key}/{owner_id}"] = values

    def delete(self, catalog_key: str, owner_id: str, *, recoverable: bool = True) -> None:
        if self.keeps:
            raise Retryable("secrets_unavailable")
        self.kept.pop(f"{catalog_key}/{owner_id}", None)


@dataclass(frozen=True)
class FakeSource:
    id: str
    name: str = "Website"
    kind: str = "browser"
    test: bool = False
    enabled: bool = True
    key_prefix: str = "dk_live_0000"
    created_at: str = "2026-11-22T12:00:00.000Z"


@dataclass
class FakeSources:
    rows: dict[str, FakeSource] = field(default_factory=dict)

    def get(self, source_id: str) -> FakeSource | None:
        return self.rows.get(source_id)

    def list(self) -> tuple[FakeSource, ...]:
        return tuple(self.rows.values())

    def create(self, name: str, kind: str, *, test: bool) -> tuple[FakeSource, str]:
        made = FakeSource(f"src_{len(self.rows) + 1}", name, kind, test)
        self.rows[made.id] = made
        return made, f"dk_{'test' if test else 'live'}_0123456789abcdef0123456789abcdef"

    def delete(self, source_id: str) -> bool:
        return self.rows.pop(source_id, None) is not None


@dataclass(frozen=True)
class FakeToken:
    id: str
    name: str
    role: str
    expires_at: str = ""
    prefix: str = "sb_abcd"
    created_at: str = "2026-11-22T12:00:00.000Z"
    last_used_at: str = ""


@dataclass
class FakeTokens:
    rows: dict[str, FakeToken] = field(default_factory=dict)

    def list(self) -> tuple[FakeToken, ...]:
        return tuple(self.rows.values())

    def create(self, name: str, role: str, *, expires_at: datetime | None) -> tuple[FakeToken, str]:
        made = FakeToken(
            f"tok_{len(self.rows) + 1}", name, role, expires_at.isoformat() if expires_at else ""
        )
        self.rows[made.id] = made
        return made, "sb_the-token-itself"

    def delete(self, token_id: str) -> bool:
        return self.rows.pop(token_id, None) is not None


@dataclass
class FakeAuditLog:
    """`puts` are still let through before it is away; None is without end."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    puts: int | None = None

    def put(self, entry: dict[str, Any]) -> None:
        if self.puts is not None:
            if self.puts == 0:
                raise Retryable("audit_unavailable")
            self.puts -= 1
        self.entries = [one for one in self.entries if one["id"] != entry["id"]] + [dict(entry)]

    def page(self, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        start = int(cursor or 0)
        newest = self.entries[::-1]
        return newest[start : start + limit], str(start + limit) if start + limit < len(newest) else None


@dataclass
class FakeOnce:
    answers: dict[str, tuple[Mapping[str, Any], dict[str, Any]]] = field(default_factory=dict)

    def once(self, key: str, payload: Mapping[str, Any], act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if key in self.answers and self.answers[key][0] != payload:
            raise Rejected("idempotency_key_reused", "This Idempotency-Key was used with another body.")
        if key not in self.answers:
            self.answers[key] = (payload, act())
        return self.answers[key][1]


def only_vendor_hosts(catalog_key: str, url: str) -> None:
    if not url.startswith(("https://rest.", "https://api.actioniq.com")):
        raise Blocked("host_not_allowed", "the host is neither a vendor's nor listed in ExtraAllowedHosts")


@dataclass
class World:
    """Everything behind the install function."""

    installations: FakeInstallations = field(default_factory=FakeInstallations)
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    sources: FakeSources = field(default_factory=FakeSources)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    log: FakeAuditLog = field(default_factory=FakeAuditLog)
    checks: list[dict[str, Any]] = field(default_factory=list)
    check_url: CheckUrl = only_vendor_hosts
    now: datetime = NOW
    silent: bool = False
    healthy_since: dict[str, datetime] = field(default_factory=dict)
    probed: list[tuple[Installation, Mapping[str, str]]] = field(default_factory=list)

    def mended(self, installation_id: str, *, now: datetime) -> None:
        self.healthy_since[installation_id] = now

    def probe(self, installation: Installation, secrets: Mapping[str, str]) -> list[dict[str, Any]]:
        self.probed.append((installation, secrets))
        if self.silent:
            raise Retryable("connect_failed")
        return self.checks

    def managing(self) -> Managing:
        ids, clock = Ids(), lambda: self.now
        audit = Audit(self.log, clock, ids)
        parts = (self.installations, self.secrets, self.sources, self.check_url)
        return Managing(
            installing=Installing(*parts, audit, FakeOnce(), self.probe, clock, ids),
            installed=Installed(*parts, KeyTest(self.secrets, self.probe, self, clock), audit, clock, ids),
            sources=SourcesAdmin(self.sources, self.secrets, audit, lambda: "the-signing-secret"),
            tokens=TokensAdmin(self.tokens, audit, clock),
            audit=audit,
        )
