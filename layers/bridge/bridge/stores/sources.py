"""Sources and their write keys: the key is shown once, its SHA-256 is what is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    type Item = dict[str, AttributeValueTypeDef]

SHOWN_CHARS = 12
"""Of a write key in lists: `dk_live_` and the first four of its own."""

UNKNOWN_SECONDS = 5
REMEMBERED = 2_000
"""Keys kept in memory at most: a stream of wrong ones cannot fill it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where events come from; a `browser` key is public, `test` events reach only installations that ask."""

    id: str
    name: str
    kind: Literal["browser", "server"]
    test: bool
    enabled: bool
    key_prefix: str
    created_at: str
    digest: str


class RecentLookups[T]:
    """Answers of a table by key: found ones stay `ttl_seconds`, absent ones a few, the oldest make room."""

    def __init__(self, clock: Callable[[], datetime], ttl_seconds: float) -> None:
        self._clock = clock
        self._ttl = timedelta(seconds=ttl_seconds)
        self._kept: OrderedDict[str, tuple[datetime, T | None]] = OrderedDict()

    def get(self, key: str, ask: Callable[[str], T | None]) -> T | None:
        """The kept answer while it is fresh, else what `ask` says now."""
        now = self._clock()
        kept = self._kept.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        found = ask(key)
        absent = min(self._ttl, timedelta(seconds=UNKNOWN_SECONDS))
        self._kept[key] = (now + (absent if found is None else self._ttl), found)
        self._kept.move_to_end(key)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return found

    def forget(self) -> None:
        self._kept.clear()


class SourceStore:
    """Rows `SOURCE/<id>` and `WRITE_KEY/<sha256>`, written and deleted together."""

    def __init__(
        self, client: DynamoDBClient, table: str, clock: Callable[[], datetime], ttl_seconds: float = 60
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._recent = RecentLookups[Source](clock, ttl_seconds)

    def by_write_key(self, write_key: str) -> Source | None:
        """The source of this key, up to `ttl_seconds` old; None for a key nobody has."""
        return self._recent.get(digest_of(write_key), lambda digest: self._read("WRITE_KEY", digest))

    def get(self, source_id: str) -> Source | None:
        return self._read("SOURCE", source_id)

    def list(self) -> tuple[Source, ...]:
        """Every source, oldest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "SOURCE"}},
            ConsistentRead=True,
        )
        found = [_source(item) for page in pages for item in page["Items"]]
        return tuple(sorted(found, key=lambda source: (source.created_at, source.id)))

    def create(
        self, name: str, kind: Literal["browser", "server"], *, test: bool = False
    ) -> tuple[Source, str]:
        """The new source and its write key, which cannot be read again."""
        key = f"dk_{'test' if test else 'live'}_{secrets.token_hex(16)}"
        now = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        source = Source(
            id=f"src_{secrets.token_hex(12)}",
            name=name,
            kind=kind,
            test=test,
            enabled=True,
            key_prefix=key[:SHOWN_CHARS],
            created_at=now,
            digest=digest_of(key),
        )
        self._write(source)
        return source, key

    def set_enabled(self, source_id: str, enabled: bool) -> Source | None:  # noqa: FBT001 - it is the value
        """Switch a source on or off; other workers notice within `ttl_seconds`."""
        source = self.get(source_id)
        if source is None:
            return None
        changed = replace(source, enabled=enabled)
        self._write(changed)
        return changed

    def delete(self, source_id: str) -> bool:
        """Whether there was one; its key is refused within `ttl_seconds`."""
        source = self.get(source_id)
        if source is None:
            return False
        keys = (("SOURCE", source.id), ("WRITE_KEY", source.digest))
        self._client.transact_write_items(
            TransactItems=[
                {"Delete": {"TableName": self._table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}
                for pk, sk in keys
            ]
        )
        self._recent.forget()
        return True

    def _write(self, source: Source) -> None:
        keys = (("SOURCE", source.id), ("WRITE_KEY", source.digest))
        self._client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": self._table, "Item": _item(pk, sk, source)}} for pk, sk in keys
            ]
        )
        self._recent.forget()

    def _read(self, pk: str, sk: str) -> Source | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        except (ClientError, BotoCoreError):
            raise Retryable("table_unavailable", "the source could not be looked up") from None
        return _source(answer["Item"]) if "Item" in answer else None


def digest_of(key: str) -> str:
    """SHA-256 in hex, as `flows.authorize.token_digest` makes it."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _item(pk: str, sk: str, source: Source) -> Item:
    return {
        "pk": {"S": pk},
        "sk": {"S": sk},
        "id": {"S": source.id},
        "name": {"S": source.name},
        "kind": {"S": source.kind},
        "test": {"BOOL": source.test},
        "enabled": {"BOOL": source.enabled},
        "key_prefix": {"S": source.key_prefix},
        "created_at": {"S": source.created_at},
        "digest": {"S": source.digest},
    }


def _source(item: Item) -> Source:
    return Source(
        id=item["id"]["S"],
        name=item["name"]["S"],
        kind="browser" if item["kind"]["S"] == "browser" else "server",
        test=item["test"]["BOOL"],
        enabled=item["enabled"]["BOOL"],
        key_prefix=item["key_prefix"]["S"],
        created_at=item["created_at"]["S"],
        digest=item["digest"]["S"],
    )
