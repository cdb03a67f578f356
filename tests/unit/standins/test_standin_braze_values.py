"""What a custom attribute value does."""

from typing import Any

import pytest


@pytest.mark.parametrize("value", [True, False, 7, -1.5, "text", "", ["a", 1], {"a": {"b": 1}}])
def test_every_type_of_value_is_kept(braze: Any, value: Any) -> None:
    braze.attributes(x=value)
    assert braze.custom() == {"x": value}


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05.000Z"),
        ("2024-01-02T03:04:05:678Z", "2024-01-02T03:04:05.678Z"),
        ("2024-01-02T03:04:05+02:00", "2024-01-02T01:04:05.000Z"),
        ("2024-01-02T03:04:05 Moon", "2024-01-02T03:04:05.000Z"),
        ("2024-01-02 03:04:05", "2024-01-02T03:04:05.000Z"),
        ("2024-01-02", "2024-01-02T00:00:00.000Z"),
        ("12/1/2021", "2021-12-01T00:00:00.000Z"),
        ("2.1.2024", "2.1.2024"),
        ("2024-13-02", "2024-13-02"),
        ("3001-01-01", "3001-01-01"),
        ("20240102", "20240102"),
    ],
)
def test_a_string_in_a_known_date_format_becomes_a_time(braze: Any, text: str, stored: str) -> None:
    braze.attributes(x=text)
    assert braze.custom() == {"x": stored}


def test_null_removes_an_attribute(braze: Any) -> None:
    braze.attributes(x=1, y=2)
    braze.attributes(x=None)
    assert braze.custom() == {"y": 2}


def test_an_empty_string_clears_no_boolean(braze: Any) -> None:
    braze.attributes(x=True)
    braze.attributes(x="")
    assert braze.custom() == {"x": True}


def test_a_string_above_255_characters_vanishes_without_an_error(braze: Any) -> None:
    braze.attributes(x="old")
    assert "errors" not in braze.attributes(x="é" * 256)
    assert braze.custom() == {"x": "old"}


def test_increments_are_integers_and_start_from_nothing(braze: Any) -> None:
    for step in (5, -2, 1.5, "1"):
        braze.attributes(x={"inc": step})
    assert braze.custom() == {"x": 3}


def test_array_values_are_unique_and_readding_moves_to_the_end(braze: Any) -> None:
    braze.attributes(x=["a", "a", "b"])
    assert braze.custom() == {"x": ["a", "b"]}
    braze.attributes(x={"add": ["a"]})
    assert braze.custom() == {"x": ["b", "a"]}
    braze.attributes(x={"remove": ["b", "absent"]})
    assert braze.custom() == {"x": ["a"]}


def test_adding_to_nothing_makes_an_array(braze: Any) -> None:
    braze.attributes(x={"add": ["a"]})
    assert braze.custom() == {"x": ["a"]}


def test_an_array_keeps_its_newest_500_values(braze: Any) -> None:
    braze.attributes(x=list(range(501)))
    assert braze.custom()["x"] == list(range(1, 501))
    braze.attributes(x={"add": ["new"]})
    assert (len(braze.custom()["x"]), braze.custom()["x"][-1]) == (500, "new")


def test_dollar_operators_do_nothing_to_a_plain_array_of_strings(braze: Any) -> None:
    braze.attributes(x=["a"])
    braze.attributes(x={"$add": ["b"]})
    assert braze.custom() == {"x": ["a"]}


def test_arrays_of_objects_take_dollar_operators(braze: Any) -> None:
    braze.attributes(x=[{"id": 1, "n": "a"}, {"id": 2, "n": "b"}])
    braze.attributes(x={"$add": [{"id": 3}]})
    braze.attributes(x={"$remove": [{"$identifier_key": "id", "$identifier_value": 2}]})
    assert braze.custom() == {"x": [{"id": 1, "n": "a"}, {"id": 3}]}


@pytest.mark.parametrize(("merge", "left"), [(True, {"id": 1, "n": "a", "k": 1}), (False, {"k": 1})])
def test_updating_an_object_of_an_array_overwrites_unless_merged(braze: Any, merge: bool, left: Any) -> None:
    braze.attributes(x=[{"id": 1, "n": "a"}])
    step = {"$identifier_key": "id", "$identifier_value": 1, "$new_object": {"k": 1}}
    braze.attributes(x={"$update": [step]}, _merge_objects=merge)
    assert braze.custom() == {"x": [left]}


@pytest.mark.parametrize(
    ("merge", "left"), [(True, {"a": {"b": 1, "c": 2}, "d": 1}), (False, {"a": {"c": 2}})]
)
def test_an_object_is_replaced_unless_merged(braze: Any, merge: bool, left: Any) -> None:
    braze.attributes(x={"a": {"b": 1}, "d": 1})
    braze.attributes(x={"a": {"c": 2}}, _merge_objects=merge)
    assert braze.custom() == {"x": left}


