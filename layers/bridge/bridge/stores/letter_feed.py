"""Reading many partitions of the `feed` index as one list by time: only those that are known to hold something."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
Days = Mapping[str, Sequence[str]]
"""Feeds by day, in the order in which they are to be read."""

_WORKERS = 16


class Stretch(NamedTuple):
    """A part of the list, its ends not included; newest first unless `oldest_first`."""

    after: str
    before: str
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class LetterFeed:
    """Keys of the index: `feed` and `at`, which is unique within a day's feeds."""

    client: "DynamoDBClient"
    table: str

    def page(self, days: Days, limit: int, stretch: Stretch) -> tuple[list[Item], str | None]:
        """At most `limit` rows and the place of the last of them, None at the end of the list."""
        found: list[Item] = []
        left = list(days)
        while left:
            rows, cut = self._day(days[left.pop(0)], limit - len(found), stretch)
            found += rows
            if cut or (left and len(found) >= limit):
                return found, found[-1]["at"]["S"]
        return found, None

    def _day(self, feeds: Sequence[str], limit: int, stretch: Stretch) -> tuple[list[Item], bool]:
        """The first rows of all feeds together; nothing beyond the place to which the shortest look reached."""
        with ThreadPoolExecutor(min(_WORKERS, len(feeds))) as pool:
            answers = list(pool.map(lambda feed: self._query(feed, limit, stretch), feeds))
        rows = sorted((row for some, _ in answers for row in some), key=_at, reverse=not stretch.oldest_first)
        ends = [_at(some[-1]) for some, more in answers if more]
        if ends and stretch.oldest_first:
            rows = [row for row in rows if _at(row) <= min(ends)]
        elif ends:
            rows = [row for row in rows if _at(row) >= max(ends)]
        return rows[:limit], bool(ends) or len(rows) > limit

    def _query(self, feed: str, limit: int, stretch: Stretch) -> tuple[list[Item], bool]:
        values = {":feed": feed, ":after": f"{stretch.after}!", ":before": _just_before(stretch.before)}
        answer = self.client.query(
            TableName=self.table,
            IndexName="feed",
            KeyConditionExpression="feed = :feed AND #at BETWEEN :after AND :before",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            ScanIndexForward=stretch.oldest_first,
            Limit=limit,
        )
        return answer["Items"], bool(answer["Items"]) and "LastEvaluatedKey" in answer


def _just_before(place: str) -> str:
    """The greatest place below this one: BETWEEN takes in its ends."""
    return f"{place[:-1]}{chr(ord(place[-1]) - 1)}~"


def _at(row: Item) -> str:
    return str(row["at"]["S"])
