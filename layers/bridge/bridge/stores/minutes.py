"""What was delivered minute by minute: one item a minute, added to once per invocation of a worker."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Counts = Mapping[str, Mapping[str, int]]
"""By installation: how many of each measure."""

KEPT = timedelta(days=2)
MOST_AT_ONCE = 100
_BETWEEN = "|"


@dataclass(frozen=True, slots=True)
class MinuteStore:
    """Items `MINUTE#<yyyy-mm-ddThh:mm>` of DeliveriesTable, with one number `<installation>|<measure>` each."""

    client: "DynamoDBClient"
    table: str

    def add(self, at: datetime, counts: Counts) -> None:
        """Add to the minute of `at`; raises Retryable when it cannot be written."""
        told = {
            f"{installation}{_BETWEEN}{measure}": number
            for installation, measures in counts.items()
            for measure, number in measures.items()
            if number
        }
        if not told:
            return
        names = {f"#n{index}": name for index, name in enumerate(told)}
        values: dict[str, Any] = {
            f":n{index}": {"N": str(number)} for index, number in enumerate(told.values())
        }
        adds = ", ".join(f"#n{index} :n{index}" for index in range(len(told)))
        try:
            self.client.update_item(
                TableName=self.table,
                Key=_key(at),
                UpdateExpression=f"ADD {adds} SET expires_at = :ends",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values | {":ends": {"N": str(int((at + KEPT).timestamp()))}},
            )
        except (ClientError, BotoCoreError):
            raise Retryable("table_unavailable", "the minute could not be counted") from None

    def read(self, first: datetime, minutes: int) -> list[dict[str, dict[str, int]]]:
        """Each minute from that of `first` on, oldest first; one without deliveries is empty."""
        wanted = [first + timedelta(minutes=index) for index in range(minutes)]
        found: dict[str, dict[str, dict[str, int]]] = {}
        for part in batched(wanted, MOST_AT_ONCE, strict=False):
            asked: Any = {self.table: {"Keys": [_key(moment) for moment in part]}}
            while asked:
                answer = self.client.batch_get_item(RequestItems=asked)
                found |= {item["pk"]["S"]: _counts(item) for item in answer["Responses"].get(self.table, [])}
                asked = answer.get("UnprocessedKeys")
        return [found.get(_key(moment)["pk"]["S"], {}) for moment in wanted]


def _key(at: datetime) -> dict[str, Any]:
    return {"pk": {"S": f"MINUTE#{at.astimezone(UTC):%Y-%m-%dT%H:%M}"}}


def _counts(item: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for name, value in item.items():
        installation, between, measure = name.rpartition(_BETWEEN)
        if between:
            counts[installation][measure] = int(value["N"])
    return dict(counts)
