"""From an export to a stored plan."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pydantic import ValidationError

from bridge.errors import Rejected
from bridge.flows.runs.attempt import Attempt, Planned
from bridge.flows.runs.comparing import Sessions
from bridge.flows.runs.describing import Order
from bridge.flows.runs.readback_plan import ReadingPlans
from bridge.flows.runs.repair import Repairs
from bridge.flows.runs.rollback import Rollbacks
from bridge.flows.runs.runs import Exports, Parts, Snapshots, Watch
from mapping.export import ExportKey, ExportPart, InvalidExport, Manifest
from mapping.installation import BrazeSettings, Installation
from mapping.run import Run, Snapshot
from mapping.times import iso

EARLY = timedelta(days=1)
"""How far `exported_at` may lie after the manifest was written: clocks and time zones differ."""


class Installations(Protocol):
    """The installations there are."""

    def get(self, installation_id: str) -> Installation | None: ...


class Campaigns(Protocol):
    """Looks whether Braze has a campaign."""

    def __call__(self, installation: Installation, campaign_id: str) -> tuple[str, ...]:
        """Warnings; raises Rejected when it has not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """`membership` names the attribute of an audience and split."""

    exports: Exports
    rollbacks: Rollbacks
    repairs: Repairs
    readings: ReadingPlans
    parts: Parts
    snapshots: Snapshots
    installations: Installations
    campaigns: Campaigns
    sessions: Sessions
    membership: Callable[[str, str], str]
    monotonic: Callable[[], float]
    part_rows: int
    transfers: Executor | None = None

    def order(self, run: Run) -> Order:
        """Read the manifest, or find the snapshot to go back to; raises Rejected with what a person can mend."""
        installation = self._installation(run.integration_id)
        settings = BrazeSettings.of(installation)
        if run.origin == "rollback":
            return self.rollbacks.order(run, settings)
        if run.origin == "repair":
            return self.repairs.order(run, settings)
        if run.kind == "reconcile":
            return Order(Manifest(parts=()), run.created_at, settings)
        key = ExportKey.parse(run.key)
        if key.origin == "drop":
            manifest = Manifest(parts=(ExportPart(key=run.key),))
            _check(manifest, key)
            return Order(manifest, iso(self.exports.modified(run.key, run.etag)), settings)
        body, modified = self.exports.manifest(run.key, run.etag)
        try:
            manifest = Manifest.model_validate_json(body)
        except ValidationError as error:
            faults = error.errors(include_input=False, include_url=False)
            said = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults[:5])
            raise Rejected("bad_manifest", said) from None
        _check(manifest, key)
        if manifest.exported_at and manifest.exported_at > modified + EARLY:
            raise Rejected(
                "bad_manifest",
                "exported_at: lies in the future; every later export would be older than this one",
            )
        warnings = self.campaigns(installation, run.campaign_id) if run.campaign_id else ()
        return Order(manifest, iso(manifest.exported_at or modified), settings, warnings=warnings)

    def plan(self, run: Run, order: Order, watch: Watch) -> Planned:
        """Store parts, change files and plan under the attempt's own prefix."""
        with self.sessions() as session, watch.over(session.interrupt):
            pointer = self.snapshots.pointer(run.audience) if run.takes_audience else None
            if run.kind == "reconcile":
                return self.readings.make(run, order, pointer, session, watch)
            _same_identifier(pointer, order.manifest)
            return Attempt(
                parts=self.parts,
                snapshots=self.snapshots,
                exports=self.exports,
                membership=self.membership,
                part_rows=self.part_rows,
                monotonic=self.monotonic,
                run=run,
                order=order,
                pointer=pointer,
                session=session,
                watch=watch,
                transfers=self.transfers,
            ).make()

    def _installation(self, installation_id: str) -> Installation:
        installation = self.installations.get(installation_id)
        if installation is None:
            raise Rejected("unknown_installation", f"there is no installation {installation_id}")
        if installation.catalog_key != "braze":
            raise Rejected("not_braze", "exports go to Braze installations alone")
        if not installation.enabled:
            raise Rejected("installation_disabled", "enable the installation and put the export again")
        return installation


def _check(manifest: Manifest, key: ExportKey) -> None:
    try:
        manifest.check(key)
    except InvalidExport as error:
        raise Rejected(error.code, error.detail) from None


def _same_identifier(pointer: Snapshot | None, manifest: Manifest) -> None:
    if pointer and pointer.identifier != manifest.identifier:
        raise Rejected(
            "identifier_changed",
            f"the audience is kept by {pointer.identifier}; {manifest.identifier} needs another audience",
        )
