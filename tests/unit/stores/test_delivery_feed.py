"""The list of deliveries: newest first, full pages, and no hour looked into that holds nothing."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.errors import Rejected
from bridge.stores import delivery_feed
from bridge.stores.deliveries import DeliveryStore
from bridge.stores.delivery_rows import fresh
from bridge.stores.feed_hours import FeedHours
from mapping.delivery import DeliveryMessage
from tests.unit.stores.delivery_tables import TABLE, aws

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
RETENTION = timedelta(days=30)


class Counted:
    """A client that counts its calls by name."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self._client, name)


@pytest.fixture
def dynamodb() -> Iterator[Counted]:
    with aws() as clients:
        yield Counted(clients["dynamodb"])


@pytest.fixture
def store(dynamodb: Counted) -> DeliveryStore:
    return DeliveryStore(dynamodb, TABLE, lambda: NOW, RETENTION)  # type: ignore[arg-type]


def put(store: DeliveryStore, number: int, ago: timedelta, **fields: str) -> str:
    """A row as `begin` writes it."""
    message = DeliveryMessage.model_validate(
        {"delivery_id": f"dlv_{number:024x}", "integration_id": "int_1", "kind": "events"}
        | {"created_at": "x", "items": [{}]}
    )
    row = fresh(message, NOW - ago, NOW, RETENTION)
    store._create(row | {name: {"S": value} for name, value in fields.items()})
    return message.delivery_id


def all_pages(store: DeliveryStore, limit: int, **wanted: Any) -> list[list[str]]:
    """The ids page by page."""
    pages: list[list[str]] = []
    cursor = None
    for _ in range(40):
        rows, cursor = store.page(limit, cursor, **wanted)
        pages.append([row["delivery_id"] for row in rows])
        if cursor is None:
            return pages
    raise AssertionError("the list has no end")


def test_pages_list_every_delivery_newest_first_over_the_hours(store: DeliveryStore) -> None:
    expected = [put(store, number, timedelta(minutes=17 * number)) for number in range(9)]
    assert all_pages(store, 2) == [expected[start : start + 2] for start in range(0, 9, 2)]
    assert all_pages(store, 100) == [expected]


def test_a_list_over_sparse_weeks_looks_only_into_hours_that_hold_rows(
    store: DeliveryStore, dynamodb: Counted
) -> None:
    expected = [put(store, number, timedelta(days=7 * number)) for number in range(4)]
    dynamodb.calls.clear()
    assert all_pages(store, 10) == [expected]
    assert dynamodb.calls == {"batch_get_item": 1, "query": 4 * 4}


def test_a_page_reads_no_more_hours_than_it_needs_as_long_as_they_hold_enough(
    store: DeliveryStore, dynamodb: Counted
) -> None:
    expected = [put(store, number, timedelta(hours=number)) for number in range(9)]
    for limit, hours in ((1, 1), (2, 2), (4, 4), (5, 9)):
        dynamodb.calls.clear()
        assert [row["delivery_id"] for row in store.page(limit)[0]] == expected[:limit]
        assert dynamodb.calls["query"] == hours * 4


def test_an_empty_list_asks_for_its_hours_alone(store: DeliveryStore, dynamodb: Counted) -> None:
    assert all_pages(store, 10) == [[]]
    assert dynamodb.calls == {"batch_get_item": 1}


def test_deliveries_older_than_the_retention_are_not_listed(store: DeliveryStore) -> None:
    put(store, 1, RETENTION + timedelta(hours=1))
    kept = put(store, 2, RETENTION - timedelta(hours=1))
    assert all_pages(store, 10) == [[kept]]


def test_deliveries_of_the_same_instant_are_all_listed(store: DeliveryStore) -> None:
    expected = {put(store, number, timedelta(0)) for number in range(9)}
    pages = all_pages(store, 2)
    assert {one for page in pages for one in page} == expected
    assert sum(map(len, pages)) == 9


def test_pages_can_be_narrowed_to_an_installation_a_status_and_a_kind(store: DeliveryStore) -> None:
    for number in range(6):
        put(
            store,
            number,
            timedelta(minutes=40 * number),
            integration_id=f"int_{number % 2}",
            status="dead" if number < 4 else "delivered",
            kind="campaign" if number == 2 else "events",
        )
    wanted = {"integration_id": "int_0", "status": "dead"}
    assert [len(page) for page in all_pages(store, 1, **wanted)] == [1, 1, 0]
    assert all_pages(store, 5, kind="campaign", **wanted) == [[f"dlv_{2:024x}"]]


