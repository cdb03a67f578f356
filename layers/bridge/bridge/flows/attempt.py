"""One attempt at a plan: download, read, compare, cut into parts, describe."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from bridge.errors import Rejected
from bridge.flows import columns as attributes
from bridge.flows.comparing import Comparing, old_snapshot
from bridge.flows.guards import Facts, decide
from bridge.flows.runs import Exports, Parts, Snapshots, Watch, stamp
from bridge.flows.sync import FRAME
from mapping.braze_fields import CONSENT_ATTRIBUTES
from mapping.comparison import Compared, Old, PartFile, Sending, SourceColumn, SourceFile, Staged
from mapping.export import Manifest, PartRef, RunPlan, Wait
from mapping.installation import BrazeSettings
from mapping.run import Column, PlanRef, Run, Snapshot

SEND_WITHIN = timedelta(hours=24)
REQUESTS_PER_SECOND = 1_000  # facts/braze.md 2.10: 3,000 in 3 seconds


@dataclass(frozen=True, slots=True)
class Order:
    """What an export asks for: its manifest, when it was made, and the settings of its installation."""

    manifest: Manifest
    exported_at: str
    settings: BrazeSettings


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

    def make(self) -> Planned:
        """Read, compare, store."""
        started = self.monotonic()
        manifest = self.order.manifest
        files = self._download()
        found = self.session.inspect(files)
        self._require(found)
        resolved, warnings = self._columns(found)
        self.watch.check()
        staged = self.session.load(
            resolved.columns,
            identifier=manifest.identifier,
            time_zone=manifest.time_zone,
            ops=self.run.kind == "audience" and manifest.mode == "delta",
            collapse=self.run.kind != "events",
            attributes=self.run.kind == "audience",
        )
        _complete(manifest, files, staged)
        self.watch.check()
        refs: list[PartRef] = []
        compared = self._compare(staged, refs)
        self.watch.check()
        plan = self._describe(resolved, staged, compared, refs, warnings, started)
        key, digest = self.parts.put_plan(plan)
        return Planned(plan, PlanRef(key=key, sha256=digest), plan.waits_for)

    def _download(self) -> list[SourceFile]:
        files = []
        for number, part in enumerate(self.order.manifest.parts, 1):
            self.watch.check()
            path = self.session.directory / f"export-{number:05d}"
            digest = self.exports.download(part.key, path)
            if part.sha256 and digest != part.sha256.lower():
                raise Rejected(
                    "wrong_sha256", f"{part.key} is not the file the manifest names: put the export again"
                )
            files.append(SourceFile(number, path, part.key))
        return files

    def _require(self, found: Sequence[SourceColumn]) -> None:
        needed: list[str] = [self.order.manifest.identifier]
        needed += ["op"] if self.run.kind == "audience" and self.order.manifest.mode == "delta" else []
        needed += ["event_name", "event_time"] if self.run.kind == "events" else []
        missing = [name for name in needed if name not in {column.name for column in found}]
        if missing and self.order.manifest.parts:
            raise Rejected(
                "missing_column", f"no column {', '.join(missing)} in {self.order.manifest.parts[0].key}"
            )

    def _columns(self, found: Sequence[SourceColumn]) -> tuple[attributes.Resolved, tuple[str, ...]]:
        manifest = self.order.manifest
        if self.run.kind != "audience":
            return attributes.properties(found, manifest, self.run.kind), ()
        found_names = attributes.named(found, manifest, consent_fields=self.order.settings.consent_fields)
        names = found_names.names
        records = self.snapshots.columns(self.run.integration_id)
        proposed = self.session.propose(attributes.untyped(found, names, manifest, records))
        resolved = attributes.resolve(
            found,
            names,
            manifest,
            records=records,
            proposed=proposed,
            known=self.pointer.columns if self.pointer else (),
            owner=self.run.owner,
        )
        return resolved, found_names.warnings

    def _compare(self, staged: Staged, refs: list[PartRef]) -> Compared:
        def emit(part: PartFile) -> None:
            self.watch.check()
            key = self.parts.put_part(self.run.id, self.run.attempt, part)
            refs.append(PartRef(number=part.number, key=key, rows=part.rows, sha256=part.sha256))

        manifest, rows = self.order.manifest, self.part_rows
        update = _update_only(self.order)
        if self.run.kind == "campaign":
            return self.session.recipients(manifest.identifier, part_rows=rows, emit=emit)
        if self.run.kind == "events":
            return self.session.events(
                manifest.identifier,
                update_existing_only=update,
                part_rows=rows,
                emit=emit,
            )
        name = self.membership(self.run.audience_id or "", self.run.split_id or "")
        size = max(staged.usable, self.pointer.rows if self.pointer else 0)
        compared = self.session.compare(
            self._old(),
            Sending(name, manifest.identifier, manifest.on_leave, update),
            full=manifest.mode == "full",
            rows=size,
            part_rows=rows,
            emit=emit,
        )
        for number, path in enumerate(self.session.change_files()):
            self.parts.put_changes(self.run.id, self.run.attempt, number, path)
        return compared

    def _old(self) -> Old | None:
        return old_snapshot(self.snapshots, self.pointer, self.session)

    def _describe(
        self,
        resolved: attributes.Resolved,
        staged: Staged,
        compared: Compared,
        refs: Sequence[PartRef],
        warnings: Sequence[str],
        started: float,
    ) -> RunPlan:
        facts = self._facts(resolved, compared)
        settings, run = self.order.settings, self.run
        requests = sum(-(-ref.rows // FRAME[run.kind]) for ref in refs)
        kept = [c for c in (self.pointer.columns if self.pointer else ()) if c.field not in _fields(resolved)]
        return RunPlan(
            run_id=run.id,
            integration_id=run.integration_id,
            kind=run.kind,
            export_id=run.export_id,
            attempt=run.attempt,
            audience_id=run.audience_id,
            split_id=run.split_id,
            campaign_id=run.campaign_id,
            identifier=self.order.manifest.identifier,
            mode=self.order.manifest.mode,
            exported_at=self.order.exported_at,
            send_before=self._send_before(),
            dry_run=self.order.manifest.dry_run,
            parts=tuple(refs),
            members=facts.members,
            joined=compared.joined,
            left=compared.left,
            changed=compared.changed,
            unchanged=max(0, staged.members - compared.joined - compared.changed),
            rejected=sum(staged.rejected.values()),
            data_points=facts.data_points,
            requests=requests,
            attributes=compared.changed_of,
            waits_for=decide(facts),
            warnings=(*warnings, *_left_out(staged)),
            old_version=str(self.pointer.version) if self.pointer else None,
            details={
                "exported": sum(staged.rows.values()),
                "valid": staged.usable,
                "duplicates": staged.duplicates,
                "rejected_by_reason": staged.rejected,
                "rejected_rows": [asdict(row) for row in staged.examples],
                "rejected_values_by_reason": staged.rejected_values,
                "rejected_values": [asdict(row) for row in staged.value_examples],
                "members_before": facts.members_before,
                "full_resend_data_points": staged.members + sum(staged.values.values()) + compared.left,
                "columns": [
                    *(Column(name=c.name, type=c.type, field=c.field).model_dump() for c in resolved.columns),
                    *(column.model_dump() for column in kept),
                ],
                "sent_columns": [column.name for column in resolved.columns],
                "hashing": self.session.hashing,
                "claims": settings.claims,
                "on_ambiguous": settings.on_ambiguous_triggers if run.kind == "campaign" else "resend",
                "seconds_at_limit": round(requests / REQUESTS_PER_SECOND, 1),
                "seconds": round(self.monotonic() - started, 3),
            },
        )

    def _facts(self, resolved: attributes.Resolved, compared: Compared) -> Facts:
        before = self.pointer.members if self.pointer else 0
        free = sum(compared.changed_of.get(name, 0) for name in CONSENT_ATTRIBUTES)
        points = compared.joined + compared.left + sum(compared.changed_of.values()) - free
        if self.run.kind == "events":
            points = compared.lines
        return Facts(
            members_before=before,
            left=compared.left,
            members=before + compared.joined - compared.left,
            lines=compared.lines,
            data_points=points,
            data_points_before=self.pointer.data_points if self.pointer else (),
            stayers_changed_of=compared.stayers_changed_of,
            changed_of=compared.changed_of,
            exported_at=self.order.exported_at,
            committed_export=self.pointer.exported_at if self.pointer else "",
            approve_recipients=self.order.settings.approve_recipients
            if self.run.kind == "campaign"
            else None,
            columns=resolved.waits_for,
        )

    def _send_before(self) -> str | None:
        if self.run.kind != "campaign":
            return None
        stated = self.order.manifest.send_before
        return stamp(stated or datetime.fromisoformat(self.order.exported_at) + SEND_WITHIN)


def _complete(manifest: Manifest, files: Sequence[SourceFile], staged: Staged) -> None:
    for part, source in zip(manifest.parts, files, strict=True):
        found = staged.rows.get(source.number, 0)
        if part.rows is not None and part.rows != found:
            raise Rejected("truncated", f"{part.key} has {found} rows, the manifest says {part.rows}")


def _left_out(staged: Staged) -> list[str]:
    return [
        f"{reason}: {count} values were left out, what was sent before stays"
        for reason, count in staged.rejected_values.items()
    ]


def _update_only(order: Order) -> bool:
    stated = order.manifest.update_existing_only
    return order.settings.update_existing_only if stated is None else stated


def _fields(resolved: attributes.Resolved) -> set[str]:
    return {column.field for column in resolved.columns}
