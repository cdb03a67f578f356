"""The pause of an installation: one row that stops all of its workers, read at most every two seconds by each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CACHED = timedelta(seconds=2)
KEPT = timedelta(days=7)
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Pause:
    """`until` is when requests may go out again; `stood_still` adds up all pauses so far, in seconds."""

    until: datetime | None = None
    stood_still: float = 0.0
    reason: str = ""


@dataclass(slots=True)
class PauseStore:
    """`PAUSE#<installation>` in DeliveriesTable."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]
    _cache: dict[str, tuple[datetime, Pause]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, installation_id: str) -> Pause:
        """The pause as of at most two seconds ago. Raises Retryable."""
        now = self.clock()
        with self._lock:
            kept = self._cache.get(installation_id)
        if kept is not None and abs(now - kept[0]) < CACHED:
            return kept[1]
        try:
            found = self._read(installation_id)
        except (ClientError, BotoCoreError):
            raise Retryable("table_unavailable", "the pauses could not be read now") from None
        return self._keep(installation_id, found, now)

    def pause(self, installation_id: str, until: datetime, reason: str, *, now: datetime) -> None:
        """Stand still until then; a pause that is longer already stays as it is, a shorter one never wins."""
        for _ in range(_ROUNDS):
            before = self._read(installation_id, consistent=True)
            if before.until is not None and before.until >= until:
                self._keep(installation_id, before, now)
                return
            start = max(now, before.until or now)
            pause = Pause(until, before.stood_still + (until - start).total_seconds(), reason)
            if self._write(installation_id, pause, before):
                self._keep(installation_id, pause, now)
                return
        with self._lock:
            self._cache.pop(installation_id, None)

    def _keep(self, installation_id: str, pause: Pause, now: datetime) -> Pause:
        with self._lock:
            self._cache[installation_id] = (now, pause)
        return pause

    def _read(self, installation_id: str, *, consistent: bool = False) -> Pause:
        key = {"pk": {"S": f"PAUSE#{installation_id}"}}
        row = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=consistent).get("Item")
        if row is None:
            return Pause()
        until = datetime.fromtimestamp(int(row["until"]["N"]) / 1000, UTC)
        return Pause(until, float(row["stood_still"]["N"]), row["reason"]["S"])

    def _write(self, installation_id: str, pause: Pause, before: Pause) -> bool:
        """False when another worker wrote in the meantime."""
        until = pause.until or datetime.fromtimestamp(0, UTC)
        item: dict[str, Any] = {
            "pk": {"S": f"PAUSE#{installation_id}"},
            "until": {"N": str(_ms(until))},
            "stood_still": {"N": str(round(pause.stood_still, 3))},
            "reason": {"S": pause.reason},
            "expires_at": {"N": str(int((until + KEPT).timestamp()))},
        }
        known = str(_ms(before.until)) if before.until else "0"
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #until = :before",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":before": {"N": known}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
