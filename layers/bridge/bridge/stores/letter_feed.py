"""Reading several shards of the `feed` index as one list, newest first, with a bounded effort per call."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

MOST_QUERIES = 40
"""Queries one page may cost: a filter that matches little gives a short page with a cursor, not a timeout."""
FILTERED_READ = 1000
"""Rows looked at per query when a filter may drop most of them."""
_START, _END = "~", ""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """`cursor` is None at the end of the list."""

    items: list[Item]
    cursor: str | None


@dataclass(slots=True)
class _Shard:
    """One feed being read: what has an `at` of `position` or more is done with."""

    feed: str
    position: str
    waiting: list[Item] = field(default_factory=list)
    read_to: str = _END

    @property
    def hungry(self) -> bool:
        return not self.waiting and self.position != _END

    def take(self) -> Item:
        item = self.waiting.pop(0)
        self.position = item["at"]["S"] if self.waiting else self.read_to
        return item


class LetterFeed:
    """Keys of the index: `feed` and `at`, which is unique within a feed."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def page(
        self, feeds: Sequence[str], limit: int, cursor: str | None, wanted: Mapping[str, str | None]
    ) -> FeedPage:
        """Merge the feeds by `at`; a cursor holds a position per feed. Raises Rejected("invalid_cursor")."""
        positions = _positions(cursor, len(feeds))
        shards = [_Shard(feed, position) for feed, position in zip(feeds, positions, strict=True)]
        found: list[Item] = []
        queries = 0
        while len(found) < limit:
            if hungry := [shard for shard in shards if shard.hungry]:
                if queries >= MOST_QUERIES:
                    break
                queries += len(hungry)
                for shard in hungry:
                    self._read(shard, limit, wanted)
            elif ready := [shard for shard in shards if shard.waiting]:
                found.append(max(ready, key=lambda shard: shard.waiting[0]["at"]["S"]).take())
            else:
                break
        left = any(shard.waiting or shard.hungry for shard in shards)
        return FeedPage(found, json.dumps([shard.position for shard in shards]) if left else None)

    def count(self, feeds: Sequence[str], wanted: Mapping[str, str | None]) -> int:
        """How many rows match, all feeds together."""
        with ThreadPoolExecutor(len(feeds)) as pool:
            return sum(pool.map(lambda feed: self._count(feed, wanted), feeds))

    def _read(self, shard: _Shard, limit: int, wanted: Mapping[str, str | None]) -> None:
        size = FILTERED_READ if any(wanted.values()) else limit
        answer = self._client.query(Limit=size, **self._query(shard.feed, shard.position, wanted))
        shard.waiting = answer["Items"]
        shard.read_to = answer["LastEvaluatedKey"]["at"]["S"] if "LastEvaluatedKey" in answer else _END
        if not shard.waiting:
            shard.position = shard.read_to

    def _count(self, feed: str, wanted: Mapping[str, str | None]) -> int:
        total, position = 0, _START
        while position != _END:
            answer = self._client.query(Select="COUNT", **self._query(feed, position, wanted))
            total += answer["Count"]
            position = answer["LastEvaluatedKey"]["at"]["S"] if "LastEvaluatedKey" in answer else _END
        return total

    def _query(self, feed: str, before: str, wanted: Mapping[str, str | None]) -> dict[str, Any]:
        filters = {name: value for name, value in wanted.items() if value}
        values = {":feed": feed, ":before": before, **{f":{name}": value for name, value in filters.items()}}
        extra = {"FilterExpression": " AND ".join(f"{name} = :{name}" for name in filters)} if filters else {}
        return {
            "TableName": self._table,
            "IndexName": "feed",
            "KeyConditionExpression": "feed = :feed AND #at < :before",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
            "ScanIndexForward": False,
            **extra,
        }


def _positions(cursor: str | None, shards: int) -> list[str]:
    if not cursor:
        return [_START] * shards
    try:
        positions = json.loads(cursor)
    except ValueError:
        positions = None
    if (
        not isinstance(positions, list)
        or len(positions) != shards
        or not all(isinstance(p, str) for p in positions)
    ):
        raise Rejected("invalid_cursor", "the cursor is not one of this list")
    return positions
