"""What ingest leaves in live events, read back as the API reads it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bridge.errors import Retryable
from bridge.stores.deliveries import DeliveryStore
from bridge.stores.recorded import RecordedStore
from bridge.stores.stages import StageStore
from tests.unit.stores.admin_tables import BUCKET, DELIVERIES, aws, deliveries_table, state_bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DELIVERY = "dlv_0123456789abcdef01234567"


@pytest.fixture
def clients() -> Iterator[tuple["DynamoDBClient", "S3Client"]]:
    with aws() as client:
        deliveries_table(client("dynamodb"))
        state_bucket(client("s3"))
        yield client("dynamodb"), client("s3")


def item(**changes: Any) -> dict[str, Any]:
    return {
        "message_id": "m-1",
        "type": "page",
        "name": "Home",
        "user": "u",
        "outcome": "filtered",
        "reason": "pages_not_tracked",
        "detail": "",
        "correlation_id": "req-1",
        "event": {"type": "page"},
    } | changes


def test_a_row_is_found_in_live_events_with_its_stages(clients: tuple["DynamoDBClient", "S3Client"]) -> None:
    stages = StageStore(clients[1], BUCKET)
    items = [item(), item(message_id="m-2", reason="duplicate")]
    RecordedStore(clients[0], DELIVERIES, stages).record(DELIVERY, "int_1", "filtered", items, NOW)
    deliveries = DeliveryStore(clients[0], DELIVERIES, lambda: NOW)
    (row,), _ = deliveries.page(10, status="filtered", integration_id="int_1")
    assert row == deliveries.get(DELIVERY)
    assert (row["status"], row["kind"], row["attempt"]) == ("filtered", "events", 0)
    assert (row["reason"], row["counts"]) == ("duplicate, pages_not_tracked", {"filtered": 2})
    assert [(one["message_id"], one["reason"]) for one in row["events"]] == [
        ("m-1", "pages_not_tracked"),
        ("m-2", "duplicate"),
    ]
    kept = stages.get(row["stages"])
    assert kept is not None
    assert (kept["input"], kept["request"]) == ([{"type": "page"}] * 2, None)
    assert kept["outcomes"][1] == {"outcome": "filtered", "reason": "duplicate", "detail": ""}


def test_what_belongs_to_no_installation_is_kept_too(clients: tuple["DynamoDBClient", "S3Client"]) -> None:
    store = RecordedStore(clients[0], DELIVERIES, StageStore(clients[1], BUCKET))
    store.record(DELIVERY, None, "rejected", [item(outcome="rejected", reason="no_identifier")], NOW)
    row = DeliveryStore(clients[0], DELIVERIES, lambda: NOW).get(DELIVERY)
    assert row is not None
    assert (row["status"], row["counts"]) == ("rejected", {"rejected": 1})


def test_a_table_that_is_away_is_told_and_stages_that_are_away_are_done_without(
    clients: tuple["DynamoDBClient", "S3Client"],
) -> None:
    store = RecordedStore(clients[0], DELIVERIES, StageStore(clients[1], "elsewhere"))
    store.record(DELIVERY, None, "filtered", [item()], NOW)
    with pytest.raises(Retryable):
        RecordedStore(clients[0], "gone", StageStore(clients[1], BUCKET)).record(
            DELIVERY, None, "filtered", [item()], NOW
        )


def test_a_row_fits_into_the_table_however_long_its_names_are(
    clients: tuple["DynamoDBClient", "S3Client"],
) -> None:
    store = RecordedStore(clients[0], DELIVERIES, StageStore(clients[1], BUCKET))
    long = "\U0001f600" * 200
    items = [item(message_id=str(number), name=long, user=long) for number in range(200)]
    store.record(DELIVERY, "int_1", "filtered", items, NOW)
    row = DeliveryStore(clients[0], DELIVERIES, lambda: NOW).get(DELIVERY)
    assert row is not None
    assert row["counts"] == {"filtered": 200}
    assert 0 < len(row["events"]) == 200 - row["events_cut"]
