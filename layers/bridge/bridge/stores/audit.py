"""Who asked for which change and what came of it: one entry each, kept 400 days, newest first."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Rejected, Retryable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=400)

Entry = dict[str, Any]
"""As `bridge.flows.admin.audit` makes it; `id` and `timestamp` are what this store reads."""


class AuditStore:
    """Rows `AUDIT#<yyyy-mm>/<timestamp>#<id>`; a cursor is the last key given out."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def put(self, entry: Entry) -> None:
        """`timestamp` (ISO 8601, UTC) and `id` order the entries and tell them apart. Raises Retryable."""
        month, key = entry["timestamp"][:7], f"{entry['timestamp']}#{entry['id']}"
        item = {
            "pk": {"S": f"AUDIT#{month}"},
            "sk": {"S": key},
            "document": {"S": json.dumps(entry)},
            "expires_at": {"N": str(int((self._clock() + KEPT).timestamp()))},
        }
        try:
            self._client.put_item(TableName=self._table, Item=item)
        except (ClientError, BotoCoreError):
            raise Retryable("audit_unavailable", "the audit entry could not be written") from None

    def page(self, limit: int, cursor: str | None = None) -> tuple[list[Entry], str | None]:
        """Up to `limit` entries older than `cursor`, and the cursor of the next page or None."""
        found: list[tuple[str, Entry]] = []
        for month in self._months(cursor):
            found += self._in_month(month, limit + 1 - len(found), cursor)
            if len(found) > limit:
                return [entry for _, entry in found[:limit]], found[limit - 1][0]
        return [entry for _, entry in found], None

    def _months(self, cursor: str | None) -> Iterator[str]:
        if cursor and not re.match(r"20\d\d-(0[1-9]|1[0-2])-", cursor):
            raise Rejected("invalid_cursor", "the cursor is not one of this list")
        now = self._clock()
        month, oldest = (cursor or now.isoformat())[:7], (now - KEPT).isoformat()[:7]
        while month >= oldest:
            yield month
            month = (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat()[:7]

    def _in_month(self, month: str, limit: int, cursor: str | None) -> list[tuple[str, Entry]]:
        try:
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk < :before",
                ExpressionAttributeValues={":pk": {"S": f"AUDIT#{month}"}, ":before": {"S": cursor or "~"}},
                ScanIndexForward=False,
                Limit=limit,
            )
        except (ClientError, BotoCoreError):
            raise Retryable("audit_unavailable", "the audit log could not be read") from None
        return [(item["sk"]["S"], json.loads(item["document"]["S"])) for item in answer["Items"]]
