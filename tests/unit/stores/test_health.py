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


def test_failures_in_a_row_are_counted_from_their_first(store: HealthStore) -> None:
    store.failed("int_1", "events", "unauthorized", "update the key", now=NOW)
    store.failed("int_1", "events", "unauthorized", "update the key", now=NOW + timedelta(minutes=1))
    row: Any = store.get("int_1")
    assert (row["status"], row["reason"], row["failures"]) == ("blocked", "unauthorized", 2)
    assert (row["since"], row["at"]) == ("2026-11-21T12:00:00.000Z", "2026-11-21T12:01:00.000Z")


def test_a_success_clears_it(store: HealthStore) -> None:
    store.failed("int_1", "events", "unauthorized", "update the key", now=NOW)
    store.succeeded("int_1", "events", now=NOW)
    row: Any = store.get("int_1")
    assert (row["status"], row["failures"]) == ("healthy", 0)


def test_a_success_of_events_does_not_clear_what_blocks_campaigns(store: HealthStore) -> None:
    store.failed("int_1", "campaign", "forbidden", "no permission", now=NOW)
    store.succeeded("int_1", "events", now=NOW)
    row: Any = store.get("int_1")
    assert row["status"] == "blocked"


def test_installations_that_never_delivered_have_no_row(store: HealthStore) -> None:
    store.succeeded("int_1", "events", now=NOW)
    assert set(store.of(["int_1", "int_2"])) == {"int_1"}
