"""Parts of runs in RunsTable: who has one, what is known of its lines, whether it is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from bridge.stores.worker_lease import FREE, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class PartRow(NamedTuple):
    """A part as a worker finds it: `mine` when it holds the lease now."""

    done: bool
    mine: bool
    ledger: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class PartRows:
    """`<run_id>/PART#00001` in RunsTable."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]
    days: int = 90

    def lease(self, run_id: str, part: int, owner: str, seconds: int) -> PartRow:
        """Take a part that is neither done nor another worker's; `tries` counts it until something is written down."""
        now = self.clock()
        try:
            found = self.client.update_item(
                TableName=self.table,
                Key=_key(run_id, part),
                UpdateExpression="SET worker = :me, worker_until = :until, expires_at = :expires ADD tries :one",
                ConditionExpression=f"attribute_not_exists(done) AND {FREE}",
                ExpressionAttributeValues={
                    ":me": {"S": owner},
                    ":until": moment(now + timedelta(seconds=seconds)),
                    ":now": moment(now),
                    ":one": {"N": "1"},
                    ":expires": {"N": str(int((now + timedelta(days=self.days)).timestamp()))},
                },
                ReturnValues="ALL_NEW",
            )["Attributes"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            kept = self.client.get_item(TableName=self.table, Key=_key(run_id, part), ConsistentRead=True)
            return PartRow(done="done" in kept.get("Item", {}), mine=False)
        ledger = found["ledger"]["S"] if "ledger" in found else ""
        return PartRow(done=False, mine=True, ledger=ledger, tries=int(found["tries"]["N"]))

    def ledgers(self, run_id: str) -> Mapping[int, str]:
        """The checkpoints of all parts that have one."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :run AND begins_with(sk, :part)",
            ExpressionAttributeValues={":run": {"S": run_id}, ":part": {"S": "PART#"}},
            ConsistentRead=True,
        )
        return {
            int(item["sk"]["S"].removeprefix("PART#")): item["ledger"]["S"]
            for page in pages
            for item in page["Items"]
            if "ledger" in item
        }

    def states(self, run_id: str) -> list[tuple[int, str, bool, bool]]:
        """Parts somebody has begun, in order: number, checkpoint, done, and whether a worker has it now."""
        now = self.clock().timestamp() * 1000
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :run AND begins_with(sk, :part)",
            ExpressionAttributeValues={":run": {"S": run_id}, ":part": {"S": "PART#"}},
        )
        return [
            (
                int(item["sk"]["S"].removeprefix("PART#")),
                item["ledger"]["S"] if "ledger" in item else "",
                "done" in item,
                "worker_until" in item and int(item["worker_until"]["N"]) > now,
            )
            for page in pages
            for item in page["Items"]
        ]

    def checkpoint(
        self, run_id: str, part: int, owner: str, ledger: str, seconds: int, *, progressed: bool
    ) -> bool:
        """Write down what is known and keep the lease; False when it was lost."""
        values = {":until": moment(self.clock() + timedelta(seconds=seconds)), ":ledger": {"S": ledger}}
        expression = "SET ledger = :ledger, worker_until = :until"
        if progressed:
            expression, values = f"{expression}, tries = :none", {**values, ":none": {"N": "0"}}
        return self._held(run_id, part, owner, expression, values)

    def leave(self, run_id: str, part: int, owner: str, ledger: str) -> bool:
        """Give the lease back with what is known."""
        values = {":ledger": {"S": ledger}, ":none": {"N": "0"}}
        expression = "SET ledger = :ledger, tries = :none REMOVE worker, worker_until"
        return self._held(run_id, part, owner, expression, values)

    def finish(self, run_id: str, part: int, owner: str) -> bool:
        """Mark the part done and count it on the run, in one transaction; False when it is not ours."""
        items: Any = [
            {
                "Update": {
                    "TableName": self.table,
                    "Key": _key(run_id, part),
                    "UpdateExpression": "SET done = :yes REMOVE worker, worker_until",
                    "ConditionExpression": "worker = :me AND attribute_not_exists(done)",
                    "ExpressionAttributeValues": {":me": {"S": owner}, ":yes": {"BOOL": True}},
                },
            },
            {
                "Update": {
                    "TableName": self.table,
                    "Key": {"pk": {"S": run_id}, "sk": {"S": "RUN"}},
                    "UpdateExpression": "ADD parts_done :one",
                    "ConditionExpression": "attribute_exists(pk)",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                },
            },
        ]
        try:
            self.client.transact_write_items(TransactItems=items)
        except ClientError as error:
            reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            if "ConditionalCheckFailed" in reasons:
                return False
            raise
        return True

    def _held(self, run_id: str, part: int, owner: str, expression: str, values: Mapping[str, Any]) -> bool:
        try:
            self.client.update_item(
                TableName=self.table,
                Key=_key(run_id, part),
                UpdateExpression=expression,
                ConditionExpression="worker = :me AND attribute_not_exists(done)",
                ExpressionAttributeValues={**values, ":me": {"S": owner}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _key(run_id: str, part: int) -> Any:
    return {"pk": {"S": run_id}, "sk": {"S": f"PART#{part:05d}"}}
