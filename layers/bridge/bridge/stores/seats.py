"""The workers of a lane, shared between its installations: who holds them, and how many share."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable
from bridge.stores.installations import InstallationStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IN_A_ROW = 16
"""Seats in one item: so many workers stay far below the thousand writes a second that an item takes."""
KEPT = timedelta(days=1)
TRIES = 4


@dataclass(frozen=True, slots=True)
class Seat:
    """`name` is the row's attribute that says until when (epoch ms) it is taken."""

    pk: str
    name: str
    until: int


@dataclass(frozen=True, slots=True)
class SeatStore:
    """`SEAT#<installation>#<row>` in DeliveriesTable; to take one is one write while few are taken."""

    client: "DynamoDBClient"
    table: str

    def take(self, installation_id: str, seats: int, *, now: datetime, until: datetime) -> Seat | None:
        """One of `seats`, or None while all of them are taken. Raises Retryable."""
        at, rows = _ms(now), -(-seats // IN_A_ROW)
        first = random.randrange(rows)  # noqa: S311 (spreads workers, protects nothing)
        for turn in range(rows):
            row = (first + turn) % rows
            names = [f"s{number}" for number in range(row * IN_A_ROW, min(seats, (row + 1) * IN_A_ROW))]
            if seat := self._in_row(f"SEAT#{installation_id}#{row}", names, at, until):
                return seat
        return None

    def give_back(self, seat: Seat) -> None:
        """Nothing happens when it ran out and another worker has it."""
        taken = {":until": {"N": str(seat.until)}}
        self._update(seat.pk, "REMOVE #seat", "#seat = :until", seat.name, taken)

    def _in_row(self, pk: str, names: list[str], at: int, until: datetime) -> Seat | None:
        """Any seat first; what the refusal shows is free after that, a few times."""
        free = names
        for _ in range(TRIES):
            if not free:
                return None
            seat = Seat(pk, random.choice(free), _ms(until))  # noqa: S311 (as above)
            found = self._taken(seat, at, until)
            if found is None:
                return seat
            free = [name for name in names if int(found.get(name, {"N": "0"})["N"]) <= at]
        return None

    def _taken(self, seat: Seat, at: int, until: datetime) -> dict[str, Any] | None:
        """None when it is ours now, else the row."""
        values = {":until": {"N": str(seat.until)}, ":now": {"N": str(at)}}
        values[":gone"] = {"N": str(int((until + KEPT).timestamp()))}
        return self._update(
            seat.pk,
            "SET #seat = :until, expires_at = :gone",
            "attribute_not_exists(#seat) OR #seat <= :now",
            seat.name,
            values,
        )

    def _update(
        self, pk: str, expression: str, condition: str, name: str, values: dict[str, Any]
    ) -> dict[str, Any] | None:
        """None when it was written, else the row as it is."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": pk}},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#seat": name},
                ExpressionAttributeValues=values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise Retryable("table_unavailable", "the seats could not be written") from None
            found: Any = error.response
            return dict(found.get("Item", {}))
        except BotoCoreError:
            raise Retryable("table_unavailable", "the seats could not be written") from None
        return None


@dataclass(slots=True)
class Neighbours:
    """How many installations share a lane, as of at most `ttl` ago."""

    store: InstallationStore
    catalog_key: str
    ttl: timedelta
    clock: Callable[[], datetime]
    _known: tuple[datetime, int] | None = field(default=None)

    def number(self) -> int:
        """Those that are switched on. Raises Retryable."""
        now = self.clock()
        if self._known is None or now - self._known[0] >= self.ttl:
            live = [one for one in self.store.all() if one.enabled and one.catalog_key == self.catalog_key]
            self._known = (now, len(live))
        return self._known[1]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