def test_a_filtered_page_is_full_although_most_rows_do_not_match(
    store: DeliveryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_feed, "_FILTERED_READ", 2)
    for number in range(12):
        put(store, number, timedelta(minutes=number), kind="campaign" if number > 9 else "events")
    assert len(all_pages(store, 2, kind="campaign")[0]) == 2


def test_a_filter_that_matches_next_to_nothing_gives_short_pages_that_go_on(
    store: DeliveryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_feed, "_FILTERED_READ", 1)
    monkeypatch.setattr(delivery_feed, "MOST_READS", 2)
    monkeypatch.setattr(delivery_feed, "MOST_HOURS", 2)
    for number in range(12):
        put(store, number, timedelta(minutes=number))
    for number in range(12, 16):
        put(store, number, timedelta(hours=number))
    rare = put(store, 99, timedelta(days=9), kind="campaign")
    pages = all_pages(store, 5, kind="campaign")
    assert pages[0] == []
    assert [one for page in pages for one in page] == [rare]


def test_a_call_ends_after_so_many_rows_whether_they_match_or_not(
    store: DeliveryStore, dynamodb: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_feed, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(delivery_feed, "_TOGETHER", 1)
    for number in range(8):
        put(store, number, timedelta(hours=number // 2, minutes=number % 2))
    rare = put(store, 99, timedelta(hours=9), kind="campaign")
    pages = all_pages(store, 5, kind="campaign")
    assert (pages[0], [one for page in pages for one in page]) == ([], [rare])
    assert len(pages) > 2


def test_an_hour_is_marked_once_by_each_worker_and_outlives_its_rows(
    store: DeliveryStore, dynamodb: Counted
) -> None:
    for number in range(3):
        put(store, number, timedelta(minutes=number))
    assert dynamodb.calls["update_item"] == 1
    FeedHours(dynamodb, TABLE, RETENTION).mark("2026-11-21T09:59:59.999Z")  # type: ignore[arg-type]
    (day,) = (row for row in dynamodb.scan(TableName=TABLE)["Items"] if row["pk"]["S"].startswith("FEED#"))
    assert day["pk"] == {"S": "FEED#2026-11-21"}
    assert set(day["hours"]["SS"]) == {"09", "12"}
    assert int(day["expires_at"]["N"]) > (NOW + RETENTION + timedelta(days=1)).timestamp()


def test_more_days_than_one_call_reads_are_read_in_several(dynamodb: Counted) -> None:
    hours = FeedHours(dynamodb, TABLE, timedelta(days=150))  # type: ignore[arg-type]
    hours.mark("2026-07-01T05:00:00.000Z")
    hours.mark("2026-11-21T12:00:00.000Z")
    assert hours.between("2026-11-21T12", NOW - hours.retention) == ["2026-11-21T12", "2026-07-01T05"]
    assert dynamodb.calls["batch_get_item"] == 2


def test_a_foreign_cursor_is_refused(store: DeliveryStore) -> None:
    with pytest.raises(Rejected, match="invalid_cursor"):
        store.page(5, "bm90IG9uZQ==")


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"type": "track"}, [1, 2]),
        ({"type": "tra"}, []),
        ({"name": "Order"}, [1]),
        ({"name": 'Say "hi"'}, [2]),
        ({"user": "Zoë"}, [2]),
        ({"type": "identify", "user": "u1"}, [3]),
    ],
)
def test_rows_are_found_by_the_events_they_list(store, wanted, numbers):
    lines = {
        1: ("track", "Order Completed", "u1"),
        2: ("track", 'Say "hi"', "Zoë"),
        3: ("identify", "", "u1"),
    }
    ids = {}
    for number, line in lines.items():
        told = dict(zip(("type", "name", "user"), line, strict=True))
        events = json.dumps([{"message_id": f"m{number}", **told}], separators=(",", ":"))
        ids[number] = put(store, number, timedelta(minutes=number), events=events)
    assert all_pages(store, 10, **wanted) == [[ids[number] for number in numbers]]
