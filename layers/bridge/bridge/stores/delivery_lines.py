"""What delivery rows say of single events, read hour by hour and rewritten: a read unit per 8 KB of rows."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.stores.delivery_rows import RETENTION, SHARDS
from bridge.stores.feed_hours import FeedHours

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeliveryLineStore:
    """The attribute `events` of DeliveriesTable's rows."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]

    def hours(self) -> list[str]:
        """Hours with rows, oldest first, as far back as rows are kept."""
        now = self.clock()
        known = FeedHours(self.client, self.table, RETENTION)
        return sorted(known.between(f"{now:%Y-%m-%dT%H}", now - RETENTION))

    def naming(self, hour: str, values: Sequence[str]) -> list[tuple[str, str, list[Line]]]:
        """Rows whose lines hold one of these texts: delivery, installation (maybe empty), lines."""
        forms = [json.dumps(value) for value in values]
        found = []
        for shard in range(SHARDS):
            pages = self.client.get_paginator("query").paginate(
                TableName=self.table,
                IndexName="feed",
                KeyConditionExpression="feed = :feed",
                ExpressionAttributeValues={":feed": {"S": f"DELIVERY#{hour}#{shard}"}},
            )
            for item in (item for page in pages for item in page["Items"]):
                text = item["events"]["S"] if "events" in item else ""
                if any(form in text for form in forms):
                    installation = item["integration_id"]["S"] if "integration_id" in item else ""
                    found.append((item["pk"]["S"], installation, json.loads(text)))
        return found

    def rewrite(self, delivery_id: str, lines: list[Line], was: list[Line]) -> bool:
        """False when the row was changed meanwhile."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": delivery_id}},
                UpdateExpression="SET events = :lines",
                ConditionExpression="events = :was",
                ExpressionAttributeValues={":lines": {"S": _text(lines)}, ":was": {"S": _text(was)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _text(lines: list[Line]) -> str:
    return json.dumps(lines, separators=(",", ":"))
