"""What every delivery worker is made of; a lane's own app.py adds its client and its lane."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config

from bridge import telemetry
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.errors import Retryable
from bridge.flows.delivery.circuit import Circuit
from bridge.flows.delivery.deliver import Deliverer
from bridge.flows.delivery.delivery_records import Recorder
from bridge.flows.delivery.profile_memory import ProfileMemory
from bridge.flows.delivery.receive import NotYet, Receiver
from bridge.flows.delivery.seats import Seats
from bridge.flows.delivery.vendor_keys import Credentials
from bridge.stores.claims import ClaimStore
from bridge.stores.deliveries import DeliveryStore
from bridge.stores.health import HealthStore
from bridge.stores.installations import CachedInstallations, InstallationStore
from bridge.stores.minutes import MinuteStore
from bridge.stores.pauses import PauseStore
from bridge.stores.profiles import ProfileStore
from bridge.stores.queues import Queue
from bridge.stores.seats import Neighbours, SeatStore
from bridge.stores.secrets import SecretStore
from bridge.stores.stages import StageStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from bridge.flows.delivery.lanes import Lane
    from bridge.settings.delivery import DeliverySettings

IN_FLIGHT = 100
"""The largest batch the template takes: all its deliveries are on their way at once, the vendor fast or slow."""
INSTALLATIONS_SECONDS = 5.0
"""How long deliveries to an installation may go on after it was switched off."""

NEIGHBOURS_AGE = timedelta(seconds=15)
"""How late a worker learns that its lane has another installation, or none any more."""


class DeliveryWorker:
    """Takes batches of planned deliveries; `receiver` is asked for at the first record, not before."""

    def __init__(self, receiver: Callable[[], Receiver], minutes: Callable[[], MinuteStore]) -> None:
        self._receiver = receiver
        self._minutes = minutes
        self._logger = telemetry.logger()
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="delivery")
        # A batch of waiting messages is no failure of the function: it must not slow the queue's pollers.
        self._processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> Any:
        """Answer with the messages that stay in the queue."""
        tally = telemetry.Tally()
        handler = self._handler(context, tally)
        answer = async_process_partial_response(event, handler, self._processor, context)
        tally.publish(self._receiver().deliverer.lane.catalog_key)
        self._count(tally)
        return answer

    def _count(self, tally: telemetry.Tally) -> None:
        """A minute that cannot be counted delays no delivery: it is missing in the statistics, and logged."""
        try:
            self._minutes().add(now(), tally.counts())
        except Retryable as failure:
            self._logger.warning("minute not counted", extra={"reason": failure.reason})

    def _handler(
        self, context: LambdaContext, tally: telemetry.Tally
    ) -> Callable[[SQSRecord], Awaitable[str]]:
        """Deliveries of a batch run side by side in threads; counting is done back in the loop's one thread."""

        async def handle(record: SQSRecord) -> str:
            remaining = context.get_remaining_time_in_millis()
            loop = asyncio.get_running_loop()
            try:
                receives = int(record.attributes.approximate_receive_count)
                told = (record.body, record.receipt_handle, remaining, receives)
                result = await loop.run_in_executor(self._pool, self._receiver().receive, *told)
            except Exception as error:
                telemetry.log_failure(self._logger, error, message_id=record.message_id)
                tally.failures += 1
                raise
            telemetry.log_step(self._logger, result)
            tally.steps.append(result)
            if result.wait is not None:
                raise NotYet(result.reason)
            return result.status

        return handle


def now() -> datetime:
    """The clock of everything below."""
    return datetime.now(UTC)  # noqa: TID251 (where a worker is put together, the clock is handed in)


def minutes(config: DeliverySettings) -> MinuteStore:
    """Where a worker's counts go."""
    return MinuteStore(_client("dynamodb"), config.deliveries_table)


def receiver(config: DeliverySettings, catalog_key: str, lane: Callable[[Transport], Lane]) -> Receiver:
    """A whole worker: the stores, the queues, and the lane over a transport to its vendor's hosts alone."""
    letters = Queue(_client("sqs"), config.dead_letter_queue_url)
    table = _client("dynamodb")
    deliveries = DeliveryStore(table, config.deliveries_table, now)
    stages = StageStore(_client("s3"), config.state_bucket)
    hosts = AllowedHosts.of(config.extra_allowed_hosts, catalog_key)
    installations = InstallationStore(table, config.installations_table)
    neighbours = Neighbours(installations, catalog_key, NEIGHBOURS_AGE, now)
    seats = Seats(SeatStore(table, config.deliveries_table), config.lane_workers, neighbours.number, now)
    deliverer = Deliverer(
        lane=lane(Transport(hosts, size=IN_FLIGHT)),
        installations=CachedInstallations(installations, INSTALLATIONS_SECONDS, now),
        credentials=Credentials(SecretStore(SecretsProvider(), config.stack_name)),
        deliveries=deliveries,
        claims=ClaimStore(table, config.deliveries_table, config.claim_days),
        pauses=PauseStore(table, config.deliveries_table, now),
        health=HealthStore(table, config.deliveries_table, now),
        circuit=Circuit(),
        recorder=Recorder(deliveries, stages, letters, now, _jitter, config.longest_retry_seconds),
        clock=now,
        jitter=_jitter,
        memory=ProfileMemory(ProfileStore(table, config.deliveries_table)),
    )
    return Receiver(deliverer, Queue(_client("sqs"), config.queue_url), letters, now, seats)


def client_config() -> Config:
    """Of the clients of tables, queues and files."""
    retries: Any = {"mode": "standard", "max_attempts": 4}
    return Config(
        max_pool_connections=IN_FLIGHT,
        retries=retries,
        connect_timeout=3,
        read_timeout=10,
        # Half of what a claim costs is boto3's check of what the stores say; DynamoDB checks it again.
        parameter_validation=False,
        # Else boto3 puts its own together anew for each call: a thirteenth of what a delivery costs.
        user_agent="signal-bridge",
    )


@cache
def _client(service: str) -> Any:
    """A boto3 client; they are safe to share between threads."""
    return boto3.client(service, config=client_config())  # type: ignore[call-overload]


def _jitter(most: float) -> float:
    """Full jitter."""
    return random.uniform(0.0, most)  # noqa: S311 (spreads retries, protects nothing)
