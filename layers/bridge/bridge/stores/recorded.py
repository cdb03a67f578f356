"""Rows of live events for what was never planned: filtered and rejected events, as ingest leaves them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable
from bridge.stores import delivery_rows as rows
from bridge.stores.delivery_changes import fitting
from bridge.stores.feed_hours import FeedHours
from bridge.stores.stages import StageStore
from mapping.times import iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LINE = ("message_id", "type", "name", "user", "reason")
_LONGEST_REASON = 1_000


@dataclass(frozen=True, slots=True)
class RecordedStore:
    """A row of DeliveriesTable that nobody delivers, and its one stage that exists: the input."""

    client: "DynamoDBClient"
    table: str
    stages: StageStore
    retention: timedelta = rows.RETENTION
    hours: FeedHours = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105 (what is known of the hours lives as long as the store)
        object.__setattr__(self, "hours", FeedHours(self.client, self.table, self.retention))

    def record(
        self,
        delivery_id: str,
        integration_id: str | None,
        status: Literal["filtered", "rejected"],
        items: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> None:
        """Raises Retryable; the same id writes the same row again."""
        ends = [
            {"outcome": item["outcome"], "reason": item["reason"], "detail": item["detail"]} for item in items
        ]
        kept = {
            "input": [item["event"] for item in items],
            "mapped": None,
            "request": None,
            "response": None,
            "outcomes": ends,
        }
        key = self.stages.put(delivery_id, kept, now=now)
        item = self._row(delivery_id, status, items, now)
        item |= {"integration_id": {"S": integration_id}} if integration_id else {}
        item |= {"stages": {"S": key}} if key else {}
        try:
            self.hours.mark(item["at"]["S"])
            self.client.put_item(TableName=self.table, Item=item)
        except (ClientError, BotoCoreError):
            raise Retryable("table_unavailable", "the outcome could not be recorded") from None

    def _row(
        self, delivery_id: str, status: str, items: Sequence[Mapping[str, Any]], now: datetime
    ) -> rows.Item:
        at = iso(now)
        # Whoever has a browser's key says how long names are: a row that does not fit would come back for ever.
        lines, cut = fitting([{name: item[name] for name in _LINE} for item in items])
        reasons = Counter(item["reason"] for item in items)
        return {
            "pk": {"S": delivery_id},
            "feed": {"S": rows.feed(at, delivery_id)},
            "at": {"S": at},
            "kind": {"S": "events"},
            "status": {"S": status},
            "attempt": {"N": "0"},
            "version": {"N": "1"},
            "reason": {"S": ", ".join(sorted(reasons))[:_LONGEST_REASON]},
            "counts": {"M": {status: {"N": str(len(items))}}},
            "events": {"S": lines},
            "events_cut": {"N": str(cut)},
            "correlation_ids": rows.texts(dict.fromkeys(item["correlation_id"] for item in items)),
            "expires_at": {"N": str(int((now + self.retention).timestamp()))},
        }
