"""How many letters there are of each group, day by day: rows `LETTERS#<day>#<0..3>`, one number per group.

A row is written in the transaction that files or marks its letters, so that the numbers are those of the letters;
it expires with the day's last letter, so that nobody has to count down what the table let expire.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from bridge.stores.letter_rows import Letter, day_of, group_of
from mapping.letter import Counted, Group

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

SHARDS = 4
"""Filing many letters at once meets itself on a row four times less often."""
MOST_AT_ONCE = 100
_WORKERS = 8
_OPEN, _REPLAYED = "open|", "replayed|"


@dataclass(frozen=True, slots=True)
class LetterCounts:
    """`days` is how long letters are kept."""

    client: "DynamoDBClient"
    table: str
    clock: "Callable[[], datetime]"
    days: int

    def filed(self, letter: Letter) -> dict[str, Any]:
        """The part of a transaction that counts one letter more."""
        row = f"{day_of(letter)}#{_shard(letter)}"
        return self._change(row, {_OPEN + group_of(letter).key: 1})

    def replayed(self, letters: Sequence[Letter]) -> list[dict[str, Any]]:
        """The parts of a transaction that count open letters as replayed: one per row, at most as many as letters."""
        rows: dict[str, Counter[str]] = {}
        for letter in letters:
            numbers = rows.setdefault(f"{day_of(letter)}#{_shard(letter)}", Counter())
            numbers[_OPEN + group_of(letter).key] -= 1
            numbers[_REPLAYED + group_of(letter).key] += 1
        return [self._change(row, numbers) for row, numbers in rows.items()]

    def read(self) -> list[Counted]:
        """Every day's groups that have letters, newest day first."""
        today = self.clock().astimezone(UTC).date()
        days = [(today - timedelta(days=back)).isoformat() for back in range(-1, self.days + 1)]
        keys = [f"LETTERS#{day}#{shard}" for day in days for shard in range(SHARDS)]
        with ThreadPoolExecutor(_WORKERS) as pool:
            parts = pool.map(self._read, batched(keys, MOST_AT_ONCE, strict=False))
            return _summed(row for part in parts for row in part)

    def _read(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        asked: Any = {self.table: {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}}
        found: list[dict[str, Any]] = []
        while asked:
            answer = self.client.batch_get_item(RequestItems=asked)
            found += answer["Responses"].get(self.table, [])
            asked = answer.get("UnprocessedKeys")
        return found

    def _change(self, row: str, numbers: dict[str, int]) -> dict[str, Any]:
        names = {f"#n{index}": name for index, name in enumerate(numbers)}
        values = {f":n{index}": {"N": str(number)} for index, number in enumerate(numbers.values())}
        day = datetime.fromisoformat(f"{row[:10]}T00:00:00+00:00")
        ends = int((day + timedelta(days=self.days + 1)).timestamp())
        adds = ", ".join(f"#n{index} :n{index}" for index in range(len(numbers)))
        return {
            "Update": {
                "TableName": self.table,
                "Key": {"pk": {"S": f"LETTERS#{row}"}},
                "UpdateExpression": f"ADD {adds} SET expires_at = :ends",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": {**values, ":ends": {"N": str(ends)}},
            }
        }


def _summed(rows: Iterator[dict[str, Any]]) -> list[Counted]:
    numbers: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        day = row["pk"]["S"].split("#")[1]
        for name, value in row.items():
            state, between, key = name.partition("|")
            if between:
                numbers[day, key, state] += int(value["N"])
    groups = dict.fromkeys((day, key) for day, key, _ in numbers)
    found = [
        Counted(day, Group.of(key), numbers[day, key, "open"], numbers[day, key, "replayed"])
        for day, key in groups
    ]
    return sorted((one for one in found if one.open or one.replayed), reverse=True)


def _shard(letter: Letter) -> int:
    return int(letter["id"][-1], 16) % SHARDS
