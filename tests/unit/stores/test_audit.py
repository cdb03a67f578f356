"""The audit log: newest first, across the months."""

from collections.abc import Iterator

import pytest

from bridge.errors import Rejected, Retryable
from bridge.stores.audit import AuditStore
from tests.unit.stores.admin_tables import Clock, aws, installations_table


@pytest.fixture
def store() -> Iterator[AuditStore]:
    with aws() as client:
        dynamodb = client("dynamodb")
        yield AuditStore(dynamodb, installations_table(dynamodb), Clock())


def entry(day: str, number: int = 0) -> dict[str, str]:
    return {"id": f"aud_{number}", "timestamp": f"{day}T10:00:00.000Z", "action": "integration.updated"}


def test_entries_come_newest_first_across_months(store):
    for day in ("2026-09-30", "2026-11-01", "2026-11-20"):
        store.put(entry(day))
    entries, cursor = store.page(10)
    assert [one["timestamp"][:10] for one in entries] == ["2026-11-20", "2026-11-01", "2026-09-30"]
    assert cursor is None


def test_pages_follow_each_other_without_gap_or_repeat(store):
    wanted = [entry(f"2026-{month:02}-15", number) for month in (8, 9, 10, 11) for number in range(3)]
    for one in wanted:
        store.put(one)
    seen, cursor = store.page(5)
    while cursor:
        entries, cursor = store.page(5, cursor)
        seen += entries
    assert seen == wanted[::-1]


def test_a_page_that_ends_exactly_has_no_next(store):
    store.put(entry("2026-11-01"))
    assert store.page(1)[1] is None


def test_an_entry_of_the_same_id_and_time_takes_the_others_place(store):
    store.put(entry("2026-11-01") | {"outcome": "requested"})
    store.put(entry("2026-11-01") | {"outcome": "done"})
    assert [one["outcome"] for one in store.page(10)[0]] == ["done"]


def test_a_log_that_is_away_is_told_as_retryable():
    with aws() as client:
        store = AuditStore(client("dynamodb"), "no such table", Clock())
        for call in (lambda: store.put(entry("2026-11-01")), lambda: store.page(1)):
            with pytest.raises(Retryable, match="audit_unavailable"):
                call()


def test_an_invented_cursor_is_refused(store):
    with pytest.raises(Rejected, match="invalid_cursor"):
        store.page(1, "2026-13-01")
