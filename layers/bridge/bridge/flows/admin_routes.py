"""Every route of the admin API: what it is called, the least role that may call it, and what it does."""

from dataclasses import dataclass

from bridge.flows import catalog
from bridge.flows.admin_api import Route
from bridge.flows.audit import Audit
from bridge.flows.authorize import Role
from bridge.flows.health import Health
from bridge.flows.install import Installing
from bridge.flows.installations import Installed
from bridge.flows.letters import LetterDesk
from bridge.flows.live_events import LiveEvents
from bridge.flows.replay import Replay
from bridge.flows.runs_admin import RunsAdmin
from bridge.flows.sources_admin import SourcesAdmin
from bridge.flows.tokens_admin import TokensAdmin

_V, _E, _A = Role.VIEWER, Role.EDITOR, Role.ADMIN


@dataclass(frozen=True, slots=True)
class Managing:
    """What the install function serves."""

    installing: Installing
    installed: Installed
    sources: SourcesAdmin
    tokens: TokensAdmin
    audit: Audit

    def routes(self) -> tuple[Route, ...]:
        """Viewers read, editors make and change, admins delete and handle tokens and the audit log."""
        installation = "/v1/admin/integrations/<id>"
        return (
            Route("GET", "/v1/admin/integration-catalog", _V, catalog.entries),
            Route("GET", "/v1/admin/integration-catalog/<key>", _V, catalog.entry),
            Route("POST", "/v1/admin/integration-catalog/<key>/install", _E, self.installing.install),
            Route("GET", "/v1/admin/integrations", _V, self.installed.list),
            Route("GET", installation, _V, self.installed.get),
            Route("PATCH", installation, _E, self.installed.change),
            Route("DELETE", installation, _A, self.installed.delete),
            Route("GET", f"{installation}/revisions", _V, self.installed.revisions),
            Route("POST", f"{installation}/enable", _E, self.installed.enable),
            Route("POST", f"{installation}/disable", _E, self.installed.disable),
            Route("POST", f"{installation}/test", _E, self.installed.test),
            Route("GET", "/v1/admin/sources", _V, self.sources.list),
            Route("POST", "/v1/admin/sources", _E, self.sources.create),
            Route("DELETE", "/v1/admin/sources/<id>", _A, self.sources.delete),
            Route("GET", "/v1/admin/tokens", _A, self.tokens.list),
            Route("POST", "/v1/admin/tokens", _A, self.tokens.create),
            Route("DELETE", "/v1/admin/tokens/<id>", _A, self.tokens.delete),
            Route("GET", "/v1/admin/audit-logs", _A, self.audit.entries),
        )


@dataclass(frozen=True, slots=True)
class Operating:
    """What the operations function serves."""

    live_events: LiveEvents
    letters: LetterDesk
    replay: Replay
    runs: RunsAdmin
    health: Health

    def routes(self) -> tuple[Route, ...]:
        """Viewers read, editors approve, cancel and replay."""
        run = "/v1/admin/audience-runs/<run_id>"
        return (
            Route("GET", "/v1/admin/live-events", _V, self.live_events.list),
            Route("GET", "/v1/admin/live-events/<delivery_id>", _V, self.live_events.get),
            Route("GET", "/v1/admin/dead-letters", _V, self.letters.list),
            Route("POST", "/v1/admin/dead-letters/replay", _E, self.replay.replay),
            Route("GET", "/v1/admin/dead-letters/<id>", _V, self.letters.get),
            Route("GET", "/v1/admin/audience-runs", _V, self.runs.list),
            Route("GET", run, _V, self.runs.get),
            Route("POST", f"{run}/approve", _E, self.runs.approve),
            Route("POST", f"{run}/cancel", _E, self.runs.cancel),
            Route("GET", "/v1/admin/health", _V, self.health.report),
        )
