"""Pauses: shared by all workers, cached for two seconds by each."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.stores.pauses import PauseStore
from tests.unit.stores.delivery_tables import TABLE, aws


class Clock:
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clients() -> Iterator[dict[str, Any]]:
    with aws() as made:
        yield made


@pytest.fixture
def dynamodb(clients: dict[str, Any]) -> Any:
    return clients["dynamodb"]


def store(dynamodb: Any, clock: Clock) -> PauseStore:
    return PauseStore(dynamodb, TABLE, clock)


def test_an_installation_never_paused_has_no_pause(dynamodb: Any, clock: Clock) -> None:
    assert store(dynamodb, clock).get("int_1").until is None


def test_a_pause_is_seen_by_other_workers_within_two_seconds(dynamodb: Any, clock: Clock) -> None:
    one, other = store(dynamodb, clock), store(dynamodb, clock)
    other.get("int_1")
    until = clock.now + timedelta(seconds=30)
    one.pause("int_1", until, "rate_limited", now=clock.now)
    assert (one.get("int_1").until, other.get("int_1").until) == (until, None)
    clock.now += timedelta(seconds=2)
    assert other.get("int_1").until == until


def test_a_pause_is_never_shortened(dynamodb: Any, clock: Clock) -> None:
    one = store(dynamodb, clock)
    one.pause("int_1", clock.now + timedelta(seconds=60), "rate_limited", now=clock.now)
    one.pause("int_1", clock.now + timedelta(seconds=10), "rate_limited", now=clock.now)
    assert one.get("int_1").until == clock.now + timedelta(seconds=60)


def test_time_stood_still_adds_up_without_counting_an_overlap_twice(dynamodb: Any, clock: Clock) -> None:
    one = store(dynamodb, clock)
    one.pause("int_1", clock.now + timedelta(seconds=60), "rate_limited", now=clock.now)
    one.pause("int_1", clock.now + timedelta(seconds=90), "rate_limited", now=clock.now)
    clock.now += timedelta(seconds=200)
    one.pause("int_1", clock.now + timedelta(seconds=10), "rate_limited", now=clock.now)
    assert one.get("int_1").stood_still == 100.0
