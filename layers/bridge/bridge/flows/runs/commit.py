"""The end of a run: what Braze accepted becomes the snapshot, and one report says everything."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any, Protocol

from bridge.errors import Rejected
from bridge.flows.runs import rejects
from bridge.flows.runs.comparing import UNKNOWN, Sessions, old_snapshot, unknown_of
from bridge.flows.runs.ledger import lines_of
from bridge.flows.runs.report import EXAMPLES, history_entry, outcome, report
from bridge.flows.runs.report_page import page
from bridge.flows.runs.runs import History, Parts, Runs, Snapshots, Watch
from mapping.comparison import Refused
from mapping.export import RunPlan
from mapping.run import Column, ColumnRecord, PartResult, Run, Snapshot
from mapping.times import iso

REMEMBERED_RUNS = 5
SHOWN_RUNS = 12


class Follows(Protocol):
    """Orders what has to follow a run that is about to end."""

    def follow(self, run: Run, plan: RunPlan, *, accepted: bool) -> Mapping[str, Any]:
        """For the run's report: what was ordered, once however often it is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committing:
    """Every step can be taken again: the snapshot's name follows from the run, the pointer flips once."""

    runs: Runs
    parts: Parts
    snapshots: Snapshots
    sessions: Sessions
    history: History
    joiners: Follows
    clock: Callable[[], datetime]
    measured: Callable[[Mapping[str, Any]], None]

    def commit(self, run: Run, owner: str, watch: Watch) -> bool:
        """Carry a run that has status `committing` to its end; False when another worker took it over."""
        plan = self.plan_of(run)
        results = self.parts.results(run.id, run.parts)
        pointer = self.committed(run, plan, results, watch) if run.kind == "audience" else None
        more = self.joiners.follow(run, plan, accepted=any(result.accepted for result in results))
        return self.end(run, owner, results, snapshot=pointer, plan=plan, document=more, told=more)

    def committed(self, run: Run, plan: RunPlan, results: Sequence[PartResult], watch: Watch) -> Snapshot:
        """The snapshot a run leaves, made unless it is there; raises Rejected when another run came before it."""
        pointer = self.snapshots.pointer(run.audience)
        if pointer is None or pointer.run_id != run.id:
            pointer = self._flip(run, plan, results, pointer, watch)
        self._record_columns(run, plan, pointer)
        self.snapshots.retire(run.audience, pointer)
        return pointer

    def end(
        self,
        run: Run,
        owner: str,
        results: Sequence[PartResult] = (),
        *,
        snapshot: Snapshot | None = None,
        plan: RunPlan | None = None,
        document: Mapping[str, Any] = MappingProxyType({}),
        told: Mapping[str, Any] = MappingProxyType({}),
    ) -> bool:
        """Write the report, then the last status: a run that ended always has its report.

        `measured` is told of the report once the status stands: a worker that lost the run tells nothing.
        `document` is more for the report, `told` more for the run's row.
        """
        status = run.halt.status if run.halt else "done"
        now = iso(self.clock())
        examples = {name: plan.details.get(name, []) for name in EXAMPLES} if plan else {}
        full = report(run, results, status=status, now=now, snapshot=snapshot, examples=examples)
        full |= document
        if plan and run.kind != "reconcile" and rejects.anything_refused(results):
            self._put_rejects(run, plan, results)
        self.history.note(run.series, history_entry(full))
        key = self._put_report(run, full)
        result = {
            **outcome(results),
            "members": full["members"],
            "snapshot_version": full["snapshot_version"],
            **told,
        }
        moved = self.runs.move(
            run,
            owner,
            expect={run.status},
            status=status,
            ended_at=now,
            report_key=key,
            result=result,
        )
        if moved is None:
            return False
        self.measured(full)
        return True

    def cut_short(self, run: Run, owner: str) -> bool:
        """End a run without a commit: its report still says what its parts came to, and what its plan left out."""
        try:
            details = self.plan_of(run).details
        except Rejected:
            details = {}
        results = self.parts.results_there(run.id) if run.parts else ()
        return self.end(run, owner, results, document={name: details.get(name, []) for name in EXAMPLES})

    def report_only(self, run: Run, now: str) -> str:
        """The report of a run that ended outside a step: superseded, cancelled while it waited, a dry run."""
        return self._put_report(run, report(run, (), status=run.status, now=now))

    def amend(self, run: Run, more: Mapping[str, Any]) -> None:
        """Put what was found out later into the report of a run that has ended."""
        if run.report_key:
            document = json.loads(self.parts.get_part(run.report_key))
            self._put_report(run, document | more)

    def _put_report(self, run: Run, document: dict[str, Any]) -> str:
        document["history"] = self.history.last(run.series, SHOWN_RUNS)
        self.parts.put_page(run.id, page(document))
        return self.parts.put_report(run.id, document)

    def _put_rejects(self, run: Run, plan: RunPlan, results: Sequence[PartResult]) -> None:
        planned = self.parts.get_rejects(run.id, plan.attempt)
        header = next(planned, rejects.HEADER)
        refused = rejects.of_braze(plan, results, self.parts.get_part)
        self.parts.put_rejects(run.id, chain((header,), planned, refused))

    def plan_of(self, run: Run) -> RunPlan:
        """The plan that was fixed; raises Rejected when there is none."""
        if run.plan_ref is None:
            raise Rejected("no_plan", "the run has no plan to commit")
        return self.parts.get_plan(run.plan_ref.key, run.plan_ref.sha256)

    def _flip(
        self,
        run: Run,
        plan: RunPlan,
        results: Sequence[PartResult],
        pointer: Snapshot | None,
        watch: Watch,
    ) -> Snapshot:
        if str(pointer.version if pointer else None) != str(plan.old_version):
            raise Rejected(
                "snapshot_moved", "the audience was committed by another run since this one was planned"
            )
        version = (pointer.version if pointer else 0) + 1
        built = self._build(run, plan, results, pointer, version, watch)
        if not self.snapshots.flip(run.audience, built, pointer.version if pointer else None):
            now = self.snapshots.pointer(run.audience)
            if now is None or now.run_id != run.id:
                raise Rejected("snapshot_moved", "the audience was committed by another run at the same time")
            return now
        return built

    def _build(
        self,
        run: Run,
        plan: RunPlan,
        results: Sequence[PartResult],
        pointer: Snapshot | None,
        version: int,
        watch: Watch,
    ) -> Snapshot:
        columns = tuple(Column.model_validate(column) for column in plan.details["columns"])
        prefix = self.snapshots.prefix(run.audience, version, run.id)
        with self.sessions() as session, watch.over(session.interrupt):
            old = old_snapshot(self.snapshots, pointer, session)
            changes = self.parts.get_changes(run.id, plan.attempt, session.directory)
            written = session.commit(old, changes, columns, refused(results))
            self.snapshots.upload(prefix, written.files)
            unknown = 0
            if missing := unknown_of(self.snapshots, pointer, session):
                unknown = session.still(missing, changes, columns)
                self.snapshots.upload_unknown(prefix, session.directory / UNKNOWN)
            hashing = session.hashing
        before = pointer.data_points if pointer else ()
        snapshot = Snapshot(
            version=version,
            run_id=run.id,
            prefix=prefix,
            partitions=len(written.files),
            hashing=hashing,
            identifier=plan.identifier,
            columns=columns,
            members=written.members,
            rows=written.rows,
            unknown=unknown,
            exported_at=max(plan.exported_at, pointer.exported_at if pointer else ""),
            committed_at=iso(self.clock()),
            data_points=(*before, plan.data_points)[-REMEMBERED_RUNS:],
            on_leave=plan.details.get("on_leave", "false"),
            update_existing_only=plan.details.get("update_existing_only"),
            before=pointer.prefix if pointer else "",
        )
        self.snapshots.describe(snapshot)
        return snapshot

    def _record_columns(self, run: Run, plan: RunPlan, snapshot: Snapshot) -> None:
        sent = set(plan.details["sent_columns"])
        for column in snapshot.columns:
            if column.name in sent:
                record = ColumnRecord(name=column.name, type=column.type, owners=(run.owner,))
                self.snapshots.record_column(run.integration_id, record)


def refused(results: Sequence[PartResult]) -> Refused:
    """The lines of every part that Braze did not take."""
    parts: set[int] = set()
    lines: list[tuple[int, int]] = []
    for result in results:
        accepted = lines_of(result.accepted)
        if not accepted:
            parts.add(result.part)
        elif len(accepted) < result.rows:
            lines += [(result.part, line) for line in range(result.rows) if line not in accepted]
    return Refused(frozenset(parts), tuple(lines))
