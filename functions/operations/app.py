"""The operating half of the admin API: live events, dead letters, audience runs, health."""

import logging
import secrets as randomness
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from bridge.admin_router import AdminRouter
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.erase_admin import Erasures
from bridge.flows.admin.health import Health
from bridge.flows.admin.letters import LetterDesk
from bridge.flows.admin.live_events import LiveEvents
from bridge.flows.admin.operating import Operating
from bridge.flows.admin.replay import Replay
from bridge.flows.admin.replaying import Replaying
from bridge.flows.admin.replays import Replays
from bridge.flows.admin.resending import Sender
from bridge.flows.admin.run_orders import RunOrders
from bridge.flows.admin.run_reports import RunReports
from bridge.flows.admin.runs_admin import RunsAdmin
from bridge.flows.admin.statistics import Statistics
from bridge.flows.admin.trying import Trial
from bridge.settings.operations import OperationsSettings
from bridge.stores.audit import AuditStore
from bridge.stores.deliveries import DeliveryStore
from bridge.stores.depths import QueueDepths
from bridge.stores.erasures import ErasureStore
from bridge.stores.health import HealthStore
from bridge.stores.installations import InstallationStore
from bridge.stores.letters import LetterStore
from bridge.stores.minutes import MinuteStore
from bridge.stores.part_rows import PartRows
from bridge.stores.pauses import PauseStore
from bridge.stores.queues import Queue
from bridge.stores.replays import ReplayStore
from bridge.stores.report_links import ReportLinks
from bridge.stores.runs import RunStore
from bridge.stores.snapshots import SnapshotStore
from bridge.stores.stages import StageStore

CONNECTIONS = 32
"""As many as letters are read, claimed and marked at a time."""


def now() -> datetime:
    """Of this moment, in UTC."""
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Such as `aud_` and 24 hex digits."""
    return f"{prefix}_{randomness.token_hex(12)}"


@cache
def operating() -> Operating:
    """Everything put together, at the first call; kept while the worker lives."""
    settings = OperationsSettings.load()
    config = Config(max_pool_connections=CONNECTIONS, connect_timeout=2, read_timeout=8)
    dynamodb, s3 = boto3.client("dynamodb", config=config), boto3.client("s3", config=config)
    sqs = boto3.client("sqs", config=config)
    deliveries, installed = settings.deliveries_table, settings.installations_table
    letters = LetterStore(
        dynamodb, deliveries, s3, settings.state_bucket, now, settings.letter_retention_days
    )
    queues = {lane: Queue(sqs, url) for lane, (url, _) in settings.lane_queues.items()}
    audit = Audit(AuditStore(dynamodb, installed, now), now, new_id)
    links = ReportLinks(s3, settings.state_bucket)
    runs = RunStore(dynamodb, settings.runs_table, now, settings.run_retention_days)
    snapshots = SnapshotStore(dynamodb, settings.runs_table, s3, settings.state_bucket, now)
    runs_admin = RunsAdmin(
        runs, queues["export"], links, audit, PartRows(dynamodb, settings.runs_table, now), now
    )
    installations = InstallationStore(dynamodb, installed)
    depths, sender = QueueDepths(sqs, settings.lane_queues), Sender(letters, queues)
    jobs = ReplayStore(dynamodb, deliveries, now)
    replaying = Replaying(jobs, letters, sender, depths, now, new_id)
    delivered = DeliveryStore(dynamodb, deliveries, now)
    return Operating(
        live_events=LiveEvents(delivered, StageStore(s3, settings.state_bucket)),
        letters=LetterDesk(letters),
        replay=Replay(letters, sender, audit, now, new_id),
        replays=Replays(letters, jobs, replaying, audit, now, new_id),
        runs=runs_admin,
        orders=RunOrders(runs_admin, runs, snapshots, audit, now),
        reports=RunReports(runs, links),
        erasures=Erasures(
            ErasureStore(dynamodb, settings.runs_table, now, settings.run_retention_days),
            queues["export"],
            audit,
            now,
        ),
        health=Health(
            installations,
            HealthStore(dynamodb, deliveries, now),
            PauseStore(dynamodb, deliveries, now),
            depths,
            now,
        ),
        statistics=Statistics(MinuteStore(dynamodb, deliveries), runs, installations, now),
        trial=Trial(queues["event"], audit, now, new_id),
    )


@cache
def router() -> AdminRouter:
    """The routes, made once a worker."""
    return AdminRouter(operating().routes(), logging.getLogger("operations"))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """HTTP API, payload 2.0."""
    return router()(event)
