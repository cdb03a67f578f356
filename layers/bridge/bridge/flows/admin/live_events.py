"""Live events: every planned vendor request, newest first, and its four stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.flows.admin.admin_api import Call, missing
from bridge.flows.admin.lists import Page, listed
from bridge.flows.admin.viewing import listed_masked, not_by_user, sees_people, stages_masked
from bridge.flows.events.gateway import Answer, answer_json

Row = Mapping[str, Any]
"""As the API shows it: `delivery_id, integration_id, kind, status, vendor_status, attempt, events, at`."""

STAGES = ("input", "mapped", "request", "response")


class Deliveries(Protocol):
    """Reads delivery rows."""

    def page(
        self,
        limit: int,
        cursor: str | None,
        *,
        integration_id: str | None,
        status: str | None,
        kind: str | None,
        type: str | None,  # noqa: A002 - the event's own word
        name: str | None,
        user: str | None,
    ) -> tuple[Sequence[Row], str | None]: ...
    def get(self, delivery_id: str) -> Row | None: ...


class Stages(Protocol):
    """Reads what was kept of a delivery, under the key its row names; None once it has expired."""

    def get(self, key: str) -> Mapping[str, Any] | None: ...


FILTERS = ("integration_id", "status", "kind", "type", "name", "user")


@dataclass(frozen=True, slots=True)
class LiveEvents:
    """The reading side of deliveries."""

    deliveries: Deliveries
    stages: Stages

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/live-events?integration_id=&status=&kind=&type=&name=&user=, newest first.

        `name` and `user` are beginnings, case and all, of those of any event listed in the row; viewers see
        users masked and cannot find by them.
        """
        not_by_user(call)
        page = Page.of(call.query)
        wanted = {name: call.query.get(name) or None for name in FILTERS}
        rows, cursor = self.deliveries.page(page.limit, page.cursor, **wanted)
        shown = [_shown(row) for row in rows]
        return listed(shown if sees_people(call) else [listed_masked(row) for row in shown], cursor)

    def get(self, call: Call) -> Answer:
        """GET /v1/admin/live-events/{delivery_id}: the row, its stages (null once expired) and outcomes."""
        row = self.deliveries.get(call.params["delivery_id"])
        if row is None:
            raise missing("delivery")
        kept = (self.stages.get(row["stages"]) if row.get("stages") else None) or {}
        stages: Mapping[str, Any] = {stage: kept.get(stage) for stage in STAGES}
        if not sees_people(call):
            row, stages = listed_masked(row), stages_masked(row["kind"], stages)
        return answer_json(200, {**row, "stages": stages, "outcomes": kept.get("outcomes")})


def _shown(row: Row) -> dict[str, Any]:
    """In the list the stages are left out: where they lie is nobody's business."""
    return {name: value for name, value in row.items() if name != "stages"}
