"""Audience runs as an operator meets them: read, approve, cancel."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.errors import Problem
from bridge.flows.admin_api import Call, missing
from bridge.flows.audit import Audit
from bridge.flows.gateway import Answer, answer_json
from bridge.flows.lists import Page, listed

Run = Mapping[str, Any]
"""`id, kind, audience_id, split_id, status, plan, progress, result, report_url`"""


class Runs(Protocol):
    """Where runs are kept; a change raises Rejected when the run's status does not allow it."""

    def page(self, limit: int, cursor: str | None) -> tuple[list[Run], str | None]: ...
    def get(self, run_id: str) -> Run | None: ...
    def approve(self, run_id: str, by: str) -> object: ...
    def cancel(self, run_id: str, by: str) -> object: ...


class Queue(Protocol):
    """Takes bodies; raises Retryable when it cannot."""

    def send(self, bodies: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class RunsAdmin:
    """`exports` is the queue on which a run's next step is asked for."""

    runs: Runs
    exports: Queue
    audit: Audit

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/audience-runs, newest first."""
        page = Page.of(call.query)
        return listed(*self.runs.page(page.limit, page.cursor))

    def get(self, call: Call) -> Answer:
        """GET /v1/admin/audience-runs/{run_id}"""
        return answer_json(200, self._found(call.params["run_id"]))

    def approve(self, call: Call) -> Answer:
        """POST /v1/admin/audience-runs/{run_id}/approve: only a run that waits for approval can be approved."""
        run = self._found(call.params["run_id"])
        if run["status"] not in {"waiting_approval", "stale"}:
            raise Problem(409, "NOT_WAITING", f"The run is {run['status']}: there is nothing to approve.")
        self.runs.approve(run["id"], _by(call))
        return self._resumed(call, run, "audience_run.approved")

    def cancel(self, call: Call) -> Answer:
        """POST /v1/admin/audience-runs/{run_id}/cancel: what Braze has accepted by then is committed."""
        run = self._found(call.params["run_id"])
        if run["status"] in {"done", "cancelled"}:
            raise Problem(409, "ALREADY_ENDED", f"The run is {run['status']}: there is nothing to cancel.")
        self.runs.cancel(run["id"], _by(call))
        return self._resumed(call, run, "audience_run.cancelled")

    def _resumed(self, call: Call, before: Run, action: str) -> Answer:
        self.exports.send([json.dumps({"run_id": before["id"], "step": "resume"})])
        after = self._found(before["id"])
        status = {"status": {"old": before["status"], "new": after["status"]}}
        self.audit.record(call.actor, action, "audience_run", before["id"], status)
        return answer_json(200, after)

    def _found(self, run_id: str) -> Run:
        run = self.runs.get(run_id)
        if run is None:
            raise missing("run")
        return run


def _by(call: Call) -> str:
    return call.actor.name or call.actor.token_id
