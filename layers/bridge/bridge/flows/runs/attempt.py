"""One attempt at a plan: read what is wished, compare, cut into parts, describe."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from bridge.flows.runs import columns as attributes
from bridge.flows.runs import rejects
from bridge.flows.runs.comparing import Comparing, old_snapshot, unknown_of
from bridge.flows.runs.describing import Described, Order
from bridge.flows.runs.runs import Exports, Parts, Snapshots, Watch
from bridge.flows.runs.side_by_side import InOrder
from bridge.flows.runs.wished import FromDrift, FromExport, FromSnapshot, Wished
from mapping.braze_columns import names_a_code
from mapping.comparison import Compared, Old, PartFile, Sending, SourceColumn, Staged
from mapping.export import ColumnType, PartRef, RunPlan, Wait
from mapping.run import PlanRef, Run, Snapshot


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, stored; it counts once the run's row names it."""

    plan: RunPlan
    ref: PlanRef
    waits_for: tuple[Wait, ...]


@dataclass(slots=True)
class Attempt:
    """One attempt at a plan; everything it stores lies under the attempt's own prefix."""

    parts: Parts
    snapshots: Snapshots
    exports: Exports
    membership: Callable[[str, str], str]
    part_rows: int
    monotonic: Callable[[], float]
    run: Run
    order: Order
    pointer: Snapshot | None
    session: Comparing
    watch: Watch
    transfers: Executor | None = None

    def make(self) -> Planned:
        """Read, compare, store."""
        started = self.monotonic()
        wished = self._wished()
        resolved, warnings = self._columns(wished.columns())
        self.watch.check()
        staged = self._retried(wished.load(resolved.columns))
        self.watch.check()
        self.parts.put_rejects(self.run.id, rejects.of_plan(self.session.rejects()), attempt=self.run.attempt)
        stored = InOrder[PartRef](self.transfers)
        compared = self._compare(staged, wished.known(self._old), stored)
        refs = stored.results()
        self.watch.check()
        plan = Described(
            run=self.run,
            order=self.order,
            pointer=self.pointer,
            resolved=resolved,
            warnings=(*self.order.warnings, *warnings),
            staged=staged,
            compared=compared,
            parts=refs,
            membership=self._attribute(),
        ).plan(hashing=self.session.hashing, seconds=self.monotonic() - started)
        key, digest = self.parts.put_plan(plan)
        return Planned(plan, PlanRef(key=key, sha256=digest), plan.waits_for)

    def _wished(self) -> Wished:
        if self.order.drift_of and (committed := self._old()):
            return FromDrift(self.parts, self.session, self.order.drift_of, committed, self._attribute())
        if self.order.snapshot:
            return FromSnapshot(self.snapshots, self.session, self.order.snapshot)
        return FromExport(
            self.exports, self.session, self.run, self.order.manifest, self.watch, self.transfers
        )

    def _columns(self, found: Sequence[SourceColumn]) -> tuple[attributes.Resolved, tuple[str, ...]]:
        manifest = self.order.manifest
        if self.run.kind != "audience":
            resolved = attributes.properties(found, manifest, self.run.kind)
            return resolved, resolved.warnings
        found_names = attributes.named(found, manifest, consent_fields=self.order.settings.consent_fields)
        names = found_names.names
        records = self.snapshots.columns(self.run.integration_id)
        untyped = attributes.untyped(found, names, manifest, records)
        codes = {name for name in untyped if names_a_code(name) or names_a_code(names[name])}
        text: dict[str, ColumnType] = dict.fromkeys(codes, "string")
        proposed = text | self.session.propose([name for name in untyped if name not in codes])
        resolved = attributes.resolve(
            found,
            names,
            manifest,
            records=records,
            proposed=proposed,
            known=self.pointer.columns if self.pointer else (),
            owner=self.run.owner,
        )
        return resolved, (*found_names.warnings, *resolved.warnings)

    def _compare(self, staged: Staged, known: Old | None, stored: InOrder[PartRef]) -> Compared:
        def store(part: PartFile) -> PartRef:
            key = self.parts.put_part(self.run.id, self.run.attempt, part)
            return PartRef(number=part.number, key=key, rows=part.rows, sha256=part.sha256)

        def emit(part: PartFile) -> None:
            self.watch.check()
            stored.call(store, part)

        manifest, rows = self.order.manifest, self.part_rows
        update = self.order.update_only
        if self.run.kind == "campaign":
            return self.session.recipients(manifest.identifier, part_rows=rows, emit=emit)
        if self.run.kind == "events":
            return self.session.events(
                manifest.identifier,
                update_existing_only=update,
                part_rows=rows,
                emit=emit,
            )
        size = max(staged.usable, self.pointer.rows if self.pointer else 0)
        compared = self.session.compare(
            known,
            Sending(self._attribute(), manifest.identifier, manifest.on_leave, update),
            full=manifest.mode == "full",
            rows=size,
            part_rows=rows,
            emit=emit,
        )
        for number, path in enumerate(self.session.change_files()):
            self.watch.check()
            self.parts.put_changes(self.run.id, self.run.attempt, number, path)
        return compared

    def _retried(self, staged: Staged) -> Staged:
        """A delta that does not name whom Braze did not know wishes for them all the same."""
        if self.run.kind != "audience" or self.order.manifest.mode == "full":
            return staged
        missing = unknown_of(self.snapshots, self.pointer, self.session)
        again = self.session.retry(missing) if missing else 0
        return replace(staged, usable=staged.usable + again, members=staged.members + again)

    def _attribute(self) -> str:
        """The audience's membership attribute; a run of a campaign or of events has none."""
        if not self.run.audience_id:
            return ""
        return self.membership(self.run.audience_id or "", self.run.split_id or "")

    def _old(self) -> Old | None:
        return old_snapshot(self.snapshots, self.pointer, self.session)
