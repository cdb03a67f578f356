"""Plans and commits runs: one message at a time, of an export that arrived or a run that goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from bridge import telemetry
from bridge.diff import Session
from bridge.flows.admin.erase_admin import ended
from bridge.flows.erase.erasing import Erasing, either
from bridge.flows.erase.job import Job
from bridge.flows.erase.kept_files import Documents, RunFiles
from bridge.flows.erase.kept_rows import DeliveryLines, Memories
from bridge.flows.erase.kept_snapshots import AudienceSnapshots
from bridge.flows.runs.commit import Committing
from bridge.flows.runs.healing import Healing
from bridge.flows.runs.joiners import Joiners
from bridge.flows.runs.plan import Planning
from bridge.flows.runs.readback_plan import ReadingPlans
from bridge.flows.runs.reconcile import Reconciled
from bridge.flows.runs.repair import Repairs
from bridge.flows.runs.rollback import Rollbacks
from bridge.flows.runs.run_messages import RunMessages
from bridge.flows.runs.side_by_side import AHEAD
from bridge.flows.runs.steps import Pace, RunSteps
from bridge.settings.plan import PlanSettings
from bridge.stores.audit import AuditStore
from bridge.stores.claims import ClaimStore
from bridge.stores.delivery_lines import DeliveryLineStore
from bridge.stores.erasures import ErasureStore
from bridge.stores.exports import ExportStore
from bridge.stores.faults import FaultStore
from bridge.stores.installations import InstallationStore
from bridge.stores.part_rows import PartRows
from bridge.stores.parts import PartFiles
from bridge.stores.profiles import ProfileStore
from bridge.stores.queues import Queue
from bridge.stores.run_history import RunHistory
from bridge.stores.run_line import RunLine
from bridge.stores.runs import RunStore
from bridge.stores.snapshots import SnapshotStore
from bridge.stores.state_files import StateFiles
from mapping.braze_fields import membership_attribute
from mapping.installation import Installation

OBJECTS_AT_A_TIME = 32
"""Read side by side when a person is erased."""

logger: Callable[[], Logger] = cache(telemetry.logger)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer with the messages that stay in the queue."""
    work = either(steps().handle, erasing, lambda: context.get_remaining_time_in_millis() / 1000)
    return messages().handle(event, owner=context.aws_request_id, work=work, log=logger())


@cache
def settings() -> PlanSettings:
    """The environment."""
    return PlanSettings.load()


@cache
def client(service: str) -> Any:
    """A boto3 client; they are safe to share between threads."""
    retries: Any = {"mode": "standard", "max_attempts": 5}
    config = Config(
        retries=retries, connect_timeout=3, read_timeout=60, max_pool_connections=OBJECTS_AT_A_TIME
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]


def now() -> datetime:
    """The clock of everything below."""
    return datetime.now(UTC)


class Campaigns:
    """Few runs are a campaign's: what asks Braze for its campaigns is imported and built at the first of them."""

    def __call__(self, installation: Installation, campaign_id: str) -> tuple[str, ...]:
        warnings: tuple[str, ...] = campaign_check()(installation, campaign_id)
        return warnings


@cache
def campaign_check() -> Any:
    """Remembers an installation's campaigns for some minutes."""
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415

    from bridge.clients.braze import BrazeClient  # noqa: PLC0415
    from bridge.clients.hosts import AllowedHosts  # noqa: PLC0415
    from bridge.clients.transport import Transport  # noqa: PLC0415
    from bridge.flows.delivery.vendor_keys import Credentials  # noqa: PLC0415
    from bridge.flows.runs.campaign_check import CampaignCheck  # noqa: PLC0415
    from bridge.stores.secrets import SecretStore  # noqa: PLC0415

    config = settings()
    braze = BrazeClient(Transport(AllowedHosts.of(config.extra_allowed_hosts, "braze"), size=1), now)
    return CampaignCheck(braze, Credentials(SecretStore(SecretsProvider(), config.stack_name)), now)


@contextmanager
def session() -> Iterator[Session]:
    """DuckDB in a directory of its own, gone afterwards; it gets the memory that Python does not need."""
    megabytes = max(512, int((settings().aws_lambda_function_memory_size - 512) * 0.8))
    with TemporaryDirectory(prefix="run-") as directory:
        opened = Session(Path(directory), memory_limit=f"{megabytes}MB")
        try:
            yield opened
        finally:
            opened.close()


