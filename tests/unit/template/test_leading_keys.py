"""Roles that may write some rows of a table alone, and the rows that the stores write for them."""

from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest

from bridge.stores.activations import ActivationStore
from bridge.stores.audit import AuditStore
from bridge.stores.feed_hours import FeedHours
from bridge.stores.health import HealthStore
from bridge.stores.notices import NoticeStore
from bridge.stores.tokens import TokenStore
from tests.unit.template.test_permissions import several, statements, text
from tests.unit.template.test_queues import Resources

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Table:
    """Finds the row it was given last, and remembers the partition keys that were written."""

    def __init__(self) -> None:
        self.row: dict[str, Any] = {}
        self.written: list[str] = []

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": self.row} if self.row else {}

    def put_item(self, **asked: Any) -> None:
        self.row = asked["Item"]
        self.written.append(self.row["pk"]["S"])

    def update_item(self, **asked: Any) -> None:
        self.written.append(asked["Key"]["pk"]["S"])


def now() -> datetime:
    return NOW


def a_token_is_used(table: Any) -> None:
    store = TokenStore(table, "t", now)
    _, secret = store.create("Ada", "viewer")
    table.written.clear()
    assert store.by_token(secret)


def an_order_begins(table: Any) -> None:
    ActivationStore(table, "t").begin("act_1", "digest", NOW)


def an_order_is_answered(table: Any) -> None:
    ActivationStore(table, "t").finish("act_1", "{}")


def somebody_did_something(table: Any) -> None:
    AuditStore(table, "t", now).put({"id": "aud_1", "timestamp": "2026-11-22T12:00:00.000Z"})


def a_test_passed(table: Any) -> None:
    HealthStore(table, "t", now).mended("int_1", now=NOW)


def an_hour_has_rows(table: Any) -> None:
    FeedHours(table, "t", NOW - NOW).mark("2026-11-22T12:00:00.000Z")


def somebody_was_told(table: Any) -> None:
    NoticeStore(table, "t", now).told("RUN#run_1")


PUT, UPDATE = "dynamodb:PutItem", "dynamodb:UpdateItem"
INSTALLATIONS, DELIVERIES = "InstallationsTable", "DeliveriesTable"
NARROW = [
    ("AuthorizerRole", UPDATE, INSTALLATIONS, a_token_is_used),
    ("CollectRole", UPDATE, INSTALLATIONS, a_token_is_used),
    ("CollectRole", PUT, INSTALLATIONS, an_order_begins),
    ("CollectRole", UPDATE, INSTALLATIONS, an_order_is_answered),
    ("OperationsRole", PUT, INSTALLATIONS, somebody_did_something),
    ("AudiencePlanRole", PUT, INSTALLATIONS, somebody_did_something),
    ("DeadLetterRole", PUT, INSTALLATIONS, somebody_did_something),
    ("InstallRole", PUT, DELIVERIES, a_test_passed),
    ("IngestRole", UPDATE, DELIVERIES, an_hour_has_rows),
    ("WatchRole", PUT, DELIVERIES, somebody_was_told),
]


def conditions(resources: Resources, role: str, action: str, table: str) -> list[dict[str, Any]]:
    """Those of every statement that lets the role do this to the table."""
    return [
        one.get("Condition", {})
        for name, one in statements(resources)
        if name == role
        and action in several(one["Action"])
        and f"['{table}', 'Arn']" in map(text, several(one["Resource"]))
    ]


def keys(condition: dict[str, Any]) -> list[str]:
    return condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [])


@pytest.mark.parametrize(("role", "action", "table", "write"), NARROW)
def test_a_role_may_write_the_rows_its_store_writes_and_no_others(
    resources: Resources, role: str, action: str, table: str, write: Callable[[Any], None]
) -> None:
    rows = Table()
    write(rows)
    found = conditions(resources, role, action, table)
    assert all(map(keys, found)), "somewhere it may write any row"
    patterns = [pattern for one in found for pattern in keys(one)]
    assert rows.written
    assert all(any(fnmatchcase(pk, pattern) for pattern in patterns) for pk in rows.written)


@pytest.mark.parametrize(
    ("role", "rows"), [("AuthorizerRole", {"TOKEN"}), ("CollectRole", {"TOKEN", "ACTIVATION"})]
)
def test_what_strangers_reach_can_make_no_token(resources: Resources, role: str, rows: set[str]) -> None:
    """Of a token it may note when it was used last; sources and installations it cannot write at all."""
    writes = {
        action: conditions(resources, role, action, INSTALLATIONS)
        for action in (PUT, UPDATE, "dynamodb:DeleteItem", "dynamodb:BatchWriteItem")
    }
    assert {key for found in writes.values() for one in found for key in keys(one)} == rows
    assert all(keys(one) for found in writes.values() for one in found)
    of_tokens = {action: [one for one in found if "TOKEN" in keys(one)] for action, found in writes.items()}
    assert [one["ForAllValues:StringEquals"] for one in of_tokens.pop(UPDATE)] == [
        {"dynamodb:Attributes": ["pk", "sk", "last_used_at"]}
    ]
    assert not any(of_tokens.values())
