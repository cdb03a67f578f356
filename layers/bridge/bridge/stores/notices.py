"""What a person was told of already: `NOTICE#<what>` in DeliveriesTable, and the topic that tells them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=30)
LONGEST_SUBJECT = 100
"""Characters that SNS takes, ASCII and on one line."""


@dataclass(frozen=True, slots=True)
class NoticeStore:
    """Told for 30 days; what still lasts then is told again."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]

    def is_new(self, about: str) -> bool:
        """Whether nobody was told."""
        found = self.client.get_item(TableName=self.table, Key=_key(about), ConsistentRead=True)
        return "Item" not in found

    def told(self, about: str) -> None:
        """Remember that it was."""
        gone = {"N": str(int((self.clock() + KEPT).timestamp()))}
        self.client.put_item(TableName=self.table, Item={**_key(about), "expires_at": gone})


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic."""

    client: Any
    arn: str

    def publish(self, subject: str, text: str) -> None:
        """Tell every subscriber."""
        line = " ".join(subject.encode("ascii", "replace").decode().split())[:LONGEST_SUBJECT]
        self.client.publish(TopicArn=self.arn, Subject=line, Message=text)


def _key(about: str) -> Any:
    return {"pk": {"S": f"NOTICE#{about}"}}
