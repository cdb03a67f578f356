"""Where only existing profiles are updated, who joined is read back: whom Braze does not know is told apart."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import Rejected
from bridge.flows.runs.comparing import UNKNOWN, Comparing, old_snapshot, unknown_of
from bridge.flows.runs.runs import Outbox, Parts, Runs, Snapshots
from mapping.export import RunPlan, run_id
from mapping.run import Reconciling, Run, Snapshot
from mapping.times import iso

SAMPLE = 1_000
MOST_BRAZE_IDS = 10_000
"""Braze reads one braze_id a call: four minutes at 40 a second."""
NOT_TOLD_APART = "those whom Braze does not know cannot be told apart from those it knows"


class Amends(Protocol):
    """Changes the report of a run that has ended."""

    def amend(self, run: Run, more: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Joiners:
    """Orders the reading, and writes down what it found: in the snapshot and in the report of the run that sent."""

    runs: Runs
    parts: Parts
    snapshots: Snapshots
    exports: Outbox
    clock: Callable[[], datetime]

    def follow(self, run: Run, plan: RunPlan, *, accepted: bool) -> Mapping[str, Any]:
        """For the report of a run about to end: the reading it is followed by, ordered once however often."""
        if run.kind != "audience" or not plan.details.get("update_only") or not plan.joined or not accepted:
            return {}
        setting = plan.details.get("read_back_joiners", "off")
        if setting == "off":
            return {"joiners": {"read_back": None, "told_apart": False, "why": "read_back_joiners is off"}}
        return {
            "joiners": {
                "read_back": self._order(run, plan, setting).id,
                "told_apart": False,
                "why": "not read yet",
            }
        }

    def _order(self, run: Run, plan: RunPlan, setting: str) -> Run:
        sample = SAMPLE if setting == "sample" else None
        if plan.identifier == "braze_id":
            sample = min(sample or MOST_BRAZE_IDS, MOST_BRAZE_IDS)
        reading = Run(
            **run.model_dump(include={"integration_id", "audience_id", "split_id", "export_id"}),
            id=run_id(f"joiners\n{run.id}", ""),
            kind="reconcile",
            origin="joiners",
            based_on=run.id,
            reconcile=Reconciling(sample=sample),
            key=run.key,
            etag="",
            status="planning",
            created_at=iso(self.clock()),
        )
        kept = self.runs.create(reading)
        self.exports.send([json.dumps({"run_id": kept.id, "step": "resume"})], group=run.integration_id)
        return kept

    def mark(self, reading: Run, plan: RunPlan, session: Comparing) -> Snapshot:
        """The audience's snapshot with those apart whom the reading did not find; made once."""
        now = self.snapshots.pointer(reading.audience)
        if now and now.run_id == reading.id:
            return now
        old = old_snapshot(self.snapshots, now, session)
        if now is None or old is None or str(now.version) != plan.old_version:
            raise Rejected("snapshot_moved", "the audience was committed by another run since it was read")
        drift = session.directory / "drift.parquet"
        written, unknown = session.split(old, unknown_of(self.snapshots, now, session), drift)
        prefix = self.snapshots.prefix(reading.audience, now.version + 1, reading.id)
        self.snapshots.upload(prefix, written.files)
        self.snapshots.upload_unknown(prefix, session.directory / UNKNOWN)
        marked = now.model_copy(
            update={
                "version": now.version + 1,
                "run_id": reading.id,
                "prefix": prefix,
                "before": now.prefix,
                "rows": written.rows,
                "members": written.members,
                "unknown": unknown,
                "committed_at": iso(self.clock()),
            }
        )
        self.snapshots.describe(marked)
        if self.snapshots.flip(reading.audience, marked, now.version):
            self.snapshots.retire(reading.audience, marked)
        return marked

    def tell(
        self, reading: Run, owner: str, seconds: int, told: Mapping[str, Any], committing: Amends
    ) -> None:
        """Put what was found into the report and the row of the run that sent."""
        sent = self.runs.hold(reading.based_on or "", owner, seconds)
        if sent is None:
            return
        try:
            committing.amend(sent, {"joiners": told})
            self.runs.move(sent, owner, expect={sent.status}, result={**sent.result, "joiners": told})
        finally:
            self.runs.let_go(sent.id, owner)
