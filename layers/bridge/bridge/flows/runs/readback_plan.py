"""The plan of a reconcile: whom to look at in the committed snapshot, and what to ask Braze for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import Rejected
from bridge.flows.runs.attempt import Planned
from bridge.flows.runs.comparing import Comparing, old_snapshot
from bridge.flows.runs.describing import Order
from bridge.flows.runs.readback import ids_per_call
from bridge.flows.runs.runs import Parts, Runs, Snapshots, Watch
from mapping.braze_fields import STANDARD_ATTRIBUTES
from mapping.comparison import PartFile, Sampling
from mapping.export import PartRef, RunPlan
from mapping.readback import comparable, fields_to_export
from mapping.run import PlanRef, Reconciling, Run, Snapshot

READS_PER_SECOND = 40
"""Braze's fast lane, for requests that name their fields; 2,500 a minute on older workspaces is the same."""


@dataclass(frozen=True, slots=True)
class ReadingPlans:
    """`membership` names the attribute of an audience and split."""

    runs: Runs
    parts: Parts
    snapshots: Snapshots
    membership: Callable[[str, str], str]
    part_rows: int
    monotonic: Callable[[], float]

    def make(
        self, run: Run, order: Order, pointer: Snapshot | None, session: Comparing, watch: Watch
    ) -> Planned:
        """Cut the people into parts, each line what Braze should hold of one; raises Rejected without a snapshot."""
        started = self.monotonic()
        old = old_snapshot(self.snapshots, pointer, session)
        if pointer is None or old is None:
            raise Rejected("no_snapshot", "nothing of the audience was committed yet")
        refs: list[PartRef] = []

        def emit(part: PartFile) -> None:
            watch.check()
            key = self.parts.put_part(run.id, run.attempt, part)
            refs.append(PartRef(number=part.number, key=key, rows=part.rows, sha256=part.sha256))

        names = frozenset(column.name for column in pointer.columns if comparable(column.name))
        attribute = self.membership(run.audience_id or "", run.split_id or "")
        asked = run.reconcile or Reconciling()
        joined = self._joined(run, session)
        if run.origin == "joiners":
            names = frozenset()
        sampling = Sampling(attribute, pointer.identifier, names, run.id, asked.sample, joined)
        session.reading(old, sampling, part_rows=self.part_rows, emit=emit)
        plan = RunPlan(
            run_id=run.id,
            integration_id=run.integration_id,
            kind=run.kind,
            export_id=run.export_id,
            attempt=run.attempt,
            audience_id=run.audience_id,
            split_id=run.split_id,
            identifier=pointer.identifier,
            exported_at=order.exported_at,
            parts=tuple(refs),
            members=pointer.members,
            warnings=() if run.origin == "joiners" else _warnings(pointer),
            old_version=str(pointer.version),
            details={
                "fields": _fields(run, pointer, names),
                "compared": [(c.name, c.type) for c in pointer.columns if c.name in names],
                "membership": attribute,
                "rows": pointer.rows,
                "update_only": _update_only(pointer, order),
                "joiners": run.origin == "joiners",
                "hashing": session.hashing,
                "seconds": round(self.monotonic() - started, 3),
            },
        )
        each = ids_per_call(plan)
        requests = sum(-(-ref.rows // each) for ref in refs)
        cost = {"seconds_at_limit": round(requests / READS_PER_SECOND, 1), "lines": sum(r.rows for r in refs)}
        plan = plan.model_copy(update={"requests": requests, "details": plan.details | cost})
        key, digest = self.parts.put_plan(plan)
        return Planned(plan, PlanRef(key=key, sha256=digest), ())

    def _joined(self, run: Run, session: Comparing) -> tuple[Path, ...]:
        """The changes of the run whose joiners are read back."""
        sent = self.runs.get(run.based_on or "") if run.origin == "joiners" else None
        if sent is None or sent.plan is None:
            return ()
        return tuple(self.parts.get_changes(sent.id, sent.plan.attempt, session.directory))


def _fields(run: Run, pointer: Snapshot, names: frozenset[str]) -> tuple[str, ...]:
    if run.origin == "joiners":
        return (pointer.identifier,)  # nothing is asked but whether Braze knows them
    return fields_to_export(pointer.identifier, names & STANDARD_ATTRIBUTES.keys())


def _update_only(pointer: Snapshot, order: Order) -> bool:
    stated = pointer.update_existing_only
    return order.settings.update_existing_only if stated is None else stated


def _warnings(pointer: Snapshot) -> tuple[str, ...]:
    hidden = [column.name for column in pointer.columns if not comparable(column.name)]
    return tuple(f"{name!r} cannot be read back, so it is not compared" for name in hidden)
