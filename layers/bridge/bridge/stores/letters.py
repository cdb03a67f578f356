"""Dead letters: a row each in DeliveriesTable, the body byte for byte in the state bucket; both outlive SQS."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.errors import Rejected, Retryable
from bridge.stores.letter_counts import LetterCounts
from bridge.stores.letter_feed import Days, LetterFeed, Stretch
from bridge.stores.letter_rows import Letter, day_of, feed, group_of, letter, letter_id, place
from bridge.stores.letter_transactions import TOGETHER, Transactions
from mapping.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from mapping.letter import Counted, Wanted

CLAIM_SECONDS = 300
"""A replay that died between its claim and its send can be repeated after this long."""
MOST_AT_ONCE = 100
_WORKERS = 32
_PLACE = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z#ltr_[0-9a-f]{24}")


class LetterStore:
    """Files, lists, counts, claims for replay; thread-safe as its clients are."""

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
        self._counts = LetterCounts(dynamodb, table, clock, days)
        self._transactions = Transactions(dynamodb)

    def file(
        self,
        body: str,
        *,
        queue: str,
        identity: str,
        otherwise: str = "",
        receive_count: int = 0,
        **told: str,
    ) -> bool:
        """Body first, then the row that points to it, counted; False when it was filed before.

        What was filed and has been replayed since is filed anew, as `otherwise`: nobody else would try it again.
        `told` holds `reason`, `outcome`, and, where they are known, `detail`, `integration_id`, `delivery_id` and
        `message_id`. Raises Retryable.
        """
        name = letter_id(queue, identity)
        self._s3.put_object(
            Bucket=self._bucket, Key=_key(name), Body=body.encode(), ContentType="application/octet-stream"
        )
        row = self._row(name, {"queue": queue, **told}, receive_count)
        put = {"TableName": self._table, "Item": row, "ConditionExpression": "attribute_not_exists(pk)"}
        if self._transactions.write([{"Put": put}], lambda _: [self._counts.filed(letter(row))]):
            return True
        known = self.get(name)
        if not otherwise or known is None or known["replayed_at"] is None:
            return False
        return self.file(body, queue=queue, identity=otherwise, receive_count=receive_count, **told)

    def get(self, letter_id: str) -> Letter | None:
        """A letter by its id, replayed or not."""
        return next(iter(self.several([letter_id])), None)

    def several(self, letter_ids: Sequence[str]) -> list[Letter]:
        """Those of these letters that exist, in the order asked for."""
        wanted = [one for one in dict.fromkeys(letter_ids) if one.startswith("ltr_")]
        found: dict[str, Letter] = {}
        for part in batched(wanted, MOST_AT_ONCE, strict=False):
            keys = [{"pk": {"S": one}} for one in part]
            asked: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
            while asked:
                answer = self._dynamodb.batch_get_item(RequestItems=asked)
                found |= {row["pk"]["S"]: letter(row) for row in answer["Responses"].get(self._table, [])}
                asked = answer.get("UnprocessedKeys")
        return [found[one] for one in wanted if one in found]

    def body(self, letter_id: str) -> str:
        """The message as it was received."""
        return self._s3.get_object(Bucket=self._bucket, Key=_key(letter_id))["Body"].read().decode()

    def bodies(self, letter_ids: Sequence[str]) -> list[str | None]:
        """Many bodies at once, in the order asked for; None for one that is past its retention."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            return list(pool.map(self._kept_body, letter_ids))

    def _kept_body(self, letter_id: str) -> str | None:
        try:
            return self.body(letter_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None

    def counted(self) -> list[Counted]:
        """How many there are by day and group, without reading them."""
        return self._counts.read()

    def page(
        self, limit: int, cursor: str | None, wanted: Wanted, *, replayed: bool = False
    ) -> tuple[list[Letter], str | None]:
        """Newest first. Raises Rejected("invalid_cursor")."""
        if cursor and not _PLACE.fullmatch(cursor):
            raise Rejected("invalid_cursor", "the cursor is not one of this list")
        days = self._days(wanted, replayed=replayed, last=cursor or "~")
        rows, following = self._feed.page(days, limit, Stretch("", cursor or "~"))
        return [letter(row) for row in rows], following

    def oldest(
        self, limit: int, wanted: Wanted, *, after: str, until: str
    ) -> tuple[list[Letter], str | None]:
        """Open letters filed until then, oldest first, from behind the place `after` on."""
        days = self._days(wanted, replayed=False, first=after[:10], last=f"{until}~")
        in_order = dict(sorted(days.items()))
        rows, following = self._feed.page(in_order, limit, Stretch(after, f"{until}~", oldest_first=True))
        return [letter(row) for row in rows], following

    def claim(self, letters: Sequence[Letter], owner: str) -> list[Letter]:
        """Take letters for replay: not one that is replayed, or being replayed by another owner, or not to be had now.

        What this owner had claimed before it was killed is its own again.
        """
        now = int(self._clock().timestamp())
        values = {
            ":until": {"N": str(now + CLAIM_SECONDS)},
            ":now": {"N": str(now)},
            ":owner": {"S": owner},
        }
        free = "attribute_not_exists(claimed_until) OR claimed_until < :now OR claimed_by = :owner"
        condition = f"attribute_exists(pk) AND attribute_not_exists(replayed_at) AND ({free})"
        change = "SET claimed_until = :until, claimed_by = :owner"
        taken: list[Letter] = []
        for part in self._parts(letters):
            try:
                taken += self._take(part, change, condition, values)
            except Retryable:
                continue
        return taken

    def release(self, letters: Sequence[Letter]) -> None:
        """Give claimed letters back: their send failed. A claim that cannot be taken back now runs out by itself."""
        for part in self._parts(letters):
            try:
                self._take(part, "REMOVE claimed_until, claimed_by", "attribute_exists(pk)", {})
            except Retryable:
                continue

    def mark_replayed(self, letters: Sequence[Letter]) -> list[str]:
        """Move letters that were sent again out of the open feeds; those for which it failed stay claimed."""
        unmarked: list[str] = []
        for part in self._parts(letters):
            try:
                self._mark(part)
            except Retryable:
                unmarked += [one["id"] for one in part]
        return unmarked

    def _mark(self, part: Sequence[Letter]) -> None:
        at = iso(self._clock())
        updates = [
            self._update(
                one,
                "SET feed = :feed, replayed_at = :at REMOVE claimed_until, claimed_by",
                "attribute_exists(pk) AND attribute_not_exists(replayed_at)",
                {":feed": {"S": feed(day_of(one), group_of(one), replayed=True)}, ":at": {"S": at}},
            )
            for one in part
        ]
        self._transactions.write(
            updates, lambda positions: self._counts.replayed([part[index] for index in positions])
        )

    def _take(
        self, part: Sequence[Letter], change: str, condition: str, values: dict[str, Any]
    ) -> list[Letter]:
        updates = [self._update(one, change, condition, values) for one in part]
        return [part[index] for index in self._transactions.write(updates)]

    def _update(self, one: Letter, change: str, condition: str, values: dict[str, Any]) -> dict[str, Any]:
        extra: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        told = {"UpdateExpression": change, "ConditionExpression": condition, **extra}
        return {"Update": {"TableName": self._table, "Key": {"pk": {"S": one["id"]}}, **told}}

    @staticmethod
    def _parts(letters: Sequence[Letter]) -> list[list[Letter]]:
        each = list({one["id"]: one for one in letters}.values())
        return [list(part) for part in batched(each, TOGETHER, strict=False)]

    def _days(self, wanted: Wanted, *, replayed: bool, first: str = "", last: str = "~") -> Days:
        """Feeds that hold something, newest day first."""
        days: dict[str, list[str]] = {}
        for one in self._counts.read():
            there = one.replayed if replayed else one.open
            if there > 0 and wanted.has(one.group) and first <= one.day <= last:
                days.setdefault(one.day, []).append(feed(one.day, one.group, replayed=replayed))
        return days

    def _row(self, name: str, told: dict[str, str], receive_count: int) -> dict[str, Any]:
        now = self._clock()
        row: dict[str, Any] = {
            "pk": {"S": name},
            "receive_count": {"N": str(receive_count)},
            "expires_at": {"N": str(int((now + self._kept).timestamp()))},
            "at": {"S": iso(now)},
            **{field: {"S": value} for field, value in told.items() if value},
        }
        shown = letter(row)
        row["feed"] = {"S": feed(day_of(shown), group_of(shown))}
        row["at"] = {"S": place(shown)}
        return row


def _key(letter_id: str) -> str:
    return f"letters/{letter_id}.json"
