"""What goes out in one request, which item it came from, and what merging makes of several changes."""

import json
from typing import Any

import pytest

from mapping.braze import BrazeObject
from mapping.braze_requests import last_of_each_user, plan_track
from mapping.braze_rows import to_recipient
from mapping.outcome import ItemOutcome, Outcome
from tests.unit.mapping.signal_events import AT


def change(user: str = "u-1", **attributes: Any) -> list[BrazeObject]:
    """An item that changes a profile."""
    return [("attributes", {"external_id": user} | attributes)]


def happened(name: str, user: str = "u-1") -> list[BrazeObject]:
    """An item that is an event."""
    return [("events", {"external_id": user, "name": name, "time": AT})]


def test_changes_of_one_user_are_one_object_and_the_later_wins() -> None:
    request = plan_track([change(a=1, b=1), happened("e"), change(b=2, c=2), change("u-2", a=9)])
    assert request.attributes == (
        {"external_id": "u-1", "a": 1, "b": 2, "c": 2},
        {"external_id": "u-2", "a": 9},
    )
    assert request.owners == {"attributes": ((0, 2), (3,)), "events": ((1,),)}
    assert request.objects == 3


def test_later_is_by_the_events_time_and_ties_keep_their_order() -> None:
    times = ["2026-09-01T12:00:00.001Z", AT, AT]
    request = plan_track([change(a="newest"), change(a="old"), change(a="less old", b=1)], times=times)
    assert request.attributes == ({"external_id": "u-1", "a": "newest", "b": 1},)
    assert request.owners["attributes"] == ((1, 2, 0),)


def test_events_keep_their_order_and_are_never_merged() -> None:
    request = plan_track([happened("b"), happened("a"), happened("b")], times=["3", "2", "1"])
    assert [event["name"] for event in request.events] == ["b", "a", "b"]


def test_users_by_external_id_and_by_braze_id_are_kept_apart() -> None:
    request = plan_track([change("x", a=1), [("attributes", {"braze_id": "x", "a": 2})]])
    assert len(request.attributes) == 2


def test_times_are_given_for_all_items_or_none() -> None:
    with pytest.raises(ValueError, match="every item"):
        plan_track([change(a=1)], times=["1", "2"])


COMBINED = [
    ({"inc": 1}, {"inc": 2}, {"inc": 3}),
    (5, {"inc": 2}, 7),
    ({"inc": 2}, 5, 5),
    ({"add": ["a"]}, {"add": ["b"]}, {"add": ["a", "b"]}),
    ({"remove": ["a"]}, {"remove": ["b"]}, {"remove": ["a", "b"]}),
    (["a"], {"add": ["b"]}, ["a", "b"]),
    (["a", "b"], {"add": ["a"]}, ["b", "a"]),
    ({"add": ["a", "b"]}, {"add": ["a"]}, {"add": ["b", "a"]}),
    ([1, True, "1"], {"add": [1]}, [True, "1", 1]),
    (["a", "b", "a"], {"remove": ["a"]}, ["b"]),
    ([{"a": 1}], {"$add": [{"a": 2}]}, [{"a": 1}, {"a": 2}]),
    ({"$add": [{"a": 1}]}, {"$add": [{"a": 2}]}, {"$add": [{"a": 1}, {"a": 2}]}),
    ({"add": ["a"]}, ["b"], ["b"]),
    ({"a": 1}, {"b": 2}, {"b": 2}),
    ({"$time": AT}, {"$time": "2026-09-02"}, {"$time": "2026-09-02"}),
]


@pytest.mark.parametrize(("earlier", "later", "both"), COMBINED)
def test_operators_add_up_and_values_replace(earlier: object, later: object, both: object) -> None:
    request = plan_track([change(v=earlier), change(v=later)])
    assert request.attributes == ({"external_id": "u-1", "v": both},)


