"""What a plan says: counts, costs, what waits for a person."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.flows.runs import foretold
from bridge.flows.runs.columns import Resolved
from bridge.flows.runs.guards import Facts, decide
from bridge.flows.runs.masking import masked
from bridge.flows.runs.sync import FRAME
from mapping.braze_fields import CONSENT_ATTRIBUTES
from mapping.comparison import Compared, RejectedRow, Staged
from mapping.export import Manifest, PartRef, RunPlan
from mapping.installation import BrazeSettings
from mapping.run import Column, Run, Snapshot
from mapping.times import iso

SEND_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Order:
    """What a run carries: how it is to be told, since when it holds, and the settings of its installation.

    `snapshot` is a committed state to bring about, of all or of those whom the reconcile `drift_of` found to
    differ; without one the manifest's parts hold what is wished.
    """

    manifest: Manifest
    exported_at: str
    settings: BrazeSettings
    snapshot: Snapshot | None = None
    warnings: tuple[str, ...] = ()
    drift_of: str = ""

    @property
    def update_only(self) -> bool:
        """Whether Braze is to update profiles that exist and create none."""
        stated = self.manifest.update_existing_only
        return self.settings.update_existing_only if stated is None else stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Everything that was found out about an export."""

    run: Run
    order: Order
    pointer: Snapshot | None
    resolved: Resolved
    warnings: Sequence[str]
    staged: Staged
    compared: Compared
    parts: Sequence[PartRef]
    membership: str = ""

    def plan(self, *, hashing: str, seconds: float) -> RunPlan:
        """The plan in full; `seconds` is how long making it took."""
        facts, run, staged, compared = self._facts(), self.run, self.staged, self.compared
        requests = sum(-(-ref.rows // FRAME[run.kind]) for ref in self.parts)
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
            parts=tuple(self.parts),
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
            warnings=(*self.warnings, *self._told(facts), *_left_out(staged)),
            old_version=str(self.pointer.version) if self.pointer else None,
            details=self._details(facts, requests) | {"hashing": hashing, "seconds": round(seconds, 3)},
        )

    def _facts(self) -> Facts:
        compared = self.compared
        before = self.pointer.members if self.pointer else 0
        if self.order.drift_of:
            before += compared.left - compared.joined  # as Braze sees it: a repair ends where the snapshot is
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
            columns=self.resolved.waits_for,
        )

    def _told(self, facts: Facts) -> list[str]:
        names = [column.name for column in self.resolved.columns]
        known = [column.name for column in (self.pointer.columns if self.pointer else ())]
        return foretold.warnings(self.compared, facts.members_before, names, known)

    def _send_before(self) -> str | None:
        stated = self.order.manifest.send_before
        if stated is None and self.run.kind == "campaign":
            stated = datetime.fromisoformat(self.order.exported_at) + SEND_WITHIN
        return iso(stated) if stated else None

    def _existing_only(self) -> bool:
        stated = self.order.manifest.send_to_existing_only
        return self.order.settings.send_to_existing_only if stated is None else stated

    def _on_ambiguous(self) -> str:
        settings = self.order.settings
        stated = {"campaign": settings.on_ambiguous_triggers, "events": settings.on_ambiguous_events}
        return stated.get(self.run.kind, "resend")

    def _details(self, facts: Facts, requests: int) -> dict[str, Any]:
        staged, settings = self.staged, self.order.settings
        used = {column.field for column in self.resolved.columns}
        kept = [c for c in (self.pointer.columns if self.pointer else ()) if c.field not in used]
        return {
            "exported": sum(staged.rows.values()),
            "valid": staged.usable,
            "duplicates": staged.duplicates,
            "rejected_by_reason": staged.rejected,
            "rejected_rows": [_masked(row) for row in staged.examples],
            "rejected_values_by_reason": staged.rejected_values,
            "rejected_values": [_masked(row) for row in staged.value_examples],
            "members_before": facts.members_before,
            "full_resend_data_points": staged.members + sum(staged.values.values()) + self.compared.left,
            "lines": self.compared.lines,
            "columns": [
                *(
                    Column(name=c.name, type=c.type, field=c.field).model_dump()
                    for c in self.resolved.columns
                ),
                *(column.model_dump() for column in kept),
            ],
            "sent_columns": [column.name for column in self.resolved.columns],
            "on_leave": self.order.manifest.on_leave,
            "update_existing_only": self.order.manifest.update_existing_only,
            "update_only": self.order.update_only,
            "read_back_joiners": settings.read_back_joiners,
            "send_to_existing_only": self._existing_only(),
            "claims": settings.claims,
            "on_ambiguous": self._on_ambiguous(),
            "seconds_at_limit": foretold.seconds_at_limit(
                self.run.kind, requests, settings.track_requests_per_hour
            ),
            "biggest_changes": foretold.biggest_changes(self.compared, facts.members_before),
            "samples": foretold.samples(self.compared, self.membership),
        }


def _masked(row: RejectedRow) -> dict[str, Any]:
    return asdict(row) | {"user": masked(row.user)}


def _left_out(staged: Staged) -> list[str]:
    return [
        f"{reason}: {count} values were left out, what was sent before stays"
        for reason, count in staged.rejected_values.items()
    ]
