"""Sends planned deliveries to ActionIQ: page views, custom events and profile updates as records."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from bridge import telemetry
from bridge.clients.actioniq import ActionIqClient
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.flows.actioniq_lane import ActionIqLane
from bridge.flows.circuit import Circuit
from bridge.flows.deliver import Deliverer
from bridge.flows.delivery_records import Recorder
from bridge.flows.receive import NotYet, Receiver
from bridge.flows.vendor_keys import Credentials
from bridge.settings.delivery import ActionIqDeliverySettings
from bridge.stores.claims import ClaimStore
from bridge.stores.deliveries import DeliveryStore
from bridge.stores.health import HealthStore
from bridge.stores.installations import CachedInstallations, InstallationStore
from bridge.stores.pauses import PauseStore
from bridge.stores.queues import Queue
from bridge.stores.secrets import SecretStore
from bridge.stores.stages import StageStore

IN_FLIGHT = 64
INSTALLATIONS_SECONDS = 10.0

logger: Callable[[], Logger] = cache(telemetry.logger)
metrics: Callable[[], Metrics] = cache(telemetry.metrics)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answer with the messages that stay in the queue."""
    answer = async_process_partial_response(event, record_handler(context), processor(), context)
    metrics().flush_metrics()
    return answer


def record_handler(context: LambdaContext) -> Callable[[SQSRecord], Awaitable[str]]:
    """Deliveries of a batch run side by side in threads; counting is done back in the loop's one thread."""

    async def handle(record: SQSRecord) -> str:
        remaining = context.get_remaining_time_in_millis()
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(
                pool(), receiver().receive, record.body, record.receipt_handle, remaining
            )
        except Exception as error:
            telemetry.log_failure(logger(), error, message_id=record.message_id)
            telemetry.count_failure(metrics())
            raise
        telemetry.log_step(logger(), result)
        telemetry.count_step(metrics(), result)
        if result.wait is not None:
            raise NotYet(result.reason)
        return result.status

    return handle


@cache
def processor() -> AsyncBatchProcessor:
    """A batch of waiting messages is no failure of the function: it must not slow the queue's pollers."""
    return AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def pool() -> ThreadPoolExecutor:
    """Threads for one batch."""
    return ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="delivery")


@cache
def settings() -> ActionIqDeliverySettings:
    """The environment."""
    return ActionIqDeliverySettings.load()


@cache
def client(service: str) -> Any:
    """A boto3 client; they are safe to share between threads."""
    retries: Any = {"mode": "standard", "max_attempts": 4}
    config = Config(max_pool_connections=IN_FLIGHT, retries=retries, connect_timeout=3, read_timeout=10)
    return boto3.client(service, config=config)  # type: ignore[call-overload]


def now() -> datetime:
    """The clock of everything below."""
    return datetime.now(UTC)


def jitter(most: float) -> float:
    """Full jitter."""
    return random.uniform(0.0, most)  # noqa: S311 (spreads retries, protects nothing)


@cache
def receiver() -> Receiver:
    """The whole worker, put together once per environment."""
    config = settings()
    letters = Queue(client("sqs"), config.actioniq_dead_letter_queue_url)
    deliveries = DeliveryStore(client("dynamodb"), config.deliveries_table, now)
    transport = Transport(AllowedHosts.of(config.extra_allowed_hosts), size=IN_FLIGHT)
    deliverer = Deliverer(
        lane=ActionIqLane(ActionIqClient(transport, now), config.actioniq_base_url),
        installations=CachedInstallations(
            InstallationStore(client("dynamodb"), config.installations_table), INSTALLATIONS_SECONDS, now
        ),
        credentials=Credentials(SecretStore(SecretsProvider(), config.stack_name)),
        deliveries=deliveries,
        claims=ClaimStore(client("dynamodb"), config.deliveries_table, config.claim_days),
        pauses=PauseStore(client("dynamodb"), config.deliveries_table, now),
        health=HealthStore(client("dynamodb"), config.deliveries_table, now),
        circuit=Circuit(),
        recorder=Recorder(deliveries, StageStore(client("s3"), config.state_bucket), letters, now, jitter),
        clock=now,
        jitter=jitter,
    )
    return Receiver(deliverer, Queue(client("sqs"), config.actioniq_queue_url), letters, now)
