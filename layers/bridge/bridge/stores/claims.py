"""Claims: what was sent once is not sent again. Two write units each, so 150 per planned request of 75 events.

Per million claimed events that is two million write request units; TTL deletes are free.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
            owned |= self._take(keys, owner, now)
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

    def _take(self, keys: Sequence[str], owner: str, now: datetime) -> set[str]:
        """One transaction; when others own some of it, it is repeated without those."""
        left = list(keys)
        for _ in range(_ROUNDS):
            if not left:
                return set()
            reasons = self._transact(left, owner, now)
            if reasons is None:
                return set(left)
            left = [
                key for key, reason in zip(left, reasons, strict=True) if reason != "ConditionalCheckFailed"
            ]
        raise Retryable("claims_busy", "the claims could not be written now")

    def _transact(self, keys: Sequence[str], owner: str, now: datetime) -> list[str] | None:
        """None when all were taken, else each key's own reason. Raises Retryable for any other failure."""
        items = self._puts(keys, owner, now)
        try:
            self.client.transact_write_items(TransactItems=items)
        except ClientError as error:
            told: Any = error.response
            reasons = [str(reason.get("Code")) for reason in told.get("CancellationReasons", ())]
            known = {"None", "ConditionalCheckFailed"} | _BUSY
            if len(reasons) != len(keys) or not known.issuperset(reasons):
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


def claim_key(installation_id: str, kind: str, claimed: str) -> str:
    """The row's key; the id is hashed, for it may be long and may name a person."""
    return (
        f"CLAIM#{installation_id}#{kind}#{sha256(claimed.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
    )
