"""Delivery rows: who works on a delivery, how often it went out, which of its items are finished."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable
from bridge.stores import delivery_changes as changes
from bridge.stores import delivery_rows as rows
from bridge.stores.delivery_feed import DeliveryFeed
from bridge.stores.delivery_rows import Begin
from bridge.stores.feed_hours import FeedHours
from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class DeliveryStore:
    """One row per delivery in DeliveriesTable, kept for `retention`; every write is fenced by the row's version."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]
    retention: timedelta = rows.RETENTION
    hours: FeedHours = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105 (what is known of the hours lives as long as the store)
        object.__setattr__(self, "hours", FeedHours(self.client, self.table, self.retention))

    def begin(
        self, message: DeliveryMessage, *, now: datetime, lease_until: datetime, stood_still: float = 0.0
    ) -> Begin:
        """Take the delivery until `lease_until`, or say why not; `stood_still` is the installation's total pause.

        Raises Retryable when the table does not answer now.
        """
        try:
            return self._begin(message, now, lease_until, stood_still)
        except (ClientError, BotoCoreError):
            raise Retryable("table_unavailable", "the delivery could not be taken now") from None

    def _begin(
        self, message: DeliveryMessage, now: datetime, lease_until: datetime, stood_still: float
    ) -> Begin:
        found = self._create(rows.fresh(message, now, lease_until, self.retention))
        while found is not None:
            begin = rows.judge(found, message.replay_of, now, stood_still)
            if begin.verdict in rows.HANDS_OFF:
                return begin
            change = changes.taken(begin, message.replay_of, lease_until)
            if self._update(message.delivery_id, begin.version, change) is not None:
                return begin.next_version()
            found = self._read(message.delivery_id)
        return Begin("started", version=1)

    def record_sent(
        self,
        delivery_id: str,
        version: int,
        *,
        now: datetime,
        lease_until: datetime,
        finished: Mapping[int, ItemOutcome],
        counts: bool,
        stood_still: float = 0.0,
    ) -> Begin | None:
        """A request goes out now: from here on a crash leaves it unknown. None when another worker has the row."""
        change = changes.sent(now, lease_until, finished, counts=counts, stood_still=stood_still)
        found = self._update(delivery_id, version, change, told="ALL_NEW")
        return rows.begin_of(found, "started") if found is not None else None

    def finish(self, delivery_id: str, version: int, record: Mapping[str, Any], *, now: datetime) -> bool:
        """Write what became of it and give the lease back; False when another worker has the row."""
        return self._update(delivery_id, version, changes.outcome(record, now, self.retention)) is not None

    def get(self, delivery_id: str) -> dict[str, Any] | None:
        """A delivery as Live Events shows it, with `stages` as the key of its stages."""
        found = self._read(delivery_id) if delivery_id.startswith("dlv_") else None
        return rows.shown(found) if found else None

    def page(
        self,
        limit: int,
        cursor: str | None = None,
        *,
        integration_id: str | None = None,
        status: str | None = None,
        kind: str | None = None,
        type: str | None = None,  # noqa: A002 - the event's own word
        name: str | None = None,
        user: str | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Newest first; a page is full unless a filter matches little. Raises Rejected("invalid_cursor")."""
        wanted = {"integration_id": integration_id, "status": status, "kind": kind}
        feed = DeliveryFeed(self.client, self.table, self.hours)
        found, following = feed.page(limit, cursor, wanted, self.clock(), _in_the_row(type, name, user))
        return [rows.shown(item) for item in found], following

    def _create(self, item: rows.Item) -> rows.Item | None:
        """None when the row was made, else the row that was there."""
        self.hours.mark(item["at"]["S"])
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not _refused(error):
                raise
            return error.response.get("Item") or self._read(item["pk"]["S"]) or None  # type: ignore[return-value]
        return None

    def _read(self, delivery_id: str) -> rows.Item | None:
        key = {"pk": {"S": delivery_id}}
        return self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")

    def _update(
        self,
        delivery_id: str,
        version: int,
        change: changes.Change,
        told: Literal["NONE", "ALL_NEW"] = "NONE",
    ) -> rows.Item | None:
        """The row where it is asked for, else nothing of it; None when another worker has it."""
        try:
            answer = self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": delivery_id}},
                UpdateExpression=change.expression,
                ConditionExpression="#version = :version",
                ExpressionAttributeNames={**change.names, "#version": "version"},
                ExpressionAttributeValues={
                    **change.values,
                    ":version": {"N": str(version)},
                    ":one": {"N": "1"},
                },
                ReturnValues=told,
            )
        except ClientError as error:
            if not _refused(error):
                raise
            return None
        return answer.get("Attributes", {})


def _in_the_row(type: str | None, name: str | None, user: str | None) -> list[str]:  # noqa: A002 - as above
    """What the row's compact JSON of its events holds when one of them is of that type, or begins that way."""
    whole = [f'"type":{json.dumps(type)}'] if type else []
    begun = {"name": name, "user": user}
    return whole + [f'"{field}":{json.dumps(text)[:-1]}' for field, text in begun.items() if text]


def _refused(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"
