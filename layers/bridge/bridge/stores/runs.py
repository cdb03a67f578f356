"""Runs in RunsTable: rows that change by conditional writes alone, and the view of them the API shows."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.errors import Rejected
from bridge.stores import erasures, run_items
from bridge.stores.worker_lease import FREE, moment
from mapping.run import Halt, Run, RunStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FEED = "RUN"
KEPT_IN_QUEUE = timedelta(days=14)
WAITING = ("waiting_approval", "stale", "waiting_lease", "planned")


@dataclass(frozen=True, slots=True)
class RunStore:
    """`<run_id>/RUN` and the leases."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]
    days: int = 90

    def create(self, run: Run) -> Run:
        """Keep a new run; a known id gives the run that is there."""
        item = {"pk": {"S": run.id}, "sk": {"S": "RUN"}, "feed": {"S": FEED}, "at": {"S": run.created_at}}
        item |= run_items.attributes(run.model_dump(mode="json")) | self._expiry()
        if self._write("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)"):
            return run
        kept = self.get(run.id)
        if kept is None:
            raise Rejected("run_vanished", "the run was deleted while it was made")
        return kept

    def get(self, run_id: str) -> Run | None:
        """The run as it is now."""
        found = self.client.get_item(TableName=self.table, Key=run_items.key(run_id), ConsistentRead=True)
        return run_items.run_of(found["Item"]) if "Item" in found else None

    def hold(self, run_id: str, owner: str, seconds: int) -> Run | None:
        """Take or extend the worker lease."""
        now = self.clock()
        return self._update(
            run_id,
            {"worker": {"S": owner}, "worker_until": moment(now + timedelta(seconds=seconds))},
            f"attribute_exists(pk) AND {FREE}",
            {":me": {"S": owner}, ":now": moment(now)},
        )

    def let_go(self, run_id: str, owner: str) -> None:
        """Give the worker lease back."""
        self._write(
            "update_item",
            Key=run_items.key(run_id),
            UpdateExpression="REMOVE worker, worker_until",
            ConditionExpression="worker = :me",
            ExpressionAttributeValues={":me": {"S": owner}},
        )

    def move(self, run: Run, owner: str, *, expect: Collection[str], **changes: Any) -> Run | None:
        """Change fields of a run this worker holds, while its status is one of `expect`."""
        values = {f":e{number}": {"S": status} for number, status in enumerate(sorted(expect))}
        condition = f"worker = :me AND #status IN ({', '.join(values)})"
        changed = Run.model_validate({**run.model_dump(), **changes, "updated_at": self._now()})
        fields = changed.model_dump(mode="json", include={*changes, "updated_at"})
        return self._update(
            run.id, run_items.attributes(fields), condition, {**values, ":me": {"S": owner}}, fields
        )

    def stop(self, run_id: str, halt: Halt) -> Run | None:
        """Ask a run to end early; one that was asked before keeps its first reason."""
        text = halt.model_dump_json()
        done = self._update(
            run_id,
            {"halt": {"S": text}},
            "attribute_exists(pk) AND attribute_not_exists(halt)",
            {},
        )
        return done or self.get(run_id)

    def supersede(self, run_id: str, by: str, status: RunStatus = "waiting_approval") -> bool:
        """Turn a waiting run into a stale one: a newer full export has come."""
        changes = {"status": "stale", "ended_at": self._now(), "waits_on": by}
        condition = "#status = :waiting AND attribute_not_exists(halt)"
        values = {":waiting": {"S": status}}
        return self._update(run_id, run_items.attributes(changes), condition, values) is not None

    def in_line(self, audience: str) -> list[Run]:
        """The runs of exports that wait for their turn at the audience, oldest first: none waits for 14 days."""
        found = self._with_status(("waiting_lease",), self.clock() - KEPT_IN_QUEUE)
        return [run for run in found if run.audience == audience and run.origin == "export"]

    def holder(self, audience: str) -> str | None:
        """The run that last took the audience."""
        found = self.client.get_item(
            TableName=self.table, Key=run_items.lease_key(audience), ConsistentRead=True
        )
        return found["Item"]["run_id"]["S"] if "Item" in found else None

    def erasing(self, holder: str) -> bool:
        """Whether an erasure has the audience and somebody works on it."""
        found = self.client.get_item(TableName=self.table, Key=erasures.key(holder), ConsistentRead=True)
        until = int(found.get("Item", {}).get("worker_until", {"N": "0"})["N"])
        return until > self.clock().timestamp() * 1000

    def take_audience(self, audience: str, run_id: str, expected: str | None) -> bool:
        """Make `run_id` the audience's run when `expected` still is."""
        item = {**run_items.lease_key(audience), "run_id": {"S": run_id}, "taken_at": {"S": self._now()}}
        if expected is None:
            return self._write("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)")
        return self._write(
            "put_item",
            Item=item,
            ConditionExpression="run_id = :expected",
            ExpressionAttributeValues={":expected": {"S": expected}},
        )

    def approve(self, run_id: str, by: str) -> Run:
        """Approve what a run waits for; a stale one is planned again. Raises Rejected when it does not wait."""
        run = self.get(run_id)
        if run is None or run.status not in ("waiting_approval", "stale"):
            raise Rejected("not_waiting", "the run does not wait for approval")
        codes = {wait.code for wait in run.plan.waits_for} if run.plan else set()
        if run.status == "stale":
            codes.add("stale_export")
        changes: dict[str, Any] = {"approved": sorted(codes | set(run.approved)), "approved_by": by}
        if run.status == "stale":
            changes |= {"status": "planning", "ended_at": None, "report_key": None}
        condition = "#status = :expected AND attribute_not_exists(halt)"
        approved = self._update(
            run_id, run_items.attributes(changes), condition, {":expected": {"S": run.status}}, changes
        )
        if approved is None:
            raise Rejected("not_waiting", "the run changed meanwhile")
        return approved

    def cancel(self, run_id: str, by: str) -> Run:
        """End a run: at once when it waits, soon when it works. Raises Rejected when it has ended."""
        run = self.get(run_id)
        if run is None or (run.ended and run.status != "stale"):
            raise Rejected("already_ended", "the run has ended")
        halt = Halt(status="cancelled", reason="cancelled", by=by)
        if run.status in WAITING:
            changes = {
                "status": "cancelled",
                "halt": halt.model_dump(),
                "ended_at": self._now(),
                "report_key": None,
            }
            condition = "#status = :expected AND attribute_not_exists(halt)"
            values = {":expected": {"S": run.status}}
            if done := self._update(run_id, run_items.attributes(changes), condition, values, changes):
                return done
        stopped = self.stop(run_id, halt)
        if stopped is None:
            raise Rejected("already_ended", "the run is gone")
        return stopped

    def page(self, limit: int, cursor: str | None) -> tuple[list[Run], str | None]:
        """Runs, newest first; the cursor is opaque."""
        more: dict[str, Any] = {"ExclusiveStartKey": json.loads(cursor)} if cursor else {}
        found = self.client.query(
            TableName=self.table,
            IndexName="feed",
            KeyConditionExpression="feed = :feed",
            ExpressionAttributeValues={":feed": {"S": FEED}},
            ScanIndexForward=False,
            Limit=limit,
            **more,
        )
        last = found.get("LastEvaluatedKey")
        return [run_items.run_of(item) for item in found["Items"]], json.dumps(last) if last else None

    def waiting(self, since: datetime) -> list[Run]:
        """Runs made since then that a person can let go on, oldest first: stale ones, too."""
        return self._with_status(("waiting_approval", "stale"), since)

    def _with_status(self, statuses: Sequence[RunStatus], since: datetime) -> list[Run]:
        wanted = {f":s{number}": {"S": status} for number, status in enumerate(statuses)}
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName="feed",
            KeyConditionExpression="feed = :feed AND #at >= :since",
            FilterExpression=f"#status IN ({', '.join(wanted)})",
            ExpressionAttributeNames={"#at": "at", "#status": "status"},
            ExpressionAttributeValues={
                ":feed": {"S": FEED},
                ":since": {"S": since.isoformat()},
                **wanted,
            },
        )
        return [run_items.run_of(item) for page in pages for item in page["Items"]]

    def _update(
        self,
        run_id: str,
        attributes: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any],
        fields: Mapping[str, Any] = {},
    ) -> Run | None:
        attributes = {**attributes, **self._expiry()}
        names = {f"#{name}": name for name in {*attributes, "status"}}
        gone = [name for name, value in fields.items() if name not in attributes and value is None]
        names |= {f"#{name}": name for name in gone}
        expression = "SET " + ", ".join(f"#{name} = :v_{name}" for name in attributes)
        expression += " REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
        used = f"{expression} {condition}"
        try:
            found = self.client.update_item(
                TableName=self.table,
                Key=run_items.key(run_id),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames={key: name for key, name in names.items() if key in used},
                ExpressionAttributeValues={
                    **values,
                    **{f":v_{name}": value for name, value in attributes.items()},
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return run_items.run_of(found["Attributes"])

    def _write(self, call: str, **arguments: Any) -> bool:
        try:
            getattr(self.client, call)(TableName=self.table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _expiry(self) -> dict[str, Any]:
        """A run's row is kept for so long after its last change, as long as its files."""
        return {"expires_at": {"N": str(int((self.clock() + timedelta(days=self.days)).timestamp()))}}

    def _now(self) -> str:
        return self.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
