"""Runs that a person orders, not an export: going back to an earlier state of an audience."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import Problem
from bridge.flows.admin.admin_api import Call
from bridge.flows.admin.audit import Audit, iso
from bridge.flows.admin.runs_admin import RunsAdmin, by
from bridge.flows.events.gateway import Answer, answer_json
from mapping.export import run_id
from mapping.run import Run, RunOrigin, Snapshot


class Runs(Protocol):
    """Where runs are kept."""

    def create(self, run: Run) -> Run:
        """The run as it is kept: the one given when its id is new."""

    def get(self, run_id: str) -> Run | None: ...
    def holder(self, audience: str) -> str | None:
        """The run that last took the audience."""


class Snapshots(Protocol):
    """What runs have committed."""

    def pointer(self, audience: str) -> Snapshot | None: ...
    def described(self, audience: str, version: int, run_id: str) -> Snapshot | None: ...


@dataclass(frozen=True, slots=True)
class RunOrders:
    """An order is a run whose id follows from what it asks for: asking twice, or after half a call, is asking once."""

    admin: RunsAdmin
    runs: Runs
    snapshots: Snapshots
    audit: Audit
    clock: Callable[[], datetime]

    def rollback(self, call: Call) -> Answer:
        """POST /v1/admin/audience-runs/{run_id}/rollback: the difference to what that run committed, as a run."""
        back_to = self.admin.found(call)
        if back_to.kind != "audience":
            raise Problem(409, "NOT_AN_AUDIENCE", f"A run of kind {back_to.kind} cannot be taken back.")
        if back_to.status != "done":
            raise Problem(
                409, "NOT_DONE", f"The run is {back_to.status}: only a run that is done has a state."
            )
        now = self.snapshots.pointer(back_to.audience)
        if now and now.run_id == back_to.id:
            raise Problem(409, "ALREADY_CURRENT", "Nothing was committed after this run.")
        last = self.runs.get(now.run_id) if now else None
        if last and _went_back_to(last, back_to):
            return answer_json(202, self.admin.shown(last))
        wished = self._committed_by(back_to)
        if now is None or wished is None:
            raise Problem(409, "SNAPSHOT_EXPIRED", "What this run committed is not kept any more.")
        asked = f"rollback\n{back_to.id}\n{now.version}"
        return self._order(call, back_to, "rollback", asked, wished)

    def _order(self, call: Call, about: Run, origin: RunOrigin, asked: str, wished: Snapshot) -> Answer:
        """The run that was ordered: the one under way when the same was asked before, else a new one."""
        holder_id = self.runs.holder(about.audience)
        holder = self.runs.get(holder_id) if holder_id else None
        if holder and not holder.ended:
            if (holder.origin, holder.based_on) != (origin, about.id):
                raise Problem(409, "AUDIENCE_BUSY", f"Run {holder.id} of the audience is {holder.status}.")
            ordered = holder
        else:
            ordered = self._new(call, about, origin, f"{asked}\n{holder_id}", wished)
        self.admin.wake(ordered)
        return answer_json(202, self.admin.shown(ordered))

    def _new(self, call: Call, about: Run, origin: RunOrigin, asked: str, wished: Snapshot) -> Run:
        ordered_id = run_id(asked, "")
        # One that ended without having taken the audience is not asked again, but followed by another.
        while (kept := self.runs.get(ordered_id)) and kept.ended:
            ordered_id = run_id(asked, ordered_id)
        if kept:
            return kept
        run = Run(
            id=ordered_id,
            kind="audience",
            origin=origin,
            based_on=about.id,
            ordered_by=by(call),
            integration_id=about.integration_id,
            audience_id=about.audience_id,
            split_id=about.split_id,
            export_id=about.export_id,
            key=wished.described_at,
            etag="",
            status="planning",
            created_at=iso(self.clock()),
        )
        changes: dict[str, Any] = {"run": {"old": None, "new": run.id}}
        with self.audit.act(call.actor, f"audience_run.{_DONE[origin]}", "audience_run", about.id, changes):
            return self.runs.create(run)

    def _committed_by(self, run: Run) -> Snapshot | None:
        version = run.result.get("snapshot_version")
        if not isinstance(version, int):
            return None
        return self.snapshots.described(run.audience, version, run.id)


_DONE: dict[RunOrigin, str] = {"rollback": "rolled_back"}


def _went_back_to(last: Run, wished: Run) -> bool:
    """Whether the last commit was a rollback to this very run, and Braze took all of it."""
    whole = last.result.get("accepted") == last.result.get("lines")
    return last.origin == "rollback" and last.based_on == wished.id and last.status == "done" and whole
