"""Replays of many letters, in DeliveriesTable: a row each, its counts added to, one worker at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.stores.worker_lease import FREE, moment
from mapping.letter import ReplayJob
from mapping.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=90)
"""Longer than any letter by default, so that what began by itself does not begin again."""
LEASE = timedelta(seconds=75)
"""Longer than a worker lives (60 s) since its last note, so that two never work on one replay."""

_TEXTS = ("waits_for", "position", "not_before")
_NUMBERS = ("failed", "passes", "stuck")


class ReplayStore:
    """`rpl_<id>` with feed `REPLAY#open` or `REPLAY#ended`; a row holds the job as it was asked for, and its state."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def create(self, job: ReplayJob) -> bool:
        """False when there is one of this id, ended or not."""
        item = {
            "pk": {"S": job.id},
            "feed": {"S": "REPLAY#open"},
            "at": {"S": f"{job.created_at}#{job.id}"},
            "job": {"S": job.model_dump_json()},
            "status": {"S": job.status},
            "expires_at": {"N": str(int((self._clock() + KEPT).timestamp()))},
        }
        return self._wrote("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)") is not None

    def get(self, replay_id: str) -> ReplayJob | None:
        """Read consistently."""
        if not replay_id.startswith("rpl_"):
            return None
        key = {"pk": {"S": replay_id}}
        found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return _job(found) if found else None

    def open(self) -> list[ReplayJob]:
        """Those that have not ended, oldest first."""
        answer = self._query("REPLAY#open", limit=100, before="~", forward=True)
        return [_job(item) for item in answer]

    def ended(self, limit: int, before: str | None) -> tuple[list[ReplayJob], str | None]:
        """Those that ended, newest first, and the place behind which the rest lies."""
        found = self._query("REPLAY#ended", limit=limit + 1, before=before or "~", forward=False)
        more = found[limit - 1]["at"]["S"] if len(found) > limit else None
        return [_job(item) for item in found[:limit]], more

    def hold(self, replay_id: str, owner: str) -> ReplayJob | None:
        """Take it for this worker, as it stands now; None when another has it or it has ended."""
        now = self._clock()
        found = self._wrote(
            "update_item",
            Key={"pk": {"S": replay_id}},
            UpdateExpression="SET worker = :me, worker_until = :until",
            ConditionExpression=f"#status = :open AND {FREE}",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":me": {"S": owner},
                ":until": moment(now + LEASE),
                ":now": moment(now),
                ":open": {"S": "replaying"},
            },
            ReturnValues="ALL_NEW",
        )
        return _job(found["Attributes"]) if found else None

    def note(self, job: ReplayJob, owner: str, *, replayed: int = 0, ended: bool = False) -> ReplayJob | None:
        """Count what was sent, and write where it stands; None when another worker has it.

        What was sent is counted also after it was cancelled: the answer then says `cancelled`.
        """
        texts = {name: {"S": getattr(job, name)} for name in _TEXTS}
        numbers = {name: {"N": str(getattr(job, name))} for name in _NUMBERS}
        sets = ", ".join(f"#{name} = :{name}" for name in (*_TEXTS, *_NUMBERS))
        noted = self._wrote(
            "update_item",
            Key={"pk": {"S": job.id}},
            UpdateExpression=f"SET {sets}, worker_until = :lease ADD replayed :sent",
            ConditionExpression="worker = :me",
            ExpressionAttributeNames={f"#{name}": name for name in (*_TEXTS, *_NUMBERS)},
            ExpressionAttributeValues={
                **{f":{name}": value for name, value in (texts | numbers).items()},
                ":sent": {"N": str(replayed)},
                ":me": {"S": owner},
                ":lease": moment(self._clock() + LEASE),
            },
            ReturnValues="ALL_NEW",
        )
        if noted is None:
            return None
        kept = _job(noted["Attributes"])
        if ended and kept.status == "replaying":
            return self.end(job.id, "done") or self.get(job.id)
        return kept

    def let_go(self, replay_id: str, owner: str) -> None:
        """Give it back for the next worker."""
        self._wrote(
            "update_item",
            Key={"pk": {"S": replay_id}},
            UpdateExpression="REMOVE worker, worker_until",
            ConditionExpression="worker = :me",
            ExpressionAttributeValues={":me": {"S": owner}},
        )

    def end(self, replay_id: str, status: str) -> ReplayJob | None:
        """`done` or `cancelled`; None when it had ended before or does not exist."""
        found = self._wrote(
            "update_item",
            Key={"pk": {"S": replay_id}},
            UpdateExpression="SET #status = :status, feed = :feed, ended_at = :at",
            ConditionExpression="#status = :open",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":status": {"S": status},
                ":feed": {"S": "REPLAY#ended"},
                ":at": {"S": iso(self._clock())},
                ":open": {"S": "replaying"},
            },
            ReturnValues="ALL_NEW",
        )
        return _job(found["Attributes"]) if found else None

    def _query(self, feed: str, *, limit: int, before: str, forward: bool) -> list[dict[str, Any]]:
        return self._client.query(
            TableName=self._table,
            IndexName="feed",
            KeyConditionExpression="feed = :feed AND #at < :before",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":feed": {"S": feed}, ":before": {"S": before}},
            ScanIndexForward=forward,
            Limit=limit,
        )["Items"]

    def _wrote(self, call: str, **arguments: Any) -> dict[str, Any] | None:
        """None when the condition did not hold."""
        try:
            answer: dict[str, Any] = getattr(self._client, call)(TableName=self._table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return answer


def _job(item: dict[str, Any]) -> ReplayJob:
    texts = {name: item[name]["S"] for name in ("status", "ended_at", *_TEXTS) if name in item}
    numbers = {name: int(item[name]["N"]) for name in ("replayed", *_NUMBERS) if name in item}
    asked = ReplayJob.model_validate_json(item["job"]["S"]).model_dump()
    return ReplayJob.model_validate({**asked, **texts, **numbers})