@cache
def snapshot_store() -> SnapshotStore:
    """Committed snapshots."""
    config = settings()
    return SnapshotStore(
        client("dynamodb"),
        config.runs_table,
        client("s3"),
        config.state_bucket,
        now,
        config.snapshot_retention_days,
    )


@cache
def messages() -> RunMessages:
    """What waits is hidden, what cannot be read becomes a dead letter."""
    config = settings()
    return RunMessages(
        Queue(client("sqs"), config.export_queue_url),
        Queue(client("sqs"), config.export_dead_letter_queue_url),
        monotonic,
        faults=FaultStore(client("dynamodb"), config.runs_table, now),
        visible_again=config.lease_seconds,
    )


@cache
def steps() -> RunSteps:
    """The whole worker, put together once per environment."""
    config = settings()
    runs = RunStore(client("dynamodb"), config.runs_table, now, config.run_retention_days)
    parts = PartFiles(client("s3"), config.state_bucket)
    snapshots = snapshot_store()
    exports = Queue(client("sqs"), config.export_queue_url)
    joiners = Joiners(runs, parts, snapshots, exports, now)
    committing = Committing(
        runs=runs,
        parts=parts,
        snapshots=snapshots,
        sessions=session,
        joiners=joiners,
        history=RunHistory(client("dynamodb"), config.runs_table, config.run_retention_days, now),
        clock=now,
        measured=telemetry.publish_run,
    )
    readings = ReadingPlans(runs, parts, snapshots, membership_attribute, config.part_rows, monotonic)
    return RunSteps(
        runs=runs,
        line=RunLine(client("dynamodb"), config.runs_table, now),
        planning=Planning(
            exports=ExportStore(client("s3"), config.export_bucket),
            rollbacks=Rollbacks(runs, snapshots),
            repairs=Repairs(runs, snapshots),
            readings=readings,
            parts=parts,
            snapshots=snapshots,
            installations=InstallationStore(client("dynamodb"), config.installations_table),
            campaigns=Campaigns(),
            sessions=session,
            membership=membership_attribute,
            monotonic=monotonic,
            part_rows=config.part_rows,
            transfers=ThreadPoolExecutor(AHEAD, thread_name_prefix="s3"),
        ),
        committing=committing,
        reconciled=Reconciled(
            runs=runs,
            parts=parts,
            sessions=session,
            committing=committing,
            joiners=joiners,
            exports=exports,
            clock=now,
        ),
        healing=Healing(
            runs,
            parts,
            PartRows(client("dynamodb"), config.runs_table, now, config.run_retention_days),
            committing,
        ),
        parts_queue=Queue(client("sqs"), config.audience_queue_url),
        clock=now,
        pace=Pace(
            settle=config.run_settle_seconds,
            approval=config.approval_hide_seconds,
            audience=min(config.lease_hide_seconds, max(2, config.run_settle_seconds)),
            lease=config.lease_seconds,
        ),
    )


@cache
def erasing() -> Erasing:
    """Removes a person from everything that is kept; the phases in an order in which copies come before sources."""
    config, dynamodb = settings(), client("dynamodb")
    files = StateFiles(client("s3"), config.state_bucket)
    runs = RunStore(dynamodb, config.runs_table, now, config.run_retention_days)
    claims = ClaimStore(dynamodb, config.deliveries_table)
    snapshots = snapshot_store()
    pool = ThreadPoolExecutor(OBJECTS_AT_A_TIME, thread_name_prefix="erase")
    audit = AuditStore(dynamodb, config.installations_table, now)

    def noted(job: Job) -> None:
        at = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        audit.put(ended(job, entry_id=f"aud_{job.digest[:24]}", at=at))

    return Erasing(
        jobs=ErasureStore(dynamodb, config.runs_table, now),
        phases=(
            Memories(
                InstallationStore(dynamodb, config.installations_table),
                ProfileStore(dynamodb, config.deliveries_table),
            ),
            DeliveryLines(DeliveryLineStore(dynamodb, config.deliveries_table, now), claims),
            Documents(files, "letters/", "letters"),
            Documents(files, "stages/", "stages"),
            RunFiles(files, runs, claims, session, pool),
            AudienceSnapshots(runs, snapshots, files, session),
        ),
        executor=pool,
        clock=now,
        noted=noted,
    )
