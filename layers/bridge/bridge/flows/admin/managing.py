"""The managing half of the admin API: every route, the least role that may call it, and what it does."""

from dataclasses import dataclass

from bridge.flows.admin import catalog
from bridge.flows.admin.admin_api import Route
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.install import Installing
from bridge.flows.admin.installations import Installed
from bridge.flows.admin.sources_admin import SourcesAdmin
from bridge.flows.admin.tokens_admin import TokensAdmin
from bridge.flows.admin.whoami import whoami
from bridge.flows.authorize import Role


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
            Route("GET", "/v1/admin/whoami", Role.VIEWER, whoami),
            Route("GET", "/v1/admin/integration-catalog", Role.VIEWER, catalog.entries),
            Route("GET", "/v1/admin/integration-catalog/<key>", Role.VIEWER, catalog.entry),
            Route(
                "POST", "/v1/admin/integration-catalog/<key>/install", Role.EDITOR, self.installing.install
            ),
            Route("GET", "/v1/admin/integrations", Role.VIEWER, self.installed.list),
            Route("GET", installation, Role.VIEWER, self.installed.get),
            Route("PATCH", installation, Role.EDITOR, self.installed.change),
            Route("DELETE", installation, Role.ADMIN, self.installed.delete),
            Route("GET", f"{installation}/revisions", Role.VIEWER, self.installed.revisions),
            Route("POST", f"{installation}/enable", Role.EDITOR, self.installed.enable),
            Route("POST", f"{installation}/disable", Role.EDITOR, self.installed.disable),
            Route("POST", f"{installation}/test", Role.EDITOR, self.installed.test),
            Route("GET", "/v1/admin/sources", Role.VIEWER, self.sources.list),
            Route("POST", "/v1/admin/sources", Role.EDITOR, self.sources.create),
            Route("DELETE", "/v1/admin/sources/<id>", Role.ADMIN, self.sources.delete),
            Route("GET", "/v1/admin/tokens", Role.ADMIN, self.tokens.list),
            Route("POST", "/v1/admin/tokens", Role.ADMIN, self.tokens.create),
            Route("DELETE", "/v1/admin/tokens/<id>", Role.ADMIN, self.tokens.delete),
            Route("GET", "/v1/admin/audit-logs", Role.ADMIN, self.audit.entries),
        )
