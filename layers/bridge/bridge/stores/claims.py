"""Claims: what was sent once is not sent again. Two write units each, so 150 per planned request of 75 events.

Per million claimed events that is two million write request units; TTL deletes are free.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_PER_TRANSACTION = 100
_ROUNDS = 5
_BUSY = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


@dataclass(frozen=True, slots=True)
class ClaimStore:
    """`CLAIM#<installation>#<kind>#<hash of id>` in DeliveriesTable, owned by one delivery for `days`."""

    client: "DynamoDBClient"
    table: str
    days: int = 7

    def take(
        self, installation_id: str, kind: str, ids: Sequence[str], *, owner: str, now: datetime
    ) -> list[str]:
        """The ids that are this owner's now, in order: new ones, its own from before, and run-out ones.

        Raises Retryable when the table does not take them now; what was taken by then stays this owner's.
        """
        wanted = {claim_key(installation_id, kind, one): one for one in ids}
        owned: set[str] = set()
        for keys in batched(wanted, MOST_PER_TRANSACTION, strict=False):
            owned |= self._in_one(keys, partial(self._puts, owner=owner, now=now))
        return [one for key, one in wanted.items() if key in owned]

    def forget(self, installation_id: str, kind: str, ids: Sequence[str]) -> int:
        """Drop these claims: how many there were. What they stood for could then be sent once more."""
        deleted = 0
        for one in ids:
            answer = self.client.delete_item(
                TableName=self.table,
                Key={"pk": {"S": claim_key(installation_id, kind, one)}},
                ReturnValues="ALL_OLD",
            )
            deleted += "Attributes" in answer
        return deleted

    def release(self, installation_id: str, kind: str, ids: Sequence[str], *, owner: str) -> None:
        """Drop those claims that are this owner's: what they stood for may be sent by whoever comes next.

        Raises Retryable when the table does not take it now.
        """
        keys = dict.fromkeys(claim_key(installation_id, kind, one) for one in ids)
        for part in batched(keys, MOST_PER_TRANSACTION, strict=False):
            self._in_one(part, partial(self._deletes, owner=owner))

    def _in_one(self, keys: Sequence[str], items: Callable[[Sequence[str]], list[Any]]) -> set[str]:
        """One transaction; when others own some of it, it is repeated without those."""
        left = list(keys)
        for _ in range(_ROUNDS):
            if not left:
                return set()
            reasons = self._transact(items(left))
            if reasons is None:
                return set(left)
            left = [
                key for key, reason in zip(left, reasons, strict=True) if reason != "ConditionalCheckFailed"
            ]
        raise Retryable("claims_busy", "the claims could not be written now")

    def _transact(self, items: list[Any]) -> list[str] | None:
        """None when all were written, else each key's own reason. Raises Retryable for any other failure."""
        try:
            self.client.transact_write_items(TransactItems=items)
        except ClientError as error:
            told: Any = error.response
            reasons = [str(reason.get("Code")) for reason in told.get("CancellationReasons", ())]
            known = {"None", "ConditionalCheckFailed"} | _BUSY
            if len(reasons) != len(items) or not known.issuperset(reasons):
                raise Retryable("claims_unavailable", "the claims could not be written now") from None
            return reasons
        except BotoCoreError:
            raise Retryable("claims_unavailable", "the claims could not be written now") from None
        return None

    def _puts(self, keys: Sequence[str], owner: str, now: datetime) -> list[Any]:
        until = int((now + timedelta(days=self.days)).timestamp())
        values = {":owner": {"S": owner}, ":now": {"N": str(int(now.timestamp()))}}
        row = {"owner": {"S": owner}, "expires_at": {"N": str(until)}}
        shared = {
            "TableName": self.table,
            "ConditionExpression": "attribute_not_exists(pk) OR #owner = :owner OR expires_at < :now",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": values,
        }
        return [{"Put": {**shared, "Item": {"pk": {"S": key}, **row}}} for key in keys]

    def _deletes(self, keys: Sequence[str], owner: str) -> list[Any]:
        shared = {
            "TableName": self.table,
            "ConditionExpression": "attribute_not_exists(pk) OR #owner = :owner",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":owner": {"S": owner}},
        }
        return [{"Delete": {**shared, "Key": {"pk": {"S": key}}}} for key in keys]


def claim_key(installation_id: str, kind: str, claimed: str) -> str:
    """The row's key; the id is hashed, for it may be long and may name a person."""
    return (
        f"CLAIM#{installation_id}#{kind}#{sha256(claimed.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
    )
