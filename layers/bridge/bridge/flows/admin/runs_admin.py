"""Audience runs as an operator meets them: read, approve, cancel."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import Problem, Retryable
from bridge.flows.admin.admin_api import Call, missing
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.lists import Page, listed
from bridge.flows.admin.run_reports import page_key
from bridge.flows.events.gateway import Answer, answer_json
from bridge.flows.runs.progress import PartState, progress
from mapping.run import Run

_IDS = {"id", "integration_id", "export_id", "audience_id", "split_id", "campaign_id"}
_STATE = {
    "kind",
    "origin",
    "reconcile",
    "based_on",
    "ordered_by",
    "mode",
    "status",
    "approved",
    "approved_by",
    "halt",
    "waits_on",
    "result",
}
_SHOWN = _IDS | _STATE | {"created_at", "updated_at", "ended_at"}
_COUNTS = {"members", "joined", "left", "changed", "unchanged", "rejected", "data_points", "requests"}
_PLANNED = _COUNTS | {"attributes", "waits_for", "warnings", "dry_run", "send_before"}
_FORESEEN = ("seconds_at_limit", "biggest_changes", "samples")


class Runs(Protocol):
    """Where runs are kept; a change raises Rejected when the run's status does not allow it."""

    def page(self, limit: int, cursor: str | None) -> tuple[Sequence[Run], str | None]: ...
    def get(self, run_id: str) -> Run | None: ...
    def approve(self, run_id: str, by: str) -> Run: ...
    def cancel(self, run_id: str, by: str) -> Run: ...


class Queue(Protocol):
    """Takes bodies; raises Retryable when it cannot."""

    def send(self, bodies: Sequence[str], *, group: str | None = None) -> None: ...


class Parts(Protocol):
    """Parts of runs somebody has begun."""

    def states(self, run_id: str) -> Sequence[tuple[int, str, bool, bool]]:
        """In order: number, checkpoint, done, and whether a worker has it now."""


class Links(Protocol):
    """Makes a link to an object of the state bucket."""

    def url(self, key: str) -> str: ...


@dataclass(frozen=True, slots=True)
class RunsAdmin:
    """`exports` is the queue on which a run's next step is asked for."""

    runs: Runs
    exports: Queue
    links: Links
    audit: Audit
    parts: Parts
    clock: Callable[[], datetime]

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/audience-runs, newest first."""
        page = Page.of(call.query)
        found, cursor = self.runs.page(page.limit, page.cursor)
        return listed([self.shown(run) for run in found], cursor)

    def get(self, call: Call) -> Answer:
        """GET /v1/admin/audience-runs/{run_id}: plan, progress part by part, result, and links to the report."""
        run = self.found(call)
        states = (PartState(*state) for state in self.parts.states(run.id)) if run.parts else ()
        return answer_json(200, self.shown(run) | {"progress": progress(run, states, self.clock())})

    def approve(self, call: Call) -> Answer:
        """POST /v1/admin/audience-runs/{run_id}/approve: only what waits for approval can be approved.

        A run is woken after its approval: a call that got only half way (503) can be made again.
        """
        before = self.found(call)
        if before.status == "planning" and before.approved:
            after = before
        elif before.status in {"waiting_approval", "stale"}:
            after = self._moved(call, before, self.runs.approve, "approved")
        else:
            raise Problem(409, "NOT_WAITING", f"The run is {before.status}: there is nothing to approve.")
        self.wake(before)
        return answer_json(200, self.shown(after))

    def cancel(self, call: Call) -> Answer:
        """POST /v1/admin/audience-runs/{run_id}/cancel: what Braze has accepted by then is committed."""
        before = self.found(call)
        if before.ended and before.status != "stale":
            raise Problem(409, "ALREADY_ENDED", f"The run is {before.status}: there is nothing to cancel.")
        after = self._moved(call, before, self.runs.cancel, "cancelled")
        with suppress(Retryable):  # it is cancelled all the same, and its own message finds that out
            self.wake(before)
        return answer_json(200, self.shown(after))

    def _moved(self, call: Call, before: Run, move: Callable[[str, str], Run], done: str) -> Run:
        asked = {"status": {"old": before.status, "new": None}}
        with self.audit.act(call.actor, f"audience_run.{done}", "audience_run", before.id, asked) as entry:
            after = move(before.id, by(call))
            entry["changes"] = {"status": {"old": before.status, "new": after.status}}
        return after

    def wake(self, run: Run) -> None:
        """Ask for a run's next step; raises Retryable when nobody could be asked."""
        self.exports.send([json.dumps({"run_id": run.id, "step": "resume"})], group=run.integration_id)

    def found(self, call: Call) -> Run:
        """The run a call names; 404 when there is none."""
        run = self.runs.get(call.params["run_id"])
        if run is None:
            raise missing("run")
        return run

    def shown(self, run: Run) -> dict[str, Any]:
        """A run as the API shows it."""
        told = run.model_dump(mode="json", include=_SHOWN)
        plan = None
        if run.plan:
            foreseen = {name: run.plan.details.get(name) for name in _FORESEEN}
            plan = run.plan.model_dump(mode="json", include=_PLANNED) | foreseen
        return told | {
            "plan": plan,
            "progress": {"parts": run.parts, "parts_done": run.parts_done},
            "report_url": self.links.url(run.report_key) if run.report_key else None,
            "report_page_url": self.links.url(page_key(run.report_key)) if run.report_key else None,
        }


def by(call: Call) -> str:
    """Who calls, as a run remembers it."""
    return call.actor.name or call.actor.token_id
