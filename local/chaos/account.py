"""The emulated AWS account: queues, tables, functions and logs, as its root user."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from local.demo.stack import Stack
from local.settings import REGION, ROOT_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

Row = dict[str, Any]
SHARDS = 4
HOUR = 3600.0


class Account:
    """Clients of the stack's emulator alone: a real account cannot be meant by mistake."""

    def __init__(self, stack: Stack) -> None:
        session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        config = Config(retries={"mode": "standard", "max_attempts": 5}, read_timeout=60)
        self._url = stack.emulator_url
        self._outputs = stack.outputs
        self.sqs: SQSClient = session.client("sqs", endpoint_url=self._url, config=config)
        self.dynamodb: DynamoDBClient = session.client("dynamodb", endpoint_url=self._url, config=config)
        self.s3: S3Client = session.client("s3", endpoint_url=self._url, config=config)
        self.functions: Any = session.client("lambda", endpoint_url=self._url, config=config)
        self.logs: Any = session.client("logs", endpoint_url=self._url, config=config)

    def queue(self, name: str) -> str:
        """`Braze` → BrazeQueue's address."""
        return self._outputs[f"{name}QueueUrl"]

    def depth(self, names: Sequence[str]) -> dict[str, int]:
        """Messages in these queues, those in flight or hidden included."""
        found = {}
        for name in names:
            told = self.sqs.get_queue_attributes(QueueUrl=self.queue(name), AttributeNames=["All"])
            attributes = told["Attributes"]
            found[name] = sum(
                int(count) for key, count in attributes.items() if key.startswith("ApproximateNumber")
            )
        return found

    def configuration(self, name: str) -> Row:
        """What `<name>Function` is configured as."""
        pages = self.functions.get_paginator("list_functions").paginate()
        found = [one for page in pages for one in page["Functions"]]
        [one] = [one for one in found if f"-{name}Function-" in one["FunctionName"]]
        return dict(one)

    def deliveries(self, since: float) -> list[Row]:
        """The delivery rows begun since then (epoch seconds)."""
        begun = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
        hours = {time.strftime("%Y-%m-%dT%H", time.gmtime(at)) for at in _hourly(since, time.time())}
        return [
            row
            for hour in sorted(hours)
            for shard in range(SHARDS)
            for page in self.dynamodb.get_paginator("query").paginate(
                TableName=self._outputs["DeliveriesTableName"],
                IndexName="feed",
                KeyConditionExpression="feed = :feed AND #at >= :begun",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={
                    ":feed": {"S": f"DELIVERY#{hour}#{shard}"},
                    ":begun": {"S": begun},
                },
            )
            for row in page["Items"]
        ]


def _hourly(since: float, until: float) -> list[float]:
    return [*(since + HOUR * number for number in range(int((until - since) // HOUR) + 1)), until]
