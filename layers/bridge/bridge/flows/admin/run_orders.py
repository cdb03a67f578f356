"""Runs that a person orders, not an export: going back to an earlier state, and reading back what Braze holds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bridge.errors import Problem
from bridge.flows.admin.admin_api import Call, invalid
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import parsed
from bridge.flows.admin.runs_admin import RunsAdmin, by
from bridge.flows.events.gateway import Answer, answer_json
from bridge.flows.problems import at
from mapping.export import run_id
from mapping.run import Reconciling, Run, RunOrigin, Snapshot
from mapping.times import iso

MOST_SAMPLED = 1_000_000
MOST_BRAZE_IDS = 10_000
"""Four minutes at 40 calls a second."""


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


class ReconcileRequest(BaseModel):
    """How many people to read back at Braze, and whether what differs is to be sent again."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sample: Annotated[int, Field(ge=1, le=MOST_SAMPLED)] | Literal["all"] = 1_000
    repair: bool = False


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
        last = self.runs.get(now.run_id) if now else None
        read_back = last is not None and last.kind == "reconcile" and last.based_on == back_to.id
        if now and (now.run_id == back_to.id or read_back):
            raise Problem(409, "ALREADY_CURRENT", "Nothing was committed after this run.")
        if last and _went_back_to(last, back_to):
            return answer_json(202, self.admin.shown(last))
        wished = self._committed_by(back_to)
        if now is None or wished is None:
            raise Problem(409, "SNAPSHOT_EXPIRED", "What this run committed is not kept any more.")
        return self._order(call, back_to, _Order("rollback", back_to.id, wished, after_version=now.version))

    def reconcile(self, call: Call) -> Answer:
        """POST /v1/admin/audience-runs/{run_id}/reconcile: what Braze holds beside what is committed, as a run."""
        asked = parsed(ReconcileRequest, call.document() if call.body.strip() else {})
        about = self.admin.found(call)
        if about.kind not in ("audience", "reconcile"):
            raise Problem(409, "NOT_AN_AUDIENCE", f"A run of kind {about.kind} has no members to read back.")
        now = self.snapshots.pointer(about.audience)
        if now is None:
            raise Problem(409, "NO_SNAPSHOT", "Nothing of this audience was committed yet.")
        sample = None if asked.sample == "all" else asked.sample
        if now.identifier == "braze_id" and (sample is None or sample > MOST_BRAZE_IDS):
            detail = f"Braze reads one braze_id a call: ask for a sample of at most {MOST_BRAZE_IDS}."
            raise invalid([at("/sample", "sample_only", detail)])
        wish = Reconciling(sample=sample, repair=asked.repair)
        return self._order(call, about, _Order("reconcile", now.run_id, now, wish))

    def _order(self, call: Call, about: Run, order: "_Order") -> Answer:
        """The run that was ordered: the one under way when the same was asked before, else a new one."""
        holder_id = self.runs.holder(about.audience)
        holder = self.runs.get(holder_id) if holder_id else None
        if holder and not holder.ended:
            if not order.is_of(holder):
                raise Problem(409, "AUDIENCE_BUSY", f"Run {holder.id} of the audience is {holder.status}.")
            ordered = holder
        else:
            ordered = self._new(call, about, order, holder_id)
        self.admin.wake(ordered)
        return answer_json(202, self.admin.shown(ordered))

    def _new(self, call: Call, about: Run, order: "_Order", after: str | None) -> Run:
        asked = f"{order}\n{after}"
        ordered_id = run_id(asked, "")
        # One that ended without having taken the audience is not asked again, but followed by another.
        while (kept := self.runs.get(ordered_id)) and kept.ended:
            ordered_id = run_id(asked, ordered_id)
        if kept:
            return kept
        run = Run(
            id=ordered_id,
            kind="reconcile" if order.reconcile else "audience",
            origin=order.origin,
            based_on=order.based_on,
            ordered_by=by(call),
            reconcile=order.reconcile,
            integration_id=about.integration_id,
            audience_id=about.audience_id,
            split_id=about.split_id,
            export_id=about.export_id,
            key=order.snapshot.described_at,
            etag="",
            status="planning",
            created_at=iso(self.clock()),
        )
        changes: dict[str, Any] = {"run": {"old": None, "new": run.id}}
        with self.audit.act(
            call.actor, f"audience_run.{_DONE[order.origin]}", "audience_run", about.id, changes
        ):
            return self.runs.create(run)

    def _committed_by(self, run: Run) -> Snapshot | None:
        version = run.result.get("snapshot_version")
        if not isinstance(version, int):
            return None
        return self.snapshots.described(run.audience, version, run.id)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is asked for; `str` of it tells one order from another."""

    origin: RunOrigin
    based_on: str
    snapshot: Snapshot
    reconcile: Reconciling | None = None
    after_version: int = 0

    def __str__(self) -> str:
        wish = self.reconcile.model_dump_json() if self.reconcile else ""
        return f"{self.origin}\n{self.based_on}\n{self.snapshot.version}\n{self.after_version}\n{wish}"

    def is_of(self, run: Run) -> bool:
        """Whether that run was ordered by the same words."""
        return (run.origin, run.based_on, run.reconcile) == (self.origin, self.based_on, self.reconcile)


_DONE: dict[RunOrigin, str] = {"rollback": "rolled_back", "reconcile": "reconciled"}


def _went_back_to(last: Run, wished: Run) -> bool:
    """Whether the last commit was a rollback to this very run, and Braze took all of it."""
    whole = last.result.get("accepted") == last.result.get("lines")
    return last.origin == "rollback" and last.based_on == wished.id and last.status == "done" and whole
