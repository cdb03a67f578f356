"""Writing many letters and their counts together: who does not meet the condition is left out, the others go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOGETHER = 50
"""Letters of one transaction; each may bring a row of counts, and DynamoDB takes 100 in all."""
_ROUNDS = 8
_BUSY = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_KNOWN = _BUSY | {"None", "ConditionalCheckFailed"}

Write = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Transactions:
    """Of DynamoDB; two that touch the same row are repeated at once, a few times."""

    client: "DynamoDBClient"

    def write(
        self, writes: Sequence[Write], counts: Callable[[Sequence[int]], list[Write]] = lambda _: []
    ) -> list[int]:
        """The positions of the writes whose condition held; `counts` adds what goes with them. Raises Retryable."""
        left = list(range(len(writes)))
        for _ in range(_ROUNDS):
            if not left:
                return []
            reasons = self._transact([writes[index] for index in left] + counts(left))
            if reasons is None:
                return left
            left = [
                index
                for index, reason in zip(left, reasons, strict=False)
                if reason != "ConditionalCheckFailed"
            ]
        raise Retryable("table_busy", "the letters could not be written now")

    def _transact(self, items: list[Write]) -> list[str] | None:
        """None when everything was written, else what stood in the way of each. Raises Retryable."""
        try:
            self.client.transact_write_items(TransactItems=items)  # type: ignore[arg-type]
        except ClientError as error:
            told: Any = error.response
            reasons = [str(reason.get("Code")) for reason in told.get("CancellationReasons", ())]
            if len(reasons) != len(items) or not _KNOWN.issuperset(reasons):
                raise Retryable("table_unavailable", "the letters could not be written now") from None
            return reasons
        except BotoCoreError:
            raise Retryable("table_unavailable", "the letters could not be written now") from None
        return None
