"""Files the dead letters of every queue, and has the runs end that some of them speak of."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from bridge.flows.admin.letters import file_record
from bridge.flows.runs.given_up import GivenUp
from bridge.settings.dead_letters import DeadLettersSettings
from bridge.stores.letters import LetterStore
from bridge.stores.queues import Queue


@cache
def settings() -> DeadLettersSettings:
    """The environment."""
    return DeadLettersSettings.load()


@cache
def filing() -> Callable[[dict[str, Any]], bool]:
    """Built at the first call, kept while the worker lives."""
    letters = LetterStore(
        boto3.client("dynamodb"),
        settings().deliveries_table,
        boto3.client("s3"),
        settings().state_bucket,
        lambda: datetime.now(UTC),
        settings().letter_retention_days,
    )
    return partial(file_record, queues=settings().lanes, letters=letters)


@cache
def runs() -> GivenUp:
    """Where runs are told."""
    sqs = boto3.client("sqs")
    exports, parts = Queue(sqs, settings().export_queue_url), Queue(sqs, settings().audience_queue_url)
    return GivenUp(lanes=settings().lanes, exports=exports, parts=parts)


def file(record: SQSRecord) -> None:
    """One dead letter; whatever is raised brings this one back, not its neighbours."""
    filing()(record.raw_event)
    runs().tell(record.raw_event)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Partial batch response."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=file, processor=processor, context=context)
