"""The tables and the bucket of the template, as far as the admin stores use them, on moto."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict

REGION = "eu-central-1"
INSTALLATIONS, DELIVERIES, BUCKET = "installations", "deliveries", "state"


class Clock:
    """Stands still until it is moved."""

    def __init__(self, moment: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


@cache
def client(service: str) -> Any:
    """Made once, because making one is slow; moto (conftest.py) answers it."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = Config(user_agent="test")  # putting the usual one together takes a tenth of a call
    return boto3.client(service, region_name=REGION, config=config, **keys)  # type: ignore[call-overload]


@contextmanager
def aws() -> Iterator[Any]:
    """Gives a function that makes clients, of an account that is empty again afterwards."""
    try:
        yield client
    finally:
        BackendDict.reset()


def installations_table(client: Any) -> str:
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    client.create_table(
        TableName=INSTALLATIONS,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
    )
    return INSTALLATIONS


def deliveries_table(client: Any) -> str:
    feed = [{"AttributeName": "feed", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    client.create_table(
        TableName=DELIVERIES,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "feed", "at")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {"IndexName": "feed", "KeySchema": feed, "Projection": {"ProjectionType": "ALL"}}
        ],
    )
    return DELIVERIES


def state_bucket(client: Any) -> str:
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return BUCKET
