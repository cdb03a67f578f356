"""Files the dead letters of every queue, and has the runs end that some of them speak of; every minute, replays."""

import secrets as randomness
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.config import Config

from bridge.flows.admin.audit import Audit
from bridge.flows.admin.letters import file_record
from bridge.flows.admin.mended import Mended
from bridge.flows.admin.replaying import Replaying
from bridge.flows.admin.resending import Sender
from bridge.flows.runs.given_up import GivenUp
from bridge.settings.dead_letters import DeadLettersSettings
from bridge.stores.audit import AuditStore
from bridge.stores.depths import QueueDepths
from bridge.stores.health import HealthStore
from bridge.stores.installations import InstallationStore
from bridge.stores.letters import LetterStore
from bridge.stores.queues import Queue
from bridge.stores.replays import ReplayStore

CONNECTIONS = 32
"""As many as bodies are read at a time."""
WORKS = timedelta(seconds=45)
"""No part of a replay is begun after this long: the function lives for 60 s."""


def now() -> datetime:
    """Of this moment, in UTC."""
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Such as `aud_` and 24 hex digits."""
    return f"{prefix}_{randomness.token_hex(12)}"


@cache
def settings() -> DeadLettersSettings:
    """The environment."""
    return DeadLettersSettings.load()


@cache
def client(service: str) -> Any:
    """One client per service."""
    config = Config(max_pool_connections=CONNECTIONS, connect_timeout=2, read_timeout=10)
    return boto3.client(service, config=config)  # type: ignore[call-overload]


@cache
def letters() -> LetterStore:
    """Where they lie."""
    told = settings()
    where = (told.deliveries_table, client("s3"), told.state_bucket)
    return LetterStore(client("dynamodb"), *where, now, told.letter_retention_days)


@cache
def filing() -> Callable[[dict[str, Any]], bool]:
    """Built at the first call, kept while the worker lives."""
    return partial(file_record, queues=settings().lanes, letters=letters())


@cache
def runs() -> GivenUp:
    """Where runs are told."""
    queues = {lane: Queue(client("sqs"), one.queue) for lane, one in settings().lane_queues.items()}
    return GivenUp(lanes=settings().lanes, exports=queues["export"], parts=queues["audience"])


@cache
def replaying() -> tuple[Mended, Replaying]:
    """What is begun by itself, and what carries on whatever was begun."""
    told, table = settings(), client("dynamodb")
    depths = QueueDepths(client("sqs"), told.lane_queues)
    queues = {lane: Queue(client("sqs"), one.queue) for lane, one in told.lane_queues.items()}
    jobs = ReplayStore(table, told.deliveries_table, now)
    mended = Mended(
        InstallationStore(table, told.installations_table),
        HealthStore(table, told.deliveries_table, now),
        letters(),
        jobs,
        depths,
        Audit(AuditStore(table, told.installations_table, now), now, new_id),
        now,
    )
    return mended, Replaying(jobs, letters(), Sender(letters(), queues), depths, now, new_id)


def replay() -> dict[str, int]:
    """A minute's share of what is to be replayed."""
    mended, work = replaying()
    until = now() + WORKS
    begun = mended.look()
    return {"begun": begun, "replayed": work.work(settings().replay_per_minute, until)}


def file(record: SQSRecord) -> None:
    """One dead letter; whatever is raised brings this one back, not its neighbours."""
    filing()(record.raw_event)
    runs().tell(record.raw_event)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Partial batch response of a queue's letters; a schedule's tick brings none."""
    if "Records" not in event:
        return replay()
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=file, processor=processor, context=context)
