"""Delivery rows as the table holds them, taken apart item by item."""

import json
from typing import Any

import pytest

from local.chaos.records import Entry, entries, silent


def row(status: str, finished: list[Any] | None = None, lines: int = 2, **more: Any) -> dict[str, Any]:
    events = [{"message_id": f"m{n}", "type": "track", "name": "Won", "user": "u1"} for n in range(lines)]
    found: dict[str, Any] = {
        "pk": {"S": "dlv_1"},
        "integration_id": {"S": "int_1"},
        "kind": {"S": "events"},
        "status": {"S": status},
        "at": {"S": "2026-11-22T10:00:00.000Z"},
        "events": {"S": json.dumps(events)},
    }
    return found | ({"finished": {"S": json.dumps(finished)}} if finished is not None else {}) | more


def read(*args: Any, **more: Any) -> list[tuple[str, str, str, bool]]:
    found: list[Entry] = list(entries([row(*args, **more)]))
    return [(one.message, one.state, one.reason, one.perhaps) for one in found]


def test_each_item_has_the_outcome_of_its_position() -> None:
    assert read("partial", [["delivered", "", "", [0]], ["rejected", "bad", "x", [1]]]) == [
        ("m0", "delivered", "", False),
        ("m1", "rejected", "bad", False),
    ]


def test_what_was_sent_again_or_without_an_answer_is_told() -> None:
    assert read("delivered", [["delivered", "resent", "", [0]], ["delivered", "", "", [1]]]) == [
        ("m0", "delivered", "resent", True),
        ("m1", "delivered", "", False),
    ]
    detail = "no; an earlier request got no answer and may have arrived"
    assert read("rejected", [["rejected", "bad", detail, [0]]], lines=1) == [("m0", "rejected", "bad", True)]
    assert read("unknown", [["unknown", "no_answer", "", [0]]], lines=1) == [
        ("m0", "dead-lettered", "no_answer", True)
    ]


@pytest.mark.parametrize("status", ["blocked", "dead", "unknown"])
def test_what_a_given_up_delivery_had_not_finished_is_a_dead_letter(status: str) -> None:
    reason = {"reason": {"S": "unauthorized"}}
    assert read(status, [["delivered", "", "", [0]]], **reason) == [
        ("m0", "delivered", "", False),
        ("m1", "dead-lettered", "unauthorized", False),
    ]


@pytest.mark.parametrize("status", ["planned", "sending", "retrying"])
def test_a_delivery_that_has_not_ended_is_under_way_but_for_what_is_finished(status: str) -> None:
    assert [state for _, state, _, _ in read(status, [["delivered", "", "", [0]]])] == [
        "delivered",
        "under way",
    ]


def test_a_row_that_ingest_left_has_its_status_and_each_line_its_reason() -> None:
    lines = [{"message_id": "m0", "type": "page", "name": "", "user": "", "reason": "pages_not_tracked"}]
    assert read("filtered", events={"S": json.dumps(lines)}) == [
        ("m0", "filtered", "pages_not_tracked", False)
    ]


def test_a_delivery_without_a_first_record_is_silent() -> None:
    begun = {name: value for name, value in row("sending").items() if name != "events"}
    assert (silent([begun, row("delivered")]), list(entries([begun]))) == (["dlv_1"], [])


def test_a_campaign_is_read_by_user_and_order() -> None:
    more = {"kind": {"S": "campaign"}, "correlation_ids": {"L": [{"S": "act-1"}]}}
    [one] = entries([row("delivered", [["delivered", "", "", [0]]], lines=1, **more)])
    assert (one.kind, one.message, one.name, one.orders) == ("campaign", "u1", "Won", ("act-1",))
