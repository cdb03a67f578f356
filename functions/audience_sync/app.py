"""Sends the parts of runs to Braze: one part a message, the messages of a batch side by side."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from random import uniform
from time import monotonic
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from bridge import telemetry
from bridge.clients.braze import BrazeClient
from bridge.clients.braze_export import BrazeExports
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.flows.delivery.vendor_keys import Credentials
from bridge.flows.runs.held import Held
from bridge.flows.runs.outage import LONGEST_PAUSE
from bridge.flows.runs.pacing import Pacers
from bridge.flows.runs.readback import Readers
from bridge.flows.runs.run_messages import RunMessages
from bridge.flows.runs.senders import BrazeSenders
from bridge.flows.runs.sync import PartSync
from bridge.flows.runs.witness import Told
from bridge.settings.sync import SyncSettings
from bridge.stores.claims import ClaimStore
from bridge.stores.health import HealthStore
from bridge.stores.installations import CachedInstallations, InstallationStore
from bridge.stores.part_rows import PartRows
from bridge.stores.parts import PartFiles
from bridge.stores.pauses import PauseStore
from bridge.stores.queues import Queue
from bridge.stores.runs import RunStore
from bridge.stores.secrets import SecretStore

INSTALLATIONS_SECONDS = 10.0
PARTS_AT_A_TIME = 20

logger: Callable[[], Logger] = cache(telemetry.logger)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer with the messages that stay in the queue."""
    work = sync().worker(lambda: context.get_remaining_time_in_millis() / 1000)
    return messages().handle(event, owner=context.aws_request_id, work=work, log=logger())


@cache
def settings() -> SyncSettings:
    """The environment."""
    return SyncSettings.load()


@cache
def client(service: str) -> Any:
    """A boto3 client; they are safe to share between threads."""
    retries: Any = {"mode": "standard", "max_attempts": 5}
    return boto3.client(
        service,
        config=Config(
            retries=retries, connect_timeout=3, read_timeout=30, max_pool_connections=PARTS_AT_A_TIME
        ),
    )  # type: ignore[call-overload]


def now() -> datetime:
    """The clock of everything below."""
    return datetime.now(UTC)


def jitter(most: float) -> float:
    """So that parts which failed together do not come back together."""
    return uniform(0.0, most)  # noqa: S311 - spreads load, keeps no secret


@cache
def messages() -> RunMessages:
    """What waits is hidden, what cannot be read becomes a dead letter."""
    config = settings()
    return RunMessages(
        Queue(client("sqs"), config.audience_queue_url),
        Queue(client("sqs"), config.audience_dead_letter_queue_url),
        monotonic,
        ThreadPoolExecutor(PARTS_AT_A_TIME, thread_name_prefix="part"),
        visible_again=config.lease_seconds,
    )


@cache
def sync() -> PartSync:
    """The whole worker, put together once per environment."""
    config = settings()
    dynamodb = client("dynamodb")
    installations = CachedInstallations(
        InstallationStore(dynamodb, config.installations_table), INSTALLATIONS_SECONDS, now
    )
    pauses = PauseStore(dynamodb, config.deliveries_table, now)
    transport = Transport(
        AllowedHosts.of(config.extra_allowed_hosts, "braze"), size=config.requests_in_flight
    )
    parts = PartFiles(client("s3"), config.state_bucket)
    longest_pause = min(LONGEST_PAUSE, config.longest_retry_seconds)
    pacers = Pacers(monotonic, config.requests_in_flight, longest_pause=longest_pause)
    keys = Credentials(SecretStore(SecretsProvider(), config.stack_name))
    return PartSync(
        runs=RunStore(dynamodb, config.runs_table, now, config.run_retention_days),
        rows=PartRows(dynamodb, config.runs_table, now, config.run_retention_days),
        parts=parts,
        commits=Queue(client("sqs"), config.export_queue_url),
        senders=BrazeSenders(BrazeClient(transport, now), installations, keys, pauses, now, pacers),
        readers=Readers(BrazeExports(transport, now), installations, keys, parts, now, pacers),
        held=Held(Queue(client("sqs"), config.braze_dead_letter_queue_url), now),
        claims=ClaimStore(dynamodb, config.deliveries_table, config.claim_days),
        pauses=pauses,
        clock=now,
        monotonic=monotonic,
        executor=ThreadPoolExecutor(config.requests_in_flight, thread_name_prefix="braze"),
        pacers=pacers,
        witness=Told(HealthStore(dynamodb, config.deliveries_table, now), telemetry.publish_items, now),
        jitter=jitter,
        lease_seconds=config.lease_seconds,
        longest_retry=config.longest_retry_seconds,
    )
