"""An Idempotency-Key: the same call again gets the first answer."""

from collections.abc import Iterator

import pytest

from bridge.errors import Problem, Rejected
from bridge.stores.idempotency import OnceStore
from tests.unit.stores.admin_tables import aws, installations_table


@pytest.fixture
def store() -> Iterator[OnceStore]:
    with aws() as client:
        dynamodb = client("dynamodb")
        yield OnceStore(dynamodb, installations_table(dynamodb), "install")


def test_the_same_call_again_gets_the_first_answer(store):
    done: list[str] = []

    def act() -> dict[str, object]:
        done.append("once")
        return {"id": f"int_{len(done)}", "config": {"ratio": 1.5}}

    first = store.once("key", {"name": "a"}, act)
    assert store.once("key", {"name": "a"}, act) == first == {"id": "int_1", "config": {"ratio": 1.5}}
    assert store.once("other key", {"name": "a"}, act)["id"] == "int_2"


def test_the_same_key_with_another_body_is_refused(store):
    store.once("key", {"name": "a"}, dict)
    with pytest.raises(Rejected, match="idempotency_key_reused"):
        store.once("key", {"name": "b"}, dict)


def test_a_call_that_failed_may_be_made_again(store):
    def fail() -> dict[str, object]:
        raise Problem(422, "VALIDATION_FAILED", "no")

    with pytest.raises(Problem):
        store.once("key", {"name": "a"}, fail)
    assert store.once("key", {"name": "a"}, lambda: {"id": "int_1"}) == {"id": "int_1"}


def test_a_second_call_while_the_first_runs_is_refused(store):
    def again() -> dict[str, object]:
        return store.once("key", {"name": "a"}, dict)

    with pytest.raises(Rejected, match="idempotency_key_in_use"):
        store.once("key", {"name": "a"}, again)
