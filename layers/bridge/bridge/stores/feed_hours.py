"""Which hours hold deliveries: an item a day, so that a list over sparse time visits those hours alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_AT_ONCE = 100
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FeedHours:
    """`FEED#<yyyy-mm-dd>` in DeliveriesTable, with a set of hours; one write per worker and hour."""

    client: "DynamoDBClient"
    table: str
    retention: timedelta
    _marked: set[str] = field(default_factory=set)

    def mark(self, at: str) -> None:
        """Before a row of this moment (ISO 8601, UTC) is written: in an hour nobody marked it is not found."""
        day, hour = at[:10], at[11:13]
        if at[:13] in self._marked:
            return
        ends = datetime.fromisoformat(day).replace(tzinfo=UTC) + self.retention + 2 * _DAY
        self.client.update_item(
            TableName=self.table,
            Key={"pk": {"S": f"FEED#{day}"}},
            UpdateExpression="ADD hours :hour SET expires_at = :ends",
            ExpressionAttributeValues={":hour": {"SS": [hour]}, ":ends": {"N": str(int(ends.timestamp()))}},
        )
        self._marked.add(at[:13])

    def between(self, newest: str, oldest: datetime) -> list[str]:
        """The marked hours (`yyyy-mm-ddThh`) from `newest` back to that of `oldest`, newest first."""
        days = list(_days(newest, oldest))
        first = f"{oldest.astimezone(UTC):%Y-%m-%dT%H}"
        marked = (hour for part in batched(days, MOST_AT_ONCE, strict=False) for hour in self._read(part))
        return sorted((hour for hour in marked if first <= hour <= newest), reverse=True)

    def _read(self, days: tuple[str, ...]) -> Iterator[str]:
        keys = [{"pk": {"S": f"FEED#{day}"}} for day in days]
        asked: Any = {self.table: {"Keys": keys, "ConsistentRead": True}}
        while asked:
            answer = self.client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(self.table, []):
                yield from (f"{item['pk']['S'].removeprefix('FEED#')}T{hour}" for hour in item["hours"]["SS"])
            asked = answer.get("UnprocessedKeys")


def _days(newest: str, oldest: datetime) -> Iterator[str]:
    day = datetime.fromisoformat(newest[:10]).replace(tzinfo=UTC)
    while day.date() >= oldest.astimezone(UTC).date():
        yield f"{day:%Y-%m-%d}"
        day -= _DAY
