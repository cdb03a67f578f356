"""Deliveries newest first: the hours that hold any, four shards an hour, with a bounded effort per call."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched, product
from typing import TYPE_CHECKING, Any

from bridge.errors import Rejected
from bridge.stores.delivery_rows import SHARDS
from bridge.stores.feed_hours import FeedHours

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
MOST_HOURS = 120
"""Hours with rows that one call looks into; where a filter matches little, the cursor goes on from there."""
MOST_READS = 4
"""Queries of one shard in one call, for the same reason: an hour can hold millions of rows."""
MOST_LOOKED_AT = 10_000
"""Rows after which a call ends with what it has: each costs a read, whether the filter takes it or not."""
_TOGETHER = 6
"""Hours read side by side at the most. The first come by themselves: most pages end in them, and each costs reads."""
_FILTERED_READ = 500
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
class _Read:
    """Rows of a shard, newest first; `down_to` is the `at` from which on it was not read, empty at its end."""

    rows: list[Item]
    down_to: str
    looked_at: int


@dataclass(frozen=True, slots=True)
class DeliveryFeed:
    """Reads the index `feed` (feed, at) of DeliveriesTable."""

    client: "DynamoDBClient"
    table: str
    hours: FeedHours

    def page(
        self,
        limit: int,
        cursor: str | None,
        wanted: Mapping[str, str | None],
        now: datetime,
        texts: Sequence[str] = (),
    ) -> tuple[list[Item], str | None]:
        """Up to `limit` rows that match, and the cursor of the next page; None at the end of the retention.

        `texts` are parts of the row's list of events, all of which it must hold.
        """
        start = _position(cursor) if cursor else _Position(_hour(now))
        hours = self.hours.between(start.hour, now - self.hours.retention)
        found: list[Item] = []
        looked_at = 0
        with ThreadPoolExecutor(SHARDS * _TOGETHER) as pool:
            for part in _parts(hours[:MOST_HOURS]):
                if looked_at >= MOST_LOOKED_AT:
                    return found, _Position(part[0]).cursor()
                shards = list(product(part, range(SHARDS)))
                read = pool.map(lambda one: self._shard(one[0], one[1], start, limit, wanted, texts), shards)
                for hour, reads in zip(part, batched(read, SHARDS, strict=True), strict=True):
                    rows, down_to = _merged(reads)
                    looked_at += sum(one.looked_at for one in reads)
                    found += rows
                    if len(found) >= limit:
                        last = found[limit - 1]
                        return found[:limit], _Position(hour, last["at"]["S"], last["pk"]["S"]).cursor()
                    if down_to:
                        return found, _Position(hour, down_to).cursor()
        return found, _Position(hours[MOST_HOURS]).cursor() if len(hours) > MOST_HOURS else None

    def _shard(
        self,
        hour: str,
        shard: int,
        start: _Position,
        limit: int,
        wanted: Mapping[str, str | None],
        texts: Sequence[str],
    ) -> _Read:
        """At least the newest `limit` rows that come after the position, unless that takes too many reads."""
        before = start if hour == start.hour else _Position(hour)
        query = _query(f"DELIVERY#{hour}#{shard}", before.at, limit, wanted, texts)
        found: list[Item] = []
        down_to, looked_at = _NEWEST, 0
        for _ in range(MOST_READS):
            answer = self.client.query(
                TableName=self.table, IndexName="feed", ScanIndexForward=False, **query
            )
            looked_at += answer["ScannedCount"]
            found += [row for row in answer["Items"] if _order(row) < (before.at, before.pk)]
            if "LastEvaluatedKey" not in answer:
                return _Read(found, "", looked_at)
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            down_to = answer["LastEvaluatedKey"]["at"]["S"]
            if sum(row["at"]["S"] > down_to for row in found) >= limit:
                break
        return _Read(found, down_to, looked_at)


def _parts(hours: list[str]) -> Iterator[Sequence[str]]:
    """One hour, the next, the two after them, and the rest by six."""
    yield from filter(None, (hours[:1], hours[1:2], hours[2:4]))
    yield from batched(hours[4:], _TOGETHER, strict=False)


def _merged(reads: tuple[_Read, ...]) -> tuple[list[Item], str]:
    """The rows of an hour in order, as far down as every shard was read; rows of one instant stay together."""
    down_to = max(read.down_to for read in reads)
    rows = [row for read in reads for row in read.rows if row["at"]["S"] > down_to]
    return sorted(rows, key=_order, reverse=True), down_to


def _query(
    feed: str, at: str, limit: int, wanted: Mapping[str, str | None], texts: Sequence[str]
) -> dict[str, Any]:
    filters = {name: value for name, value in wanted.items() if value}
    query: dict[str, Any] = {
        "KeyConditionExpression": "feed = :feed",
        "ExpressionAttributeNames": {f"#{name}": name for name in filters},
        "ExpressionAttributeValues": {":feed": {"S": feed}}
        | {f":{name}": {"S": value} for name, value in filters.items()},
    }
    if at != _NEWEST:
        query["KeyConditionExpression"] += " AND #at <= :at"
        query["ExpressionAttributeNames"]["#at"] = "at"
        query["ExpressionAttributeValues"][":at"] = {"S": at}
    # Two more than asked for: the one the last page ended with, and the one that shows where an instant ends.
    query["Limit"] = _FILTERED_READ if filters or texts else limit + 2
    terms = [f"#{name} = :{name}" for name in filters]
    for index, text in enumerate(texts):
        terms.append(f"contains(#events, :text{index})")
        query["ExpressionAttributeNames"]["#events"] = "events"
        query["ExpressionAttributeValues"][f":text{index}"] = {"S": text}
    if terms:
        query["FilterExpression"] = " AND ".join(terms)
    if not query["ExpressionAttributeNames"]:  # DynamoDB refuses an empty one
        del query["ExpressionAttributeNames"]
    return query


def _order(row: Item) -> tuple[str, str]:
    return row["at"]["S"], row["pk"]["S"]


def _hour(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def _position(cursor: str) -> _Position:
    try:
        hour, at, pk = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
        return _Position(hour, str(at), str(pk))
    except (ValueError, TypeError):
        raise Rejected("invalid_cursor", "the cursor is not one of this list") from None
