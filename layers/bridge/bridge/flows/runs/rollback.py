"""Going back: the audience's state after an earlier run as what a new run is to bring about."""

from dataclasses import dataclass

from bridge.errors import Rejected
from bridge.flows.runs.describing import Order
from bridge.flows.runs.runs import Runs, Snapshots
from mapping.export import Manifest
from mapping.installation import BrazeSettings
from mapping.run import Run, Snapshot

EXPIRED = "snapshot_expired"


@dataclass(frozen=True, slots=True)
class Rollbacks:
    """Finds the snapshot that a rollback goes back to."""

    runs: Runs
    snapshots: Snapshots

    def order(self, run: Run, settings: BrazeSettings) -> Order:
        """What a rollback carries: told to Braze as the last run was told, newer than what it undoes."""
        before = self.runs.get(run.based_on or "")
        wished = committed_by(before, self.snapshots) if before else None
        now = self.snapshots.pointer(run.audience)
        if wished is None or now is None:
            raise Rejected(EXPIRED, f"what run {run.based_on} committed is not kept any more")
        manifest = Manifest(
            parts=(),
            identifier=wished.identifier,
            on_leave=now.on_leave,
            update_existing_only=now.update_existing_only,
        )
        return Order(manifest, run.created_at, settings, wished)


def committed_by(run: Run, snapshots: Snapshots) -> Snapshot | None:
    """The snapshot a run left behind; None when it left none, or when that is not kept any more."""
    version = run.result.get("snapshot_version")
    return snapshots.described(run.audience, version, run.id) if isinstance(version, int) else None
