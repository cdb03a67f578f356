"""Events and purchases."""

from typing import Any

import pytest

EVENT = {"external_id": "u", "name": "Order Completed", "time": "2020-01-02T03:04:05Z"}


def events(braze: Any) -> list[Any]:
    kept: list[Any] = braze.call("GET", "/_standin/events").json()["events"]
    return kept


def test_an_event_is_kept_with_its_properties(braze: Any) -> None:
    braze.track(events=[{**EVENT, "properties": {"total": 1.5, "items": [{"sku": "a"}]}, "app_id": "app"}])
    assert events(braze) == [
        {
            "external_id": "u",
            "braze_id": braze.profile()["braze_id"],
            "name": "Order Completed",
            "time": "2020-01-02T03:04:05.000Z",
            "properties": {"total": 1.5, "items": [{"sku": "a"}]},
            "app_id": "app",
        }
    ]


def test_the_same_event_sent_twice_is_two_events_and_two_data_points(braze: Any) -> None:
    for _ in range(2):
        braze.track(events=[EVENT])
    assert (len(events(braze)), braze.counters()["data_points"]) == (2, 2)


def test_an_event_in_the_future_happened_now(braze: Any) -> None:
    braze.track(events=[{**EVENT, "time": "2999-01-01T00:00:00Z"}])
    assert events(braze)[0]["time"] == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": ""},
        {"time": None},
        {"time": "yesterday"},
        {"time": 1577934245},
        {"properties": []},
        {"properties": {"time": 1}},
        {"properties": {"event_name": "x"}},
        {"properties": {"$a": 1}},
        {"properties": {"": 1}},
        {"properties": {"a": "x" * 256}},
        {"properties": {"a": ["x" * 110_000]}},
        {"external_id": None},
    ],
)
def test_an_event_that_breaks_a_rule_is_named(braze: Any, change: Any) -> None:
    answer = braze.track(events=[EVENT, {**EVENT, **change}])
    assert answer["events_processed"] == 1
    assert {(one["input_array"], one["index"]) for one in answer["errors"]} == {("events", 1)}


def test_only_the_first_256_properties_are_kept(braze: Any) -> None:
    braze.track(events=[{**EVENT, "properties": {f"p{n}": n for n in range(300)}}])
    assert list(events(braze)[0]["properties"])[-1] == "p255"


def test_an_event_of_an_unknown_user_follows_update_only(braze: Any) -> None:
    braze.track(events=[{**EVENT, "_update_existing_only": True}])
    assert events(braze) == []


def test_events_are_paged(braze: Any) -> None:
    braze.track(events=[{**EVENT, "name": f"e{n}"} for n in range(5)])
    page = braze.call("GET", "/_standin/events?offset=3&limit=10").json()
    assert ([one["name"] for one in page["events"]], page["total"]) == (["e3", "e4"], 5)


def test_a_purchase_of_three_costs_three(braze: Any) -> None:
    purchase = {"external_id": "u", "product_id": "p", "currency": "USD", "price": 2.5, "time": "2020-01-01"}
    answer = braze.track(purchases=[{**purchase, "quantity": 3}, {**purchase, "price": "2"}])
    assert (answer["purchases_processed"], answer["errors"][0]["index"]) == (1, 1)
    assert braze.counters()["data_points"] == 3
