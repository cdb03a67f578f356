"""Events from the queue, planned into deliveries: wiring only."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from bridge import telemetry
from bridge.flows.events.event_messages import Message
from bridge.flows.events.ingest import Ingest
from bridge.settings.ingest import IngestSettings
from bridge.stores.installations import InstallationStore
from bridge.stores.queues import Queue
from bridge.stores.recorded import RecordedStore
from bridge.stores.stages import StageStore

UNFORESEEN = "unexpected_failure"
AWS = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})

logger: Callable[[], Logger] = cache(telemetry.logger)


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@cache
def ingest() -> Ingest:
    """The batcher with its queues and stores."""
    told = IngestSettings.load()
    table, queues = boto3.client("dynamodb", config=AWS), boto3.client("sqs", config=AWS)
    stages = StageStore(boto3.client("s3", config=AWS), told.state_bucket)
    return Ingest(
        installations=InstallationStore(table, told.installations_table),
        lanes={lane: Queue(queues, urls.queue) for lane, urls in told.lane_queues.items()},
        dead_letters=Queue(queues, told.lane_queues["event"].dead_letters),
        recorder=RecordedStore(table, told.deliveries_table, stages),
        clock=now,
    )


def messages(records: Sequence[dict[str, Any]]) -> list[Message]:
    """SQS's records; a redelivered one keeps its `SentTimestamp`, a replayed one says which it was."""
    return [
        Message(
            record["messageId"],
            record["body"],
            datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC),
            record.get("messageAttributes", {}).get("message_id", {}).get("stringValue", ""),
        )
        for record in records
    ]


def failures(message_ids: Iterable[str]) -> dict[str, Any]:
    """Of the whole batch at once: Powertools' processor answers record by record, and packing spans them."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(message_ids)]}


def taken(records: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The messages that must come again, each with the reason.

    One that fails as nobody foresaw is told from the others of its batch by halves: they would fail with it
    whenever they came back together.
    """
    try:
        return ingest().take(messages(records))
    except Exception as error:  # noqa: BLE001 - told by type and place: a traceback would quote events
        if len(records) > 1:
            middle = len(records) // 2
            return taken(records[:middle]) | taken(records[middle:])
        telemetry.log_failure(logger(), error)
        return {record["messageId"]: UNFORESEEN for record in records}


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """SQS, with partial batch responses."""
    again = taken(event["Records"])
    if unforeseen := sum(reason == UNFORESEEN for reason in again.values()):
        telemetry.count_failure(unforeseen)
    telemetry.log_again(logger(), again)
    return failures(again)
