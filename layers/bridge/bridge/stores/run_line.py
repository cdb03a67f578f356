"""Who waits for an audience, in the order of their exports: rows beside the audience's lease."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.stores.worker_lease import moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RunLine:
    """`AUDIENCE#…/LINE#<exported_at>#<run_id>` in RunsTable, written at each look: until when the next one comes."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]

    def stand(self, audience: str, run_id: str, exported_at: str, until: datetime) -> None:
        """Stay in line until then; who does not look again by that time is counted on no longer."""
        self.client.put_item(
            TableName=self.table,
            Item={
                "pk": {"S": f"AUDIENCE#{audience}"},
                "sk": {"S": f"LINE#{exported_at}#{run_id}"},
                "until": moment(until),
                "expires_at": {"N": str(int((until + KEPT).timestamp()))},
            },
        )

    def before(self, audience: str, exported_at: str) -> list[str]:
        """The runs of older exports that will look again, oldest first; some may have got their turn by now."""
        now = self.clock().timestamp() * 1000
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :audience AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":audience": {"S": f"AUDIENCE#{audience}"},
                ":first": {"S": "LINE#"},
                ":last": {"S": f"LINE#{exported_at}"},
            },
            ConsistentRead=True,
        )
        found = (item for page in pages for item in page["Items"])
        return [item["sk"]["S"].rpartition("#")[2] for item in found if int(item["until"]["N"]) > now]
