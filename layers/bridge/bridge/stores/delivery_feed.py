"""Deliveries newest first: hour by hour, four shards an hour, with a bounded effort per call."""

import base64
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from bridge.errors import Rejected
from bridge.stores.delivery_rows import SHARDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
MOST_HOURS = 48
"""Hours one call looks back; the cursor goes on from there."""
_TOGETHER = 6
_FILTERED_READ = 500
_HOUR = timedelta(hours=1)
_NEWEST = "~"


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a page ended: rows of this hour from (at, pk) on are done with."""

    hour: str
    at: str = _NEWEST
    pk: str = _NEWEST

    def cursor(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.hour, self.at, self.pk]).encode()).decode()


@dataclass(frozen=True, slots=True)
class DeliveryFeed:
    """Reads the index `feed` (feed, at) of DeliveriesTable."""

    client: "DynamoDBClient"
    table: str

    def page(
        self,
        limit: int,
        cursor: str | None,
        wanted: Mapping[str, str | None],
        now: datetime,
        retention: timedelta,
    ) -> tuple[list[Item], str | None]:
        """Up to `limit` rows that match, and the cursor of the next page; None at the end of the retention."""
        start = _position(cursor) if cursor else _Position(_hour(now))
        oldest = now - retention
        found: list[Item] = []
        hour = start.hour
        with ThreadPoolExecutor(SHARDS * _TOGETHER) as pool:
            for hours in _groups(start.hour, oldest):
                read = pool.map(lambda one: self._hour(one, start, limit, wanted), hours)
                for hour, rows in zip(hours, read, strict=True):
                    found += rows[: limit - len(found)]
                    if len(found) == limit:
                        last = found[-1]
                        return found, _Position(hour, last["at"]["S"], last["pk"]["S"]).cursor()
        following = _moment(hour) - _HOUR
        return found, _Position(_hour(following)).cursor() if following >= oldest - _HOUR else None

    def _hour(self, hour: str, start: _Position, limit: int, wanted: Mapping[str, str | None]) -> list[Item]:
        before = start if hour == start.hour else _Position(hour)
        rows = [
            row
            for shard in range(SHARDS)
            for row in self._shard(f"DELIVERY#{hour}#{shard}", before, limit, wanted)
        ]
        return sorted(rows, key=_order, reverse=True)

    def _shard(
        self, feed: str, before: _Position, limit: int, wanted: Mapping[str, str | None]
    ) -> list[Item]:
        """The newest `limit` rows of one shard that come after the position."""
        found: list[Item] = []
        query = _query(feed, before.at, limit, wanted)
        while True:
            answer = self.client.query(
                TableName=self.table, IndexName="feed", ScanIndexForward=False, **query
            )
            found += [row for row in answer["Items"] if _order(row) < (before.at, before.pk)]
            if len(found) >= limit or "LastEvaluatedKey" not in answer:
                return (
                    found[:limit] if len(found) <= limit else sorted(found, key=_order, reverse=True)[:limit]
                )
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _query(feed: str, at: str, limit: int, wanted: Mapping[str, str | None]) -> dict[str, Any]:
    filters = {name: value for name, value in wanted.items() if value}
    query: dict[str, Any] = {
        "KeyConditionExpression": "feed = :feed AND #at <= :at",
        "ExpressionAttributeNames": {"#at": "at"} | {f"#{name}": name for name in filters},
        "ExpressionAttributeValues": {":feed": {"S": feed}, ":at": {"S": at}}
        | {f":{name}": {"S": value} for name, value in filters.items()},
    }
    query["Limit"] = _FILTERED_READ if filters else limit
    if filters:
        query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in filters)
    return query


def _groups(first: str, oldest: datetime) -> Iterator[tuple[str, ...]]:
    """The first hour alone, as most pages end in it, then six hours at a time."""
    moment = _moment(first)
    hours = [
        _hour(moment - back * _HOUR) for back in range(MOST_HOURS) if moment - back * _HOUR > oldest - _HOUR
    ]
    yield tuple(hours[:1])
    yield from batched(hours[1:], _TOGETHER, strict=False)


def _order(row: Item) -> tuple[str, str]:
    return row["at"]["S"], row["pk"]["S"]


def _hour(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def _moment(hour: str) -> datetime:
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)


def _position(cursor: str) -> _Position:
    try:
        hour, at, pk = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        _moment(hour)
        return _Position(hour, str(at), str(pk))
    except (ValueError, TypeError):
        raise Rejected("invalid_cursor", "the cursor is not one of this list") from None
