"""Counts every minute what is blocked, degraded or waits for a person, and tells of each once."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3

from bridge import telemetry
from bridge.flows.admin.health import Conditions
from bridge.flows.admin.lookout import Lookout
from bridge.settings.watch import WatchSettings
from bridge.stores.health import HealthStore
from bridge.stores.installations import InstallationStore
from bridge.stores.notices import NoticeStore, Topic
from bridge.stores.pauses import PauseStore
from bridge.stores.runs import RunStore


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@cache
def lookout() -> Lookout:
    """Everything put together, at the first look."""
    settings = WatchSettings.load()
    dynamodb, deliveries = boto3.client("dynamodb"), settings.deliveries_table
    conditions = Conditions(
        InstallationStore(dynamodb, settings.installations_table),
        HealthStore(dynamodb, deliveries, now),
        PauseStore(dynamodb, deliveries, now),
        now,
    )
    return Lookout(
        conditions=conditions,
        runs=RunStore(dynamodb, settings.runs_table, now),
        notices=NoticeStore(dynamodb, deliveries, now),
        topic=Topic(boto3.client("sns"), settings.alarm_topic),
        clock=now,
        api_url=settings.api_url,
    )


def lambda_handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """A schedule's tick; the answer is what was counted."""
    seen = lookout().look()
    return telemetry.gauge(
        {
            "InstallationsBlocked": seen.blocked,
            "InstallationsDegraded": seen.degraded,
            "RunsWaiting": seen.waiting,
        }
    )
