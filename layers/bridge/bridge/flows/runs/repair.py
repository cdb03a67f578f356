"""Mending drift: what a reconcile found to differ at Braze as what a new run is to send."""

from dataclasses import dataclass

from bridge.errors import Rejected
from bridge.flows.runs.describing import Order
from bridge.flows.runs.runs import Runs, Snapshots
from mapping.export import Manifest
from mapping.installation import BrazeSettings
from mapping.run import Run


@dataclass(frozen=True, slots=True)
class Repairs:
    """Finds what a repair has to send."""

    runs: Runs
    snapshots: Snapshots

    def order(self, run: Run, settings: BrazeSettings) -> Order:
        """The committed state of those who differ, as old as it is: a later export is not stale because of it."""
        reconcile = self.runs.get(run.based_on or "")
        now = self.snapshots.pointer(run.audience)
        compared = reconcile.plan.old_version if reconcile and reconcile.plan else None
        if now is None or reconcile is None or str(now.version) != compared:
            raise Rejected(
                "snapshot_moved", "the audience was committed again since it was compared: reconcile it anew"
            )
        manifest = Manifest(
            parts=(),
            mode="delta",
            identifier=now.identifier,
            on_leave=now.on_leave,
            update_existing_only=now.update_existing_only,
        )
        return Order(manifest, now.exported_at, settings, snapshot=now, drift_of=reconcile.id)
