"""Claims: taken once, by one delivery, for a number of days."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bridge.errors import Retryable
from bridge.stores.claims import ClaimStore
from tests.unit.stores.delivery_tables import TABLE, aws

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def clients() -> Iterator[dict[str, Any]]:
    with aws() as made:
        yield made


@pytest.fixture
def dynamodb(clients: dict[str, Any]) -> Any:
    return clients["dynamodb"]


def take(store: ClaimStore, ids: list[str], owner: str = "dlv_1", now: datetime = NOW) -> list[str]:
    return store.take("int_1", "event", ids, owner=owner, now=now)


def test_more_than_one_transaction_s_worth_is_taken_in_order(dynamodb: Any) -> None:
    ids = [f"m{number}" for number in range(105)]
    assert take(ClaimStore(dynamodb, TABLE), ids) == ids


def test_only_what_another_delivery_owns_is_refused(dynamodb: Any) -> None:
    store = ClaimStore(dynamodb, TABLE)
    take(store, ["m2", "m4"], "dlv_other")
    assert take(store, ["m1", "m2", "m3", "m4"]) == ["m1", "m3"]


def test_nothing_is_left_when_another_owns_all(dynamodb: Any) -> None:
    store = ClaimStore(dynamodb, TABLE)
    take(store, ["m1"], "dlv_other")
    assert take(store, ["m1"]) == []


def test_a_delivery_takes_its_own_claims_again(dynamodb: Any) -> None:
    store = ClaimStore(dynamodb, TABLE)
    take(store, ["m1", "m2"])
    assert take(store, ["m1", "m2"]) == ["m1", "m2"]


def test_only_its_own_claims_are_released(dynamodb: Any) -> None:
    store = ClaimStore(dynamodb, TABLE)
    take(store, ["m2"], "dlv_other")
    take(store, ["m1", "m3"])
    store.release("int_1", "event", ["m1", "m2", "m3", "m4", *(f"n{n}" for n in range(105))], owner="dlv_1")
    assert take(store, ["m1", "m2", "m3"], "dlv_third") == ["m1", "m3"]


def test_a_claim_ends_after_its_days_even_before_the_table_forgets_it(dynamodb: Any) -> None:
    store = ClaimStore(dynamodb, TABLE, days=2)
    take(store, ["m1"], "dlv_other")
    assert take(store, ["m1"], now=NOW + timedelta(days=1)) == []
    assert take(store, ["m1"], now=NOW + timedelta(days=2, seconds=1)) == ["m1"]


def test_families_and_installations_do_not_meet(dynamodb: Any) -> None:
    store = ClaimStore(dynamodb, TABLE)
    take(store, ["m1"], "dlv_other")
    assert store.take("int_1", "campaign", ["m1"], owner="dlv_1", now=NOW) == ["m1"]
    assert store.take("int_2", "event", ["m1"], owner="dlv_1", now=NOW) == ["m1"]


def test_a_claim_s_row_names_nobody(dynamodb: Any) -> None:
    take(ClaimStore(dynamodb, TABLE), ["act#cmp#external_user_id=jane@example.com"])
    assert "jane" not in str(dynamodb.scan(TableName=TABLE)["Items"])


class _Refusing:
    """A table that answers transactions with these reasons, then takes them."""

    def __init__(self, *answers: list[str] | None) -> None:
        self.answers = list(answers)
        self.sizes: list[int] = []

    def transact_write_items(self, TransactItems: list[Any]) -> None:  # noqa: N803 (boto3's name)
        self.sizes.append(len(TransactItems))
        reasons = self.answers.pop(0) if self.answers else None
        if reasons is not None:
            told: Any = {"Error": {"Code": "TransactionCanceledException"}}
            raise ClientError(
                told | {"CancellationReasons": [{"Code": one} for one in reasons]}, "TransactWriteItems"
            )


def test_a_conflict_with_another_transaction_is_tried_again_at_once() -> None:
    table = _Refusing(["None", "TransactionConflict"])
    assert take(ClaimStore(table, TABLE), ["m1", "m2"]) == ["m1", "m2"]  # type: ignore[arg-type]
    assert table.sizes == [2, 2]


def test_a_table_that_stays_busy_or_fails_is_told_as_retryable() -> None:
    for reasons in (["TransactionConflict"], ["ValidationError"], []):
        with pytest.raises(Retryable):
            take(ClaimStore(_Refusing(*[reasons] * 9), TABLE), ["m1"])  # type: ignore[arg-type]
