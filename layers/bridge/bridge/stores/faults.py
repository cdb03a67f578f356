"""Faults of ours that a message met: how many receives in a row ended in one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=14)
"""As long as a queue keeps a message."""


@dataclass(frozen=True, slots=True)
class FaultStore:
    """`FAULT#<message id>` in RunsTable, written by faults alone; the receive tells whether they follow each other."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]

    def note(self, message_id: str, receive: int) -> int:
        """One more, at this receive of the message: how many in a row that makes. Raises Retryable."""
        try:
            return self._next(message_id, receive) or self._first(message_id, receive)
        except (ClientError, BotoCoreError):
            raise Retryable("table_unavailable", "the fault could not be noted") from None

    def _next(self, message_id: str, receive: int) -> int | None:
        try:
            found = self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": f"FAULT#{message_id}"}, "sk": {"S": "FAULT"}},
                UpdateExpression="SET receive = :receive, faults = faults + :one",
                ConditionExpression="receive = :before",
                ExpressionAttributeValues={
                    ":receive": {"N": str(receive)},
                    ":before": {"N": str(receive - 1)},
                    ":one": {"N": "1"},
                },
                ReturnValues="UPDATED_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        return int(found["Attributes"]["faults"]["N"])

    def _first(self, message_id: str, receive: int) -> int:
        self.client.put_item(
            TableName=self.table,
            Item={
                "pk": {"S": f"FAULT#{message_id}"},
                "sk": {"S": "FAULT"},
                "receive": {"N": str(receive)},
                "faults": {"N": "1"},
                "expires_at": {"N": str(int((self.clock() + KEPT).timestamp()))},
            },
        )
        return 1