def test_a_date_inside_an_object_needs_the_time_marker(braze: Any) -> None:
    braze.attributes(x={"a": {"$time": "2024-01-02"}, "b": "2024-01-02"})
    assert braze.custom() == {"x": {"a": "2024-01-02T00:00:00.000Z", "b": "2024-01-02"}}


@pytest.mark.parametrize("bad", [None, {"$time": "soon"}, {"$time": 7}])
def test_a_bad_nested_value_drops_the_whole_nested_update(braze: Any, bad: Any) -> None:
    braze.attributes(x={"a": 1})
    assert "errors" not in braze.attributes(x={"a": 2, "b": bad}, y=1)
    assert braze.custom() == {"x": {"a": 1}, "y": 1}


def test_an_object_that_grows_too_big_stays_as_it_was(braze: Any) -> None:
    braze.attributes(x={"a": 1})
    braze.attributes(x={"a": ["b" * 200 for _ in range(300)]})
    assert braze.custom() == {"x": {"a": 1}}


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("boolean", "T", True),
        ("boolean", 0, False),
        ("boolean", "yes", None),
        ("number", "7", None),
        ("number", 7, 7),
        ("number", True, None),
        ("string", 7, None),
        ("string", "2024-01-02", "2024-01-02"),
        ("time", "2024-01-02", "2024-01-02T00:00:00.000Z"),
        ("time", "tomorrow", None),
        ("array", {"add": [1]}, [1]),
        ("object", [1], None),
    ],
)
def test_a_forced_type_ignores_other_values_silently(braze: Any, kind: str, value: Any, stored: Any) -> None:
    braze.modes(forced_types={"x": kind})
    assert "errors" not in braze.attributes(x=value)
    assert braze.custom().get("x") == stored


def test_a_blocklisted_attribute_is_swallowed_and_costs_nothing(braze: Any) -> None:
    braze.modes(blocklist=["x"])
    assert "errors" not in braze.attributes(x=1, y=1)
    assert braze.custom() == {"y": 1}
    assert braze.counters()["data_points"] == 1


def test_names_are_trimmed_and_case_sensitive(braze: Any) -> None:
    braze.attributes(**{" x ": 1, "X": 2})
    assert braze.custom() == {"x": 1, "X": 2}


@pytest.mark.parametrize(
    ("attributes", "points"),
    [
        ({"x": 1, "y": True}, 2),
        ({"x": None}, 1),
        ({"x": [1, 2, 3]}, 1),
        ({"x": {"add": ["a", "b"]}}, 1),
        ({"x": {"inc": 1}}, 1),
        ({"x": {"a": 1, "b": 2}}, 2),
        ({"x": [{"a": 1, "b": 2}, {"a": 3}]}, 3),
        ({"x": {"$add": [{"a": 1, "b": 2}]}}, 2),
        ({"email": "x@y.zz", "country": "US", "email_subscribe": "subscribed"}, 2),
    ],
)
def test_the_meter_charges_what_is_received(braze: Any, attributes: Any, points: int) -> None:
    braze.attributes(**attributes)
    assert braze.counters()["data_points"] == points


def test_the_meter_charges_unchanged_values_again(braze: Any) -> None:
    for _ in range(3):
        braze.attributes(x=1)
    assert braze.counters()["data_points"] == 3


def test_inside_a_request_attributes_apply_before_events_and_later_objects_win(braze: Any) -> None:
    braze.track(attributes=[{"external_id": "u", "x": 1}, {"external_id": "u", "x": 2}])
    assert braze.custom() == {"x": 2}


def test_a_delayed_request_is_accepted_before_it_shows(braze: Any) -> None:
    braze.modes(apply_delay=5)
    braze.attributes(x=1)
    assert braze.counters()["profiles"] == 0
    braze.clock.now += 5
    assert braze.custom() == {"x": 1}


@pytest.mark.parametrize(("order", "winner"), [("arrival", 2), ("reverse", 1)])
def test_two_requests_for_one_user_may_apply_in_the_wrong_order(braze: Any, order: str, winner: int) -> None:
    braze.modes(apply_delay=60, apply_order=order)
    for value in (1, 2):
        braze.attributes(x=value)
    braze.call("POST", "/_standin/settle")
    assert braze.custom() == {"x": winner}


def test_random_order_is_the_same_for_the_same_seed(braze: Any) -> None:
    seen = []
    for _ in range(2):
        braze.call("POST", "/_standin/reset")
        braze.modes(apply_delay=60, apply_order="random")
        for value in range(10):
            braze.attributes(x=value)
        braze.call("POST", "/_standin/settle")
        seen.append(braze.custom()["x"])
    assert seen[0] == seen[1]
