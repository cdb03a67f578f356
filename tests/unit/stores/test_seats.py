"""Seats of a lane's workers: conditional writes on few rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bridge.errors import Retryable
from bridge.stores.seats import IN_A_ROW, SeatStore
from tests.unit.stores.delivery_tables import TABLE, aws

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=2)


@pytest.fixture
def store() -> Iterator[SeatStore]:
    with aws() as made:
        yield SeatStore(made["dynamodb"], TABLE)


def test_there_are_as_many_seats_as_asked_for_and_each_installation_has_its_own(store: SeatStore) -> None:
    taken = [store.take("int_1", 5, now=NOW, until=UNTIL) for _ in range(5)]
    assert len({seat.name for seat in taken if seat}) == 5
    assert store.take("int_1", 5, now=NOW, until=UNTIL) is None
    assert store.take("int_2", 5, now=NOW, until=UNTIL)


def test_more_seats_than_a_row_has_lie_in_several(store: SeatStore) -> None:
    taken = [store.take("int_1", IN_A_ROW + 2, now=NOW, until=UNTIL) for _ in range(IN_A_ROW + 2)]
    assert len({(seat.pk, seat.name) for seat in taken if seat}) == IN_A_ROW + 2
    assert store.take("int_1", IN_A_ROW + 2, now=NOW, until=UNTIL) is None


def test_a_seat_given_back_or_run_out_is_free_again(store: SeatStore) -> None:
    seat = store.take("int_1", 1, now=NOW, until=UNTIL)
    assert seat
    store.give_back(seat)
    assert store.take("int_1", 1, now=NOW, until=UNTIL)
    assert store.take("int_1", 1, now=UNTIL - timedelta(seconds=1), until=UNTIL) is None
    assert store.take("int_1", 1, now=UNTIL, until=UNTIL + timedelta(minutes=2))


def test_a_worker_that_comes_late_does_not_give_back_another_s_seat(store: SeatStore) -> None:
    late = store.take("int_1", 1, now=NOW, until=UNTIL)
    assert late
    assert store.take("int_1", 1, now=UNTIL, until=UNTIL + timedelta(minutes=2))
    store.give_back(late)
    assert store.take("int_1", 1, now=UNTIL, until=UNTIL) is None


class Away:
    """A table nobody reaches."""

    def update_item(self, **_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")


def test_a_table_that_does_not_answer_is_said_to_be_away() -> None:
    away: Any = Away()
    with pytest.raises(Retryable):
        SeatStore(away, TABLE).take("int_1", 1, now=NOW, until=UNTIL)
