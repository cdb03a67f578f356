"""Dead letters: a row each in DeliveriesTable, the body byte for byte in the state bucket.

An open letter stands in one of the feeds `LETTER#0..3`, a replayed one in `REPLAYED#0..3`, so that what still
waits is found without reading what is done. Rows and bodies outlive SQS.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.stores.letter_feed import FeedPage, LetterFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

CLAIM_SECONDS = 300
"""A replay that died between its claim and its send can be repeated after this long."""
SHARDS = 4
_WORKERS = 32


Letter = dict[str, Any]
"""`id, queue, reason, detail, integration_id, delivery_id, receive_count, at, replayed_at`, as shown."""


def letter_id(queue: str, message_id: str) -> str:
    """The same message filed twice has the same id."""
    return "ltr_" + hashlib.sha256(f"{queue}/{message_id}".encode()).hexdigest()[:24]


class LetterStore:
    """Files, lists, claims for replay; thread-safe as its clients are."""

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        table: str,
        s3: S3Client,
        bucket: str,
        clock: Callable[[], datetime],
        days: int = 30,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._s3 = s3
        self._bucket = bucket
        self._clock = clock
        self._kept = timedelta(days=days)
        self._feed = LetterFeed(dynamodb, table)

    def file(
        self,
        body: str,
        *,
        queue: str,
        message_id: str,
        reason: str,
        detail: str = "",
        integration_id: str = "",
        delivery_id: str = "",
        receive_count: int = 0,
    ) -> bool:
        """Body first, then the row that points to it; False when it was filed before."""
        letter = letter_id(queue, message_id)
        text = {
            "queue": queue,
            "reason": reason,
            "detail": detail,
            "integration_id": integration_id,
            "delivery_id": delivery_id,
        }
        self._s3.put_object(
            Bucket=self._bucket, Key=_key(letter), Body=body.encode(), ContentType="application/octet-stream"
        )
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=self._row(letter, text, receive_count),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if _refused(error):
                return False
            raise
        return True

    def get(self, letter_id: str) -> Letter | None:
        """A letter by its id, replayed or not."""
        if not letter_id.startswith("ltr_"):
            return None
        key = {"pk": {"S": letter_id}}
        found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return _letter(found["Item"]) if "Item" in found else None

    def body(self, letter_id: str) -> str:
        """The message as it was received."""
        return self._s3.get_object(Bucket=self._bucket, Key=_key(letter_id))["Body"].read().decode()

    def bodies(self, letter_ids: Sequence[str]) -> list[str]:
        """Many bodies at once, in the order asked for."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            return list(pool.map(self.body, letter_ids))

    def page(
        self,
        limit: int,
        cursor: str | None = None,
        *,
        reason: str | None = None,
        integration_id: str | None = None,
        replayed: bool = False,
    ) -> tuple[list[Letter], str | None]:
        """Newest first; a page that was filtered may be short and still have a next one."""
        found: FeedPage = self._feed.page(
            _feeds(replayed=replayed), limit, cursor, {"reason": reason, "integration_id": integration_id}
        )
        return [_letter(item) for item in found.items], found.cursor

    def count(self, *, reason: str | None = None, integration_id: str | None = None) -> int:
        """How many open letters match."""
        wanted = {"reason": reason, "integration_id": integration_id}
        return self._feed.count(_feeds(replayed=False), wanted)

    def claim(self, letter_ids: Sequence[str]) -> list[Letter]:
        """Take letters for replay; one that is replayed, or being replayed by another call, is not given."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            return list(chain.from_iterable(pool.map(self._claim, dict.fromkeys(letter_ids))))

    def release(self, letter_ids: Sequence[str]) -> None:
        """Give claimed letters back: their send failed. A claim that cannot be taken back now runs out by itself."""
        self._every(letter_ids, lambda one: self._update(one, "REMOVE claimed_until", {}))

    def mark_replayed(self, letter_ids: Sequence[str]) -> list[str]:
        """Move letters that were sent again out of the open feeds; those for which it failed stay claimed."""
        return self._every(letter_ids, self._mark_replayed)

    def _every(self, letter_ids: Sequence[str], change: Callable[[str], None]) -> list[str]:
        """The letters whose change the table did not take: one that fails leaves its neighbours alone."""

        def done(letter_id: str) -> bool:
            try:
                change(letter_id)
            except (ClientError, BotoCoreError):
                return False
            return True

        with ThreadPoolExecutor(_WORKERS) as pool:
            took = pool.map(done, letter_ids)
            return [one for one, taken in zip(letter_ids, took, strict=True) if not taken]

    def _claim(self, letter_id: str) -> list[Letter]:
        now = int(self._clock().timestamp())
        try:
            found = self._dynamodb.update_item(
                TableName=self._table,
                Key={"pk": {"S": letter_id}},
                UpdateExpression="SET claimed_until = :until",
                ConditionExpression="begins_with(pk, :letter) AND attribute_not_exists(replayed_at) "
                "AND (attribute_not_exists(claimed_until) OR claimed_until < :now)",
                ExpressionAttributeValues={
                    ":letter": {"S": "ltr_"},
                    ":until": {"N": str(now + CLAIM_SECONDS)},
                    ":now": {"N": str(now)},
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if _refused(error):
                return []
            raise
        return [_letter(found["Attributes"])]

    def _mark_replayed(self, letter_id: str) -> None:
        change = "SET feed = :feed, replayed_at = :at REMOVE claimed_until"
        values = {":feed": {"S": f"REPLAYED#{_shard(letter_id)}"}, ":at": {"S": _iso(self._clock())}}
        self._update(letter_id, change, values)

    def _update(self, letter_id: str, change: str, values: dict[str, Any]) -> None:
        extra: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        self._dynamodb.update_item(
            TableName=self._table, Key={"pk": {"S": letter_id}}, UpdateExpression=change, **extra
        )

    def _row(self, letter: str, text: dict[str, str], receive_count: int) -> dict[str, Any]:
        now = self._clock()
        return {
            "pk": {"S": letter},
            "feed": {"S": f"LETTER#{_shard(letter)}"},
            # The id makes the sort key unique, so that a cursor falls between two letters, never on both.
            "at": {"S": f"{_iso(now)}#{letter}"},
            "receive_count": {"N": str(receive_count)},
            "expires_at": {"N": str(int((now + self._kept).timestamp()))},
            **{name: {"S": value} for name, value in text.items() if value},
        }


def _letter(item: dict[str, Any]) -> Letter:
    text = {name: value["S"] for name, value in item.items() if "S" in value}
    return {
        "id": text["pk"],
        "queue": text["queue"],
        "reason": text["reason"],
        "detail": text.get("detail", ""),
        "integration_id": text.get("integration_id"),
        "delivery_id": text.get("delivery_id"),
        "receive_count": int(item["receive_count"]["N"]),
        "at": text["at"].partition("#")[0],
        "replayed_at": text.get("replayed_at"),
    }


def _feeds(*, replayed: bool) -> list[str]:
    return [f"{'REPLAYED' if replayed else 'LETTER'}#{shard}" for shard in range(SHARDS)]


def _shard(letter_id: str) -> int:
    return int(letter_id[-1], 16) % SHARDS


def _key(letter_id: str) -> str:
    return f"letters/{letter_id}.json"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _refused(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"
