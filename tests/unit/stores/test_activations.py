"""What a journey ordered, in the table as moto plays it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bridge.errors import Retryable
from bridge.stores.activations import ActivationStore, ExportWriter
from tests.unit.stores.admin_tables import BUCKET, INSTALLATIONS, aws, installations_table, state_bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBClient"]:
    with aws() as client:
        installations_table(client("dynamodb"))
        yield client("dynamodb")


@pytest.fixture
def store(dynamodb: "DynamoDBClient") -> ActivationStore:
    return ActivationStore(dynamodb, INSTALLATIONS)


def test_the_first_call_takes_the_id_and_every_other_learns_what_it_asked_for(store: ActivationStore) -> None:
    first = store.begin("a", "digest", NOW)
    again = store.begin("a", "another digest", NOW + timedelta(hours=1))
    assert first == again
    assert (again.digest, again.begun_at, again.answer) == ("digest", NOW, None)


def test_the_answer_is_kept_for_whoever_asks_again(store: ActivationStore) -> None:
    store.begin("a", "digest", NOW)
    store.finish("a", '{"accepted":1}')
    assert store.begin("a", "digest", NOW).answer == '{"accepted":1}'


def test_an_id_is_forgotten_after_ninety_days(store: ActivationStore, dynamodb: "DynamoDBClient") -> None:
    store.begin("a", "digest", NOW)
    (item,) = dynamodb.scan(TableName=INSTALLATIONS)["Items"]
    assert item["expires_at"] == {"N": str(int((NOW + timedelta(days=90)).timestamp()))}


def test_a_table_that_is_away_is_told_as_retryable(
    store: ActivationStore, dynamodb: "DynamoDBClient"
) -> None:
    dynamodb.delete_table(TableName=INSTALLATIONS)
    with pytest.raises(Retryable):
        store.begin("a", "digest", NOW)
    with pytest.raises(Retryable):
        store.finish("a", "{}")


def test_an_export_is_written_under_its_key() -> None:
    with aws() as client:
        s3 = client("s3")
        writer = ExportWriter(s3, state_bucket(s3))
        writer.put("exports/a/manifest.json", b"{}")
        assert s3.get_object(Bucket=BUCKET, Key="exports/a/manifest.json")["Body"].read() == b"{}"
        with pytest.raises(Retryable):
            ExportWriter(s3, "elsewhere").put("k", b"")
