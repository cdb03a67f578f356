"""Admin tokens in the table as moto plays it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from bridge.errors import Retryable
from bridge.stores.tokens import BOOTSTRAP, TokenStore
from tests.unit.stores.admin_tables import INSTALLATIONS, Clock, aws, installations_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBClient"]:
    with aws() as client:
        installations_table(client("dynamodb"))
        yield client("dynamodb")


@pytest.fixture
def store(dynamodb: "DynamoDBClient", clock: Clock) -> TokenStore:
    return TokenStore(dynamodb, INSTALLATIONS, clock, bootstrap=lambda: "made at deploy")


def test_a_token_is_found_by_itself_and_kept_as_a_digest(
    store: TokenStore, dynamodb: "DynamoDBClient"
) -> None:
    made, secret = store.create("CI", "editor")
    assert secret.startswith("sb_")
    assert len(secret) == len("sb_") + 43
    found = store.by_token(secret)
    assert found is not None
    assert (found.id, found.name, found.role, found.prefix) == (made.id, "CI", "editor", secret[:7])
    assert secret not in str(dynamodb.scan(TableName=INSTALLATIONS)["Items"])


def test_the_token_of_the_deployment_is_an_admin(store: TokenStore) -> None:
    assert store.by_token("made at deploy") == BOOTSTRAP
    assert BOOTSTRAP.role == "admin"


@pytest.mark.parametrize("token", ["", "sb_unknown", "made at deplo", "é", "x" * 10_000])
def test_an_unknown_token_is_nobodys(store: TokenStore, token: str) -> None:
    assert store.by_token(token) is None


def test_without_a_deployment_token_an_empty_one_is_nobodys(dynamodb: "DynamoDBClient", clock: Clock) -> None:
    assert TokenStore(dynamodb, INSTALLATIONS, clock).by_token("") is None


def test_a_token_ends_at_its_expiry_also_when_it_is_remembered(store: TokenStore, clock: Clock) -> None:
    _, secret = store.create("short", "viewer", expires_at=clock.moment + timedelta(seconds=30))
    assert store.by_token(secret) is not None
    clock.forward(seconds=30)
    assert store.by_token(secret) is None
    assert [token.name for token in store.list()] == ["short"]


def test_tokens_are_listed_and_deleted_by_id(store: TokenStore, clock: Clock) -> None:
    first, secret = store.create("b", "viewer")
    clock.forward(seconds=1)
    second, _ = store.create("a", "activator")
    assert [token.id for token in store.list()] == [first.id, second.id]
    assert store.delete(first.id)
    assert not store.delete(first.id)
    assert store.by_token(secret) is None
    assert [token.id for token in store.list()] == [second.id]


def test_the_last_use_is_noted_at_most_once_an_hour(store: TokenStore, clock: Clock) -> None:
    _, secret = store.create("CI", "viewer")
    noted = []
    for minutes in (0, 30, 31):
        clock.forward(minutes=minutes)
        store.by_token(secret)
        noted.append(store.list()[0].last_used_at)
    assert noted == ["2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00.000Z", "2026-11-22T13:01:00.000Z"]


def test_a_use_that_cannot_be_noted_turns_nobody_away(
    store: TokenStore, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_call: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "UpdateItem")

    _, secret = store.create("CI", "viewer")
    monkeypatch.setattr(dynamodb, "update_item", denied)
    assert store.by_token(secret) is not None


def test_a_table_that_is_away_is_told_as_retryable(store: TokenStore, dynamodb: "DynamoDBClient") -> None:
    dynamodb.delete_table(TableName=INSTALLATIONS)
    with pytest.raises(Retryable):
        store.by_token("sb_x")
