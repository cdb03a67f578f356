"""The profile memory: one row per installation and user. A read unit a row, two write units a change of it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable
from mapping.braze_memory import Kept, Sent
from mapping.json_values import encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_PER_READ = 100
MOST_PER_TRANSACTION = 100
DAYS = 30
_ROUNDS = 5
_CONFLICT = "ConditionalCheckFailed"
_BUSY = frozenset(
    {"None", _CONFLICT, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


@dataclass(frozen=True, slots=True)
class ProfileStore:
    """`PROFILE#<installation>#<hash of user>` in DeliveriesTable: names of attributes, times and digests."""

    client: "DynamoDBClient"
    table: str
    days: int = DAYS

    def read(self, installation_id: str, users: Collection[str], *, now: datetime) -> dict[str, Kept]:
        """Every user's memory, strongly consistent; run-out ones count as empty. Raises Retryable."""
        keys = {profile_key(installation_id, user): user for user in users}
        rows: dict[str, Any] = {}
        for part in batched(keys, MOST_PER_READ, strict=False):
            rows |= self._read(part)
        return {user: _kept(rows.get(key), now) for key, user in keys.items()}

    def write(self, installation_id: str, kept: Mapping[str, Kept], *, now: datetime) -> list[str]:
        """The users whose rows changed since they were read; all others are written. Raises Retryable."""
        users = {profile_key(installation_id, user): user for user in kept}
        until = str(int((now + timedelta(days=self.days)).timestamp()))
        lost: list[str] = []
        for part in batched(users, MOST_PER_TRANSACTION, strict=False):
            puts = {key: self._put(key, kept[users[key]], until) for key in part}
            lost += [users[key] for key in self._write(puts)]
        return lost

    def forget(self, installation_id: str, users: Sequence[str]) -> int:
        """Drop these users' memories: how many had one."""
        deleted = 0
        for user in users:
            answer = self.client.delete_item(
                TableName=self.table,
                Key={"pk": {"S": profile_key(installation_id, user)}},
                ReturnValues="ALL_OLD",
            )
            deleted += "Attributes" in answer
        return deleted

    def _read(self, keys: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        left: Any = {self.table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}}
        try:
            for _ in range(_ROUNDS):
                answer: Any = self.client.batch_get_item(RequestItems=left)
                found |= {row["pk"]["S"]: row for row in answer["Responses"].get(self.table, ())}
                left = answer.get("UnprocessedKeys")
                if not left:
                    return found
        except (ClientError, BotoCoreError):
            pass
        raise Retryable("memory_unavailable", "what was sent of the profiles could not be read now") from None

    def _write(self, puts: Mapping[str, Any]) -> list[str]:
        """One transaction; those that others changed are left out of the next try."""
        left, lost = list(puts), list[str]()
        for _ in range(_ROUNDS):
            reasons = self._transact([puts[key] for key in left]) if left else None
            if reasons is None:
                return lost
            told = list(zip(left, reasons, strict=True))
            lost += [key for key, reason in told if reason == _CONFLICT]
            left = [key for key, reason in told if reason != _CONFLICT]
        raise Retryable("memory_busy", "what was sent of the profiles could not be written now")

    def _transact(self, puts: Sequence[Any]) -> list[str] | None:
        """None when all were written, else each row's own reason."""
        try:
            self.client.transact_write_items(TransactItems=[{"Put": put} for put in puts])
        except ClientError as error:
            told: Any = error.response
            reasons = [str(reason.get("Code")) for reason in told.get("CancellationReasons", ())]
            if len(reasons) == len(puts) and _BUSY.issuperset(reasons):
                return reasons
        except BotoCoreError:
            pass
        else:
            return None
        raise Retryable(
            "memory_unavailable", "what was sent of the profiles could not be written now"
        ) from None

    def _put(self, key: str, kept: Kept, until: str) -> dict[str, Any]:
        row = {
            "pk": {"S": key},
            "sent": {"S": encode(kept.memory).decode("ascii")},
            "version": {"N": str(kept.version + 1)},
            "expires_at": {"N": until},
        }
        put: dict[str, Any] = {"TableName": self.table, "Item": row}
        if not kept.version:
            return put | {"ConditionExpression": "attribute_not_exists(pk)"}
        known = {":version": {"N": str(kept.version)}}
        return put | {"ConditionExpression": "version = :version", "ExpressionAttributeValues": known}


def _kept(row: Any, now: datetime) -> Kept:
    if row is None:
        return Kept()
    version = int(row["version"]["N"])
    if int(row["expires_at"]["N"]) <= now.timestamp():
        return Kept({}, version)
    sent = json.loads(row["sent"]["S"])
    return Kept({name: Sent(*one) for name, one in sent.items()}, version)


@lru_cache(maxsize=8192)
def profile_key(installation_id: str, user: str) -> str:
    """The row's key, asked for when it is read and when it is written; the user is hashed, for it may name a person."""
    return f"PROFILE#{installation_id}#{sha256(user.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
