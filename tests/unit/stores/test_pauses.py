"""Pauses: shared by all workers, cached for two seconds by each."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bridge.errors import Retryable
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


class Interrupted:
    """A client behind whose back something happens after its first read."""

    def __init__(self, client: Any, meanwhile: Callable[[], None]) -> None:
        self.client, self.meanwhile = client, [meanwhile]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def get_item(self, **asked: Any) -> Any:
        found = self.client.get_item(**asked)
        if self.meanwhile:
            self.meanwhile.pop()()
        return found


@pytest.mark.parametrize(("other", "ends"), [(3, 600), (900, 900)])
def test_of_two_pauses_written_at_once_the_longer_stands(
    other: int, ends: int, dynamodb: Any, clock: Clock
) -> None:
    def until(seconds: int) -> datetime:
        return clock.now + timedelta(seconds=seconds)

    def meanwhile() -> None:
        store(dynamodb, clock).pause("int_1", until(other), "window_spent", now=clock.now)

    one = store(Interrupted(dynamodb, meanwhile), clock)
    one.pause("int_1", until(600), "rate_limited", now=clock.now)
    found = store(dynamodb, clock).get("int_1")
    assert (found.until, found.stood_still, one.get("int_1")) == (until(ends), float(ends), found)


def test_a_table_that_does_not_answer_is_told_as_retryable(clock: Clock) -> None:
    class Away:
        def get_item(self, **_: Any) -> Any:
            raise EndpointConnectionError(endpoint_url="x")

    with pytest.raises(Retryable):
        store(Away(), clock).get("int_1")
