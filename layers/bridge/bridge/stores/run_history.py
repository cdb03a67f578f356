"""Which runs an audience, a campaign or an installation's events had: a row a run, read by one query."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class RunHistory:
    """`HISTORY#<series>/<created_at>#<run_id>` in RunsTable, for as many days as the reports themselves."""

    client: "DynamoDBClient"
    table: str
    days: int
    clock: Callable[[], datetime]

    def note(self, series: str, entry: Mapping[str, Any]) -> None:
        """Keep a run's line; its place follows from when it began, so that it is noted once."""
        until = int((self.clock() + timedelta(days=self.days)).timestamp())
        self.client.put_item(
            TableName=self.table,
            Item={
                "pk": {"S": f"HISTORY#{series}"},
                "sk": {"S": f"{entry['created_at']}#{entry['id']}"},
                "entry": {"S": json.dumps(entry)},
                "expires_at": {"N": str(until)},
            },
        )

    def last(self, series: str, limit: int) -> list[dict[str, Any]]:
        """The last runs' lines, oldest first."""
        found = self.client.query(
            TableName=self.table,
            KeyConditionExpression="pk = :series",
            ExpressionAttributeValues={":series": {"S": f"HISTORY#{series}"}},
            ScanIndexForward=False,
            Limit=limit,
            ConsistentRead=True,
        )
        return [json.loads(item["entry"]["S"]) for item in reversed(found["Items"])]
