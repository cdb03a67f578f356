"""Health rows: what blocks an installation, since when, and that a success clears it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.stores.health import HealthStore
from tests.unit.stores.delivery_tables import TABLE, aws

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def clients() -> Iterator[dict[str, Any]]:
    with aws() as made:
        yield made


@pytest.fixture
def store(clients: dict[str, Any]) -> HealthStore:
    return HealthStore(clients["dynamodb"], TABLE, lambda: NOW)


def seen(store: HealthStore) -> tuple[Any, ...]:
    row: Any = store.get("int_1")
    return row["status"], row["strikes"], row["since"]


def refused(store: HealthStore, seconds: float, reason: str = "unauthorized", **changes: Any) -> None:
    at = NOW + timedelta(seconds=seconds)
    store.failed("int_1", "events", reason, "update the key", **{"now": at, "verdict": "refused", **changes})


def test_three_refusals_half_a_minute_apart_block(store: HealthStore) -> None:
    for seconds, strikes in ((0, 1), (19, 1), (29.9, 1), (40, 2), (55, 2), (69.9, 2)):
        refused(store, seconds)
        assert seen(store) == ("degraded", strikes, "2026-11-21T12:00:00.000Z")
    refused(store, 80)
    assert seen(store) == ("blocked", 3, "2026-11-21T12:01:20.000Z")
    refused(store, 95)
    assert seen(store)[2] == "2026-11-21T12:01:20.000Z"


def test_a_success_in_between_starts_the_count_again(store: HealthStore) -> None:
    refused(store, 0)
    refused(store, 30)
    store.succeeded("int_1", "events", now=NOW + timedelta(seconds=40))
    refused(store, 60)
    assert seen(store)[:2] == ("degraded", 1)


def test_what_is_known_without_asking_the_vendor_blocks_at_once(store: HealthStore) -> None:
    refused(store, 0, "secret_missing", verdict="blocked")
    assert seen(store)[0] == "blocked"


def test_a_vendor_that_is_away_only_degrades_however_long(store: HealthStore) -> None:
    for minutes in range(5):
        refused(store, 60 * minutes, "vendor_unavailable", verdict="degraded")
    assert seen(store) == ("degraded", 0, "2026-11-21T12:00:00.000Z")


def test_the_strikes_of_two_workers_count_together(store: HealthStore, clients: dict[str, Any]) -> None:
    other = HealthStore(clients["dynamodb"], TABLE, lambda: NOW)
    refused(store, 0)
    refused(other, 31)
    refused(store, 62)
    assert seen(other)[:2] == ("blocked", 3)


def test_the_same_failure_is_noted_every_ten_seconds_at_most(store: HealthStore) -> None:
    for tenths in range(100):
        refused(store, tenths / 10)
    refused(store, 5, "not_found")
    row: Any = store.get("int_1")
    assert (row["failures"], row["reason"]) == (2, "not_found")


def test_a_row_of_an_earlier_version_is_read(store: HealthStore, clients: dict[str, Any]) -> None:
    texts = {
        "pk": "HEALTH#int_1#events",
        "status": "blocked",
        "kind": "events",
        "reason": "unauthorized",
        "hint": "",
    }
    old = {name: {"S": value} for name, value in {**texts, "since": "x", "at": "x"}.items()}
    clients["dynamodb"].put_item(TableName=TABLE, Item={**old, "failures": {"N": "1"}})
    refused(store, 0)
    assert seen(store)[:2] == ("degraded", 1)


def test_a_success_clears_it(store: HealthStore) -> None:
    store.failed("int_1", "events", "unauthorized", "update the key", now=NOW)
    store.succeeded("int_1", "events", now=NOW)
    row: Any = store.get("int_1")
    assert (row["status"], row["failures"], row["strikes"]) == ("healthy", 0, 0)


def test_a_success_of_events_does_not_clear_what_blocks_campaigns(store: HealthStore) -> None:
    store.failed("int_1", "campaign", "forbidden", "no permission", now=NOW)
    store.succeeded("int_1", "events", now=NOW)
    row: Any = store.get("int_1")
    assert row["status"] == "blocked"


def test_each_kind_of_delivery_recovers_by_itself_whatever_failed_last(store: HealthStore) -> None:
    store.failed("int_1", "events", "unauthorized", "update the key", now=NOW)
    store.failed("int_1", "audience", "unauthorized", "update the key", now=NOW)
    store.succeeded("int_1", "audience", now=NOW)
    assert seen(store)[0] == "blocked"
    store.succeeded("int_1", "events", now=NOW)
    assert seen(store)[0] == "healthy"


def test_a_passing_failure_of_events_hides_nothing_that_blocks_campaigns(store: HealthStore) -> None:
    store.failed("int_1", "campaign", "forbidden", "no permission", now=NOW)
    store.failed("int_1", "events", "vendor_unavailable", "", now=NOW, verdict="degraded")
    store.succeeded("int_1", "events", now=NOW)
    row: Any = store.get("int_1")
    assert (row["status"], row["kind"], row["reason"]) == ("blocked", "campaign", "forbidden")


@pytest.mark.parametrize("kind", ["events", "campaign", "audience"])
def test_a_passed_test_clears_whatever_is_noted(store: HealthStore, kind: str) -> None:
    store.failed("int_1", kind, "secret_missing", "hint", now=NOW)
    assert seen(store)[0] == "blocked"
    store.mended("int_1", now=NOW + timedelta(seconds=5))
    assert seen(store) == ("healthy", 0, "2026-11-21T12:00:05.000Z")


def test_a_passed_test_of_what_is_healthy_says_when_and_leaves_since_when(store: HealthStore) -> None:
    store.mended("int_1", now=NOW)
    store.mended("int_1", now=NOW + timedelta(hours=1))
    row: Any = store.get("int_1")
    assert (row["status"], row["since"], row["at"]) == (
        "healthy",
        "2026-11-21T12:00:00.000Z",
        "2026-11-21T13:00:00.000Z",
    )


def test_installations_that_never_delivered_have_no_row(store: HealthStore) -> None:
    store.succeeded("int_1", "events", now=NOW)
    assert set(store.of(["int_1", "int_2"])) == {"int_1"}
