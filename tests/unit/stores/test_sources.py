"""Sources and tokens in the table as moto plays it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from bridge.errors import Retryable
from bridge.flows.authorize import token_digest
from bridge.stores.sources import REMEMBERED, RecentLookups, SourceStore, digest_of
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
def store(dynamodb: "DynamoDBClient", clock: Clock) -> SourceStore:
    return SourceStore(dynamodb, INSTALLATIONS, clock)


def rows(client: "DynamoDBClient") -> list[Any]:
    return client.scan(TableName=INSTALLATIONS)["Items"]


def test_a_source_is_found_by_its_write_key_and_by_its_id(store: SourceStore) -> None:
    source, key = store.create("Shop", "browser")
    assert key.startswith("dk_live_")
    assert len(key) == len("dk_live_") + 32
    assert store.by_write_key(key) == store.get(source.id) == source
    assert (source.kind, source.test, source.enabled, source.key_prefix) == ("browser", False, True, key[:12])


def test_a_test_source_has_a_test_key(store: SourceStore) -> None:
    source, key = store.create("Trial", "server", test=True)
    assert key.startswith("dk_test_")
    assert source.test


def test_the_key_itself_is_nowhere_in_the_table(store: SourceStore, dynamodb: "DynamoDBClient") -> None:
    _, key = store.create("Shop", "server")
    assert key not in str(rows(dynamodb))
    assert digest_of(key) in str(rows(dynamodb))


def test_the_digest_is_the_one_the_flows_make() -> None:
    assert digest_of("dk_é") == token_digest("dk_é")


def test_sources_are_listed_oldest_first(store: SourceStore, clock: Clock) -> None:
    first, _ = store.create("b", "server")
    clock.forward(seconds=1)
    second, _ = store.create("a", "browser")
    assert store.list() == (first, second)


def test_a_deleted_source_is_refused_at_once_here_and_leaves_nothing(
    store: SourceStore, dynamodb: "DynamoDBClient"
) -> None:
    source, key = store.create("Shop", "server")
    store.by_write_key(key)
    assert store.delete(source.id)
    assert store.by_write_key(key) is None
    assert not store.delete(source.id)
    assert rows(dynamodb) == []


def test_another_worker_notices_a_deletion_within_a_minute(
    store: SourceStore, dynamodb: "DynamoDBClient", clock: Clock
) -> None:
    source, key = store.create("Shop", "server")
    other = SourceStore(dynamodb, INSTALLATIONS, clock)
    assert other.by_write_key(key) == source
    store.delete(source.id)
    clock.forward(seconds=59)
    assert other.by_write_key(key) == source
    clock.forward(seconds=1)
    assert other.by_write_key(key) is None


def test_a_source_can_be_switched_off_and_on(store: SourceStore) -> None:
    source, key = store.create("Shop", "server")
    for enabled in (False, True):
        changed = store.set_enabled(source.id, enabled)
        assert changed is not None
        assert changed.enabled is enabled
        assert store.by_write_key(key) == changed
    assert store.set_enabled("src_nobody", enabled=True) is None


def test_a_new_source_is_known_seconds_after_its_key_was_refused(
    store: SourceStore, dynamodb: "DynamoDBClient", clock: Clock
) -> None:
    other = SourceStore(dynamodb, INSTALLATIONS, clock)
    source, key = store.create("Shop", "server")
    store.delete(source.id)
    assert other.by_write_key(key) is None
    store._write(source)
    assert other.by_write_key(key) is None
    clock.forward(seconds=5)
    assert other.by_write_key(key) == source


def test_a_table_that_is_away_is_told_as_retryable(store: SourceStore, dynamodb: "DynamoDBClient") -> None:
    dynamodb.delete_table(TableName=INSTALLATIONS)
    with pytest.raises(Retryable):
        store.by_write_key("dk_live_x")


def test_a_stream_of_wrong_keys_does_not_fill_the_memory(clock: Clock) -> None:
    asked: list[str] = []
    recent = RecentLookups[str](clock, 60)
    for number in range(REMEMBERED + 10):
        recent.get(str(number), asked.append)
    assert len(recent._kept) == REMEMBERED
    assert len(asked) == REMEMBERED + 10