@pytest.mark.parametrize(
    ("earlier", "later", "both"),
    [
        ({"a": {"x": 1}}, {"a": {"y": 2}, "b": 3}, {"a": {"x": 1, "y": 2}, "b": 3}),
        ({"a": 1}, {"$time": AT}, {"$time": AT}),
        ({"$time": AT}, {"a": 1}, {"a": 1}),
        ({"a": {"x": 1}}, {"a": {"$time": AT}}, {"a": {"$time": AT}}),
        ({"a": {"$time": AT}}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": 1}, ["b"], ["b"]),
    ],
)
def test_objects_are_merged_key_by_key_and_a_time_is_no_object(
    earlier: object, later: object, both: object
) -> None:
    request = plan_track([change(v=earlier, _merge_objects=True), change(v=later, _merge_objects=True)])
    assert request.attributes == ({"external_id": "u-1", "v": both, "_merge_objects": True},)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"add": ["a"]}, {"remove": ["a"]}),
        ("text", {"inc": 1}),
        ({"add": "a"}, {"add": ["b"]}),
        ([{"a": 1}], {"$update": [{"$identifier_key": "a"}]}),
        ({"$add": [{"a": 1}], "$remove": []}, {"$add": [{"a": 2}]}),
        pytest.param(list(range(500)), {"add": ["b"]}, id="an array with one item too many"),
        pytest.param({"$add": [{"a": "x" * 60_000}]}, {"$add": [{"a": "y" * 60_000}]}, id="too many bytes"),
    ],
)
def test_what_only_braze_can_work_out_waits_for_the_next_request_with_all_that_follows_of_the_user(
    earlier: object, later: object
) -> None:
    request = plan_track([change(v=earlier), change("u-2", w=1), change(v=later), change(w=1)])
    assert request.attributes == ({"external_id": "u-1", "v": earlier}, {"external_id": "u-2", "w": 1})
    assert (request.owners["attributes"], request.waiting) == (((0,), (1,)), (2, 3))


def test_an_object_that_follows_an_operator_under_merging_waits() -> None:
    changes = [change(v=value, _merge_objects=True) for value in ({"$add": [{"a": 1}]}, {"a": 1})]
    assert plan_track(changes).waiting == (1,)


def test_the_body_is_compact_ascii_and_leaves_empty_arrays_out() -> None:
    body = plan_track([change(name="\u00e9\ud83d")]).body()
    assert body == b'{"attributes":[{"external_id":"u-1","name":"\\u00e9\\ud83d"}]}'
    assert json.loads(plan_track([happened("e")]).body()).keys() == {"events"}


def test_an_empty_plan_is_an_empty_body() -> None:
    assert plan_track([]).body() == b"{}"


def test_recipients_carry_their_own_properties_and_duplicates_collapse_to_the_last() -> None:
    first = {"external_user_id": "u-1", "trigger_properties": {"n": 1}}
    other = {"braze_id": "u-1"}
    last = {"external_user_id": "u-1", "trigger_properties": {"n": 2}}
    assert last_of_each_user([first, other, last]) == [last, other]


@pytest.mark.parametrize(
    ("row", "recipient"),
    [
        ({"external_id": "u"}, {"external_user_id": "u"}),
        ({"braze_id": "b"}, {"braze_id": "b"}),
        ({"external_id": "u", "braze_id": "b"}, {"external_user_id": "u"}),
        ({"external_id": "", "braze_id": "b"}, {"braze_id": "b"}),
        ({"external_id": 42}, {"external_user_id": "42"}),
        (
            {"external_id": "u", "coupon": "X", "gone": None, "broadcast": True},
            {"external_user_id": "u", "trigger_properties": {"coupon": "X", "broadcast": True}},
        ),
    ],
)
def test_a_row_is_a_recipient_and_its_other_columns_are_trigger_properties(
    row: dict[str, Any], recipient: dict[str, Any]
) -> None:
    assert to_recipient(row) == recipient


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("text", "not_an_object"),
        ({}, "empty_identifier"),
        ({"external_id": "  "}, "empty_identifier"),
        ({"external_id": True}, "empty_identifier"),
        ({"external_id": "u" * 988}, "external_id_too_long"),
        ({"external_id": "u", "n": float("nan")}, "bad_number"),
        ({"external_id": "u", "n": "x" * 50_001}, "trigger_properties_too_large"),
    ],
)
def test_a_row_that_addresses_nobody_is_rejected(row: object, reason: str) -> None:
    mapped = to_recipient(row)
    assert isinstance(mapped, ItemOutcome)
    assert (mapped.outcome, mapped.reason) == (Outcome.REJECTED, reason)
