"""Whether an installation works: a row of each kind of delivery, which a failing one writes and the next clears."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.stores.health_rows import Failure, Row, Verdict, changed, due, worst
from mapping.times import iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOOK_AGAIN = timedelta(seconds=30)
KINDS = ("events", "campaign", "audience")
"""Each needs permissions of its own, so that none says anything of another."""
MOST_AT_ONCE = 100 // len(KINDS)

_TEXTS = ("status", "kind", "reason", "hint", "since", "at", "struck_at")


@dataclass(slots=True)
class HealthStore:
    """`HEALTH#<installation>#<kind>` in DeliveriesTable; a worker that meets success looks every 30 s at most."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], datetime]
    _well_since: dict[str, datetime] = field(default_factory=dict)
    _noted: dict[str, Failure] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, installation_id: str) -> Row | None:
        """The worst that the workers noted of any kind, or None before the first delivery."""
        return self.of([installation_id]).get(installation_id)

    def of(self, installation_ids: Sequence[str]) -> dict[str, Row]:
        """The worst row of many installations by their id; one that never delivered has none."""
        found: dict[str, list[Row]] = {}
        for ids in batched(dict.fromkeys(installation_ids), MOST_AT_ONCE, strict=False):
            wanted = [_key(one, kind) for one in ids for kind in KINDS]
            keys: Any = {self.table: {"Keys": wanted, "ConsistentRead": True}}
            while keys:
                answer = self.client.batch_get_item(RequestItems=keys)
                for row in answer["Responses"].get(self.table, []):
                    found.setdefault(_owner(row), []).append(_shown(row))
                keys = answer.get("UnprocessedKeys")
        return {owner: worst(rows) for owner, rows in found.items()}

    def failed(
        self,
        installation_id: str,
        kind: str,
        reason: str,
        hint: str,
        *,
        now: datetime,
        verdict: Verdict = "blocked",
    ) -> None:
        """One more failure of this kind of delivery; the same one is noted every 10 s."""
        failure, key = Failure(verdict, kind, reason, hint, now), f"{installation_id}/{kind}"
        with self._lock:
            self._well_since.pop(key, None)
            if not due(failure, self._noted.get(key)):
                return
            self._noted[key] = failure
        texts, strikes = changed(self._read(installation_id, kind), failure)
        self.client.update_item(
            TableName=self.table,
            Key=_key(installation_id, kind),
            UpdateExpression="SET "
            + ", ".join(f"#{name} = :{name}" for name in texts)
            + ", strikes = :strikes, failures = if_not_exists(failures, :none) + :one",
            ExpressionAttributeNames={f"#{name}": name for name in texts},
            ExpressionAttributeValues={
                **{f":{name}": {"S": value} for name, value in texts.items()},
                ":strikes": {"N": str(strikes)},
                ":none": {"N": "0"},
                ":one": {"N": "1"},
            },
        )

    def succeeded(self, installation_id: str, kind: str, *, now: datetime) -> None:
        """Healthy again, as far as this kind of delivery goes."""
        key = f"{installation_id}/{kind}"
        with self._lock:
            known = self._well_since.get(key)
            if known is not None and now - known < LOOK_AGAIN:
                return
            self._well_since[key] = now
            self._noted.pop(key, None)
        found = self._read(installation_id, kind)
        if found is None or found["status"] != "healthy":
            self._write_healthy(installation_id, kind, found, now)

    def mended(self, installation_id: str, *, now: datetime) -> None:
        """A test of every permission passed: healthy again, whichever kinds of deliveries had failed."""
        rows = {kind: self._read(installation_id, kind) for kind in KINDS}
        for kind, found in rows.items():
            if found or kind == KINDS[0]:
                self._write_healthy(installation_id, kind, found, now)

    def _read(self, installation_id: str, kind: str) -> Row | None:
        key = _key(installation_id, kind)
        found = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return _shown(found) if found else None

    def _write_healthy(self, installation_id: str, kind: str, found: Row | None, now: datetime) -> None:
        """Written over what was read alone: a failure noted in between stands."""
        was_well = found is not None and found["status"] == "healthy"
        texts = {
            "status": "healthy",
            "kind": kind,
            "reason": "",
            "hint": "",
            "since": found["since"] if found is not None and was_well else iso(now),
            "at": iso(now),
            "struck_at": "",
        }
        item: Any = {**_key(installation_id, kind), **{name: {"S": value} for name, value in texts.items()}}
        try:
            self.client.put_item(
                TableName=self.table,
                Item={**item, "failures": {"N": "0"}, "strikes": {"N": "0"}},
                ConditionExpression="attribute_not_exists(pk) OR #at = :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"S": found["at"] if found else ""}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def _key(installation_id: str, kind: str) -> dict[str, Any]:
    return {"pk": {"S": f"HEALTH#{installation_id}#{kind}"}}


def _owner(row: Mapping[str, Any]) -> str:
    return str(row["pk"]["S"]).split("#")[1]


def _shown(row: Mapping[str, Any]) -> Row:
    texts = {name: row[name]["S"] for name in _TEXTS if name in row}
    return {**texts, **{name: int(row[name]["N"]) for name in ("failures", "strikes") if name in row}}
