"""Delivery rows: leases, attempts, what is finished, and the list of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bridge.errors import Retryable
from bridge.stores.deliveries import DeliveryStore
from bridge.stores.delivery_changes import MOST_EVENT_BYTES
from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome, Outcome
from tests.unit.stores.delivery_tables import TABLE, aws

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
LEASE = NOW + timedelta(minutes=2)
DELIVERED = ItemOutcome(Outcome.DELIVERED)


@pytest.fixture
def clients() -> Iterator[dict[str, Any]]:
    with aws() as made:
        yield made


@pytest.fixture
def store(clients: dict[str, Any]) -> DeliveryStore:
    return DeliveryStore(clients["dynamodb"], TABLE, lambda: NOW, timedelta(hours=4))


def message(number: int = 1, **fields: Any) -> DeliveryMessage:
    base = {
        "delivery_id": f"dlv_{number:024x}",
        "integration_id": "int_1",
        "kind": "events",
        "created_at": "x",
    }
    return DeliveryMessage.model_validate(base | {"items": [{}, {}]} | fields)


def record(status: str = "delivered", **fields: Any) -> dict[str, Any]:
    base = {
        "status": status,
        "vendor_status": 201,
        "latency_ms": 12,
        "reason": "",
        "detail": "",
        "stages": None,
    }
    return (
        base
        | {"counts": {"delivered": 2}, "events": [], "finished": {0: DELIVERED}, "next_at": None}
        | fields
    )


def send(store: DeliveryStore, one: DeliveryMessage, version: int, now: datetime = NOW, **fields: Any) -> Any:
    told: dict[str, Any] = {
        "now": now,
        "lease_until": now + timedelta(minutes=2),
        "finished": {},
        "counts": True,
    } | fields
    return store.record_sent(one.delivery_id, version, **told)


def test_a_new_delivery_is_started_with_no_attempt(store: DeliveryStore) -> None:
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    assert (begin.verdict, begin.attempt, begin.finished) == ("started", 0, {})


def test_a_leased_delivery_is_left_alone_until_its_lease_ends(store: DeliveryStore) -> None:
    store.begin(message(), now=NOW, lease_until=LEASE)
    second = store.begin(message(), now=NOW, lease_until=LEASE)
    assert (second.verdict, second.until) == ("leased_until", LEASE)


def test_a_finished_delivery_stays_finished(store: DeliveryStore) -> None:
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    sent = send(store, message(), begin.version)
    assert sent is not None
    assert sent.attempt == 1
    assert store.finish(message().delivery_id, sent.version, record(), now=NOW)
    assert store.begin(message(), now=NOW, lease_until=LEASE).verdict == "already_finished"


def test_a_worker_that_lost_its_lease_can_write_nothing(store: DeliveryStore) -> None:
    late = store.begin(message(), now=NOW, lease_until=NOW)
    store.begin(message(), now=NOW + timedelta(seconds=2), lease_until=LEASE)
    assert send(store, message(), late.version) is None
    assert not store.finish(message().delivery_id, late.version, record(), now=NOW)


def test_a_delivery_found_sending_past_its_lease_is_ambiguous_and_knows_what_is_finished(
    store: DeliveryStore,
) -> None:
    begin = store.begin(message(), now=NOW, lease_until=NOW)
    send(
        store,
        message(),
        begin.version,
        lease_until=NOW,
        finished={1: ItemOutcome(Outcome.REJECTED, "bad", "why")},
    )
    found = store.begin(message(), now=NOW + timedelta(seconds=2), lease_until=LEASE)
    assert (found.verdict, found.was_out, found.attempt) == ("ambiguous", True, 1)
    assert found.finished == {1: ItemOutcome(Outcome.REJECTED, "bad", "why")}


def test_a_retry_is_hidden_until_its_time(store: DeliveryStore) -> None:
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    later = NOW + timedelta(minutes=5)
    store.finish(message().delivery_id, begin.version, record("retrying", next_at=later), now=NOW)
    assert store.begin(message(), now=NOW, lease_until=LEASE).until == later
    assert store.begin(message(), now=later, lease_until=later).verdict == "started"


def test_five_attempts_exhaust_a_delivery(store: DeliveryStore) -> None:
    moment = NOW
    for _ in range(5):
        begin = store.begin(message(), now=moment, lease_until=moment)
        assert begin.verdict == "started"
        sent = send(store, message(), begin.version, moment)
        store.finish(message().delivery_id, sent.version, record("retrying", next_at=moment), now=moment)
        moment += timedelta(minutes=1)
    assert store.begin(message(), now=moment, lease_until=moment).verdict == "exhausted"


def test_a_further_request_of_the_same_attempt_is_not_counted(store: DeliveryStore) -> None:
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    first = send(store, message(), begin.version)
    second = send(store, message(), first.version, counts=False)
    assert second.attempt == 1


def test_a_day_after_the_first_request_a_delivery_is_exhausted_unless_it_stood_still(
    store: DeliveryStore,
) -> None:
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    sent = send(store, message(), begin.version, stood_still=100.0)
    store.finish(message().delivery_id, sent.version, record("retrying", next_at=NOW), now=NOW)
    later = NOW + timedelta(hours=25)
    assert store.begin(message(), now=later, lease_until=later, stood_still=7300.0).verdict == "started"
    assert store.begin(message(), now=later, lease_until=later, stood_still=100.0).verdict == "exhausted"


def test_five_receives_without_an_outcome_are_crashes_and_an_outcome_starts_the_count_anew(
    store: DeliveryStore,
) -> None:
    verdicts = [store.begin(message(), now=NOW, lease_until=NOW - timedelta(1)).verdict for _ in range(6)]
    assert verdicts == ["started"] * 5 + ["crashes"]
    other = message(2)
    for _ in range(4):
        begin = store.begin(other, now=NOW, lease_until=NOW - timedelta(1))
    store.finish(other.delivery_id, begin.version, record("retrying", next_at=NOW), now=NOW)
    assert store.begin(other, now=NOW, lease_until=NOW).verdict == "started"


def test_a_replay_opens_a_closed_delivery_once_and_keeps_what_is_finished(store: DeliveryStore) -> None:
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    sent = send(store, message(), begin.version)
    store.finish(message().delivery_id, sent.version, record("dead"), now=NOW)
    replay = message(replay_of="ltr_1")
    opened = store.begin(replay, now=NOW, lease_until=LEASE)
    assert (opened.verdict, opened.attempt, opened.finished) == ("started", 0, {0: DELIVERED})
    store.finish(replay.delivery_id, opened.version, record(), now=NOW)
    assert store.begin(replay, now=NOW, lease_until=LEASE).verdict == "already_finished"
    assert store.begin(message(replay_of="ltr_2"), now=NOW, lease_until=LEASE).verdict == "started"


def test_a_row_stays_within_what_a_table_takes_and_says_what_it_left_out(store: DeliveryStore) -> None:
    lines = [{"message_id": "m" * 255, "type": "track", "name": "n" * 255, "user": "ü" * 255}] * 600
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    finished = {index: ItemOutcome(Outcome.REJECTED, "bad", f"{index}" * 200) for index in range(500)}
    assert store.finish(
        message().delivery_id, begin.version, record(events=lines, finished=finished), now=NOW
    )
    row = store.get(message().delivery_id)
    assert row is not None
    assert row["events_cut"] == 600 - len(row["events"]) > 0
    assert len(str(row["events"])) < MOST_EVENT_BYTES


def test_five_hundred_reasons_in_a_long_script_still_fit_a_row(store: DeliveryStore) -> None:
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    finished = {at: ItemOutcome(Outcome.REJECTED, f"{at} {'値' * 190}") for at in range(500)}
    assert store.finish(message().delivery_id, begin.version, record(finished=finished), now=NOW)
    found = store.begin(message(), now=NOW, lease_until=LEASE).finished
    assert {one.outcome for one in found.values()} == {Outcome.REJECTED}
    assert len(found) == 500


def test_a_row_is_shown_as_live_events_names_it(store: DeliveryStore) -> None:
    begin = store.begin(message(), now=NOW, lease_until=LEASE)
    line = {"message_id": "m1", "type": "track", "name": "Order Completed", "user": "u1"}
    store.finish(message().delivery_id, begin.version, record(events=[line], stages="stages/x"), now=NOW)
    row = store.get(message().delivery_id)
    assert row is not None
    assert row["at"] == "2026-11-21T12:30:00.000Z"
    assert (row["vendor_status"], row["counts"], row["events"]) == (201, {"delivered": 2}, [line])
    assert store.get("CLAIM#int_1#event#x") is None


def test_a_table_that_does_not_answer_is_told_as_retryable() -> None:
    class Away:
        def update_item(self, **_: Any) -> Any:
            raise EndpointConnectionError(endpoint_url="x")

    away: Any = Away()
    with pytest.raises(Retryable):
        DeliveryStore(away, TABLE, lambda: NOW).begin(message(), now=NOW, lease_until=LEASE)
