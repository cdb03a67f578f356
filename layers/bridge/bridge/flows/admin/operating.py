"""The operating half of the admin API: every route, the least role that may call it, and what it does."""

from dataclasses import dataclass

from bridge.flows.admin.admin_api import Route
from bridge.flows.admin.erase_admin import Erasures
from bridge.flows.admin.health import Health
from bridge.flows.admin.letters import LetterDesk
from bridge.flows.admin.live_events import LiveEvents
from bridge.flows.admin.replay import Replay
from bridge.flows.admin.replays import Replays
from bridge.flows.admin.run_orders import RunOrders
from bridge.flows.admin.run_reports import RunReports
from bridge.flows.admin.runs_admin import RunsAdmin
from bridge.flows.admin.statistics import Statistics
from bridge.flows.admin.trying import Trial
from bridge.flows.authorize import Role


@dataclass(frozen=True, slots=True)
class Operating:
    """What the operations function serves."""

    live_events: LiveEvents
    letters: LetterDesk
    replay: Replay
    replays: Replays
    runs: RunsAdmin
    orders: RunOrders
    reports: RunReports
    erasures: Erasures
    health: Health
    statistics: Statistics
    trial: Trial

    def routes(self) -> tuple[Route, ...]:
        """Viewers read; editors approve, cancel, roll back, reconcile, replay, see whom rejects name; admins erase."""
        run = "/v1/admin/audience-runs/<run_id>"
        return (
            Route("GET", "/v1/admin/live-events", Role.VIEWER, self.live_events.list),
            Route("POST", "/v1/admin/live-events/test", Role.EDITOR, self.trial.send),
            Route("GET", "/v1/admin/live-events/<delivery_id>", Role.VIEWER, self.live_events.get),
            Route("GET", "/v1/admin/dead-letters", Role.VIEWER, self.letters.list),
            Route("POST", "/v1/admin/dead-letters/replay", Role.EDITOR, self.replay.replay),
            Route("GET", "/v1/admin/dead-letters/groups", Role.VIEWER, self.letters.groups),
            Route("GET", "/v1/admin/dead-letters/<id>", Role.VIEWER, self.letters.get),
            Route("GET", "/v1/admin/replays", Role.VIEWER, self.replays.list),
            Route("POST", "/v1/admin/replays", Role.EDITOR, self.replays.start),
            Route("GET", "/v1/admin/replays/<id>", Role.VIEWER, self.replays.get),
            Route("POST", "/v1/admin/replays/<id>/cancel", Role.EDITOR, self.replays.cancel),
            Route("GET", "/v1/admin/audience-runs", Role.VIEWER, self.runs.list),
            Route("GET", run, Role.VIEWER, self.runs.get),
            Route("GET", f"{run}/report", Role.VIEWER, self.reports.report),
            Route("GET", f"{run}/rejects", Role.EDITOR, self.reports.rejects),
            Route("POST", f"{run}/approve", Role.EDITOR, self.runs.approve),
            Route("POST", f"{run}/cancel", Role.EDITOR, self.runs.cancel),
            Route("POST", f"{run}/rollback", Role.EDITOR, self.orders.rollback),
            Route("POST", f"{run}/reconcile", Role.EDITOR, self.orders.reconcile),
            Route("POST", "/v1/admin/subjects/erase", Role.ADMIN, self.erasures.ask),
            Route("GET", "/v1/admin/subjects/erase/<id>", Role.ADMIN, self.erasures.get),
            Route("GET", "/v1/admin/health", Role.VIEWER, self.health.report),
            Route("GET", "/v1/admin/statistics", Role.VIEWER, self.statistics.report),
        )
