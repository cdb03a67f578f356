"""Erasures under way, in RunsTable: whom they are about is a digest, the identifiers travel in the message alone."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.errors import Retryable
from bridge.stores.worker_lease import FREE, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class ErasureStore:
    """`<era_ id>/ERASURE`: a job as JSON, its status, and the worker that holds it; kept for `days`."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]
    days: int = 90

    def ask(self, job_id: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields of the job under way, else these, as of a new one. Raises Retryable."""
        until = int((self.clock() + timedelta(days=self.days)).timestamp())
        item = {**key(job_id), **_item(fields), "expires_at": {"N": str(until)}}
        condition = "attribute_not_exists(pk) OR #status = :done"
        if self._put(item, condition):
            return fields
        kept = self.get(job_id)
        if kept is None:
            raise Retryable("erasure_vanished", "the erasure expired while it was asked for")
        return kept

    def get(self, job_id: str) -> Mapping[str, Any] | None:
        """Read consistently."""
        found = self.client.get_item(TableName=self.table, Key=key(job_id), ConsistentRead=True).get("Item")
        return json.loads(found["job"]["S"]) if found else None

    def hold(self, job_id: str, owner: str, seconds: int) -> bool:
        """Take or extend the worker lease; False when another worker has it or there is no such job."""
        now = self.clock()
        return self._update(
            job_id,
            "SET worker = :me, worker_until = :until",
            f"attribute_exists(pk) AND {FREE}",
            {":me": {"S": owner}, ":until": moment(now + timedelta(seconds=seconds)), ":now": moment(now)},
        )

    def save(self, job_id: str, fields: Mapping[str, Any], owner: str) -> bool:
        """False when another worker has it."""
        values = _item(fields)
        return self._update(
            job_id,
            "SET job = :job, #status = :status",
            "worker = :me",
            {":me": {"S": owner}, ":job": values["job"], ":status": values["status"]},
            {"#status": "status"},
        )

    def let_go(self, job_id: str, owner: str) -> None:
        """Give the worker lease back."""
        self._update(job_id, "REMOVE worker, worker_until", "worker = :me", {":me": {"S": owner}})

    def _put(self, item: Any, condition: str) -> bool:
        return self._changed(
            "put_item",
            Item=item,
            ConditionExpression=condition,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":done": {"S": "done"}},
        )

    def _update(
        self,
        job_id: str,
        expression: str,
        condition: str,
        values: Any,
        names: Mapping[str, str] | None = None,
    ) -> bool:
        return self._changed(
            "update_item",
            Key=key(job_id),
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )

    def _changed(self, call: str, **arguments: Any) -> bool:
        try:
            getattr(self.client, call)(TableName=self.table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True


def key(job_id: str) -> Any:
    """Where a job lies."""
    return {"pk": {"S": job_id}, "sk": {"S": "ERASURE"}}


def _item(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"job": {"S": json.dumps(fields)}, "status": {"S": fields["status"]}}
