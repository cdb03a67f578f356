"""The profile memory in DynamoDB: read together, written only over what was read, forgotten after 30 days."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bridge.errors import Retryable
from bridge.stores.profiles import ProfileStore
from mapping.braze_memory import Kept, Sent
from tests.unit.stores.delivery_tables import TABLE, aws

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GOLD = {"plan": Sent(5, "abc")}


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with aws() as clients:
        yield clients["dynamodb"]


@pytest.fixture
def store(dynamodb: Any) -> ProfileStore:
    return ProfileStore(dynamodb, TABLE)


def read(store: ProfileStore, *users: str, now: datetime = NOW) -> dict[str, Kept]:
    return store.read("int_1", users, now=now)


def write(store: ProfileStore, now: datetime = NOW, **kept: Kept) -> list[str]:
    return store.write("int_1", kept, now=now)


def test_more_than_one_read_and_transaction_come_back_as_they_were_written(store: ProfileStore) -> None:
    kept = {f"u{n}": Kept({"n": Sent(n, "x")}) for n in range(103)}
    assert write(store, **kept) == []
    found = read(store, *kept, "nobody")
    assert found == {user: Kept(one.memory, 1) for user, one in kept.items()} | {"nobody": Kept()}


def test_what_another_worker_wrote_is_not_overwritten_and_is_named(store: ProfileStore) -> None:
    write(store, u1=Kept(GOLD))
    assert write(store, u1=Kept({}), u2=Kept(GOLD)) == ["u1"]
    assert read(store, "u1", "u2") == {"u1": Kept(GOLD, 1), "u2": Kept(GOLD, 1)}
    assert write(store, u1=Kept({}, 1)) == []
    assert read(store, "u1") == {"u1": Kept({}, 2)}


def test_a_memory_is_empty_after_30_days_even_before_the_table_forgets_it(store: ProfileStore) -> None:
    write(store, u1=Kept(GOLD))
    later = NOW + timedelta(days=30)
    assert read(store, "u1", now=later - timedelta(minutes=1))["u1"].memory == GOLD
    assert read(store, "u1", now=later) == {"u1": Kept({}, 1)}
    assert write(store, later, u1=Kept(GOLD, 1)) == []


def test_a_row_names_nobody_and_stays_within_a_write_unit(store: ProfileStore, dynamodb: Any) -> None:
    traits = {f"attribute_{n:02d}": Sent(1_763_719_200_000, "x" * 12) for n in range(18)}
    write(store, **{"jane@example.com": Kept(traits)})
    [row] = dynamodb.scan(TableName=TABLE)["Items"]
    assert "jane" not in str(row)
    assert sum(len(name) + len(str(*value.values())) for name, value in row.items()) <= 1024
    assert int(row["expires_at"]["N"]) == int((NOW + timedelta(days=30)).timestamp())


def test_installations_do_not_meet(store: ProfileStore) -> None:
    write(store, u1=Kept(GOLD))
    assert store.read("int_2", ["u1"], now=NOW) == {"u1": Kept()}


class _Unwilling:
    """A table that answers transactions with these reasons, then takes them, and reads no key."""

    def __init__(self, *answers: list[str] | None) -> None:
        self.answers = list(answers)
        self.sizes: list[int] = []
        self.reads = 0

    def transact_write_items(self, TransactItems: list[Any]) -> None:  # noqa: N803 (boto3's name)
        self.sizes.append(len(TransactItems))
        reasons = self.answers.pop(0) if self.answers else None
        if reasons is not None:
            told: Any = {"Error": {"Code": "TransactionCanceledException"}}
            raise ClientError(
                told | {"CancellationReasons": [{"Code": one} for one in reasons]}, "TransactWriteItems"
            )

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 (boto3's name)
        self.reads += 1
        return {"Responses": {}, "UnprocessedKeys": RequestItems}


def test_a_conflict_with_another_transaction_is_tried_again_at_once() -> None:
    table = _Unwilling(["None", "TransactionConflict"], ["ConditionalCheckFailed", "None"])
    assert write(ProfileStore(table, TABLE), a=Kept(), b=Kept()) == ["a"]  # type: ignore[arg-type]
    assert table.sizes == [2, 2, 1]


@pytest.mark.parametrize("reasons", [["TransactionConflict"], ["ValidationError"], []])
def test_a_table_that_stays_busy_or_fails_is_told_as_retryable(reasons: list[str]) -> None:
    with pytest.raises(Retryable):
        write(ProfileStore(_Unwilling(*[reasons] * 9), TABLE), a=Kept())  # type: ignore[arg-type]


def test_keys_that_are_never_read_are_told_as_retryable() -> None:
    table = _Unwilling()
    with pytest.raises(Retryable):
        read(ProfileStore(table, TABLE), "u1")  # type: ignore[arg-type]
    assert table.reads == 5
