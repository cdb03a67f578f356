"""Live events: each planned vendor request and its four stages."""

import pytest

from tests.unit.install.loading import event
from tests.unit.operations.fakes import delivery

STAGES = {
    "input": [1],
    "mapped": [2],
    "request": {"path": "/"},
    "response": {"status": 200},
    "outcomes": ["delivered"],
}


def ids(body):
    return [row["delivery_id"] for row in body["data"]]


def test_a_delivery_is_listed_with_its_vendor_status(ask, world):
    world.deliveries.rows = [delivery()]
    status, body = ask(event("operations.live_events"))
    assert status == 200
    row = delivery()
    del row["stages"]
    assert body == {"data": [row], "next_cursor": None, "has_more": False}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("integration_id=int_2", ["dlv_2"]),
        ("status=rejected", ["dlv_3"]),
        ("kind=campaign", ["dlv_2"]),
        ("integration_id=int_1&status=delivered", ["dlv_1"]),
        ("type=identify", ["dlv_2"]),
        ("name=Order", ["dlv_1", "dlv_3"]),
        ("user=u2&type=identify", ["dlv_2"]),
        ("user=u2&type=track", []),
        ("integration_id=&status=&kind=&type=&name=&user=", ["dlv_1", "dlv_2", "dlv_3"]),
    ],
)
def test_deliveries_are_found_by_installation_status_kind_and_event(ask, world, query, found):
    world.deliveries.rows = [
        delivery(1),
        delivery(
            2,
            integration_id="int_2",
            kind="campaign",
            events=[{"message_id": "m", "type": "identify", "name": "", "user": "u2"}],
        ),
        delivery(3, status="rejected"),
    ]
    assert ids(ask("GET", f"/v1/admin/live-events?{query}")[1]) == found


def test_pages_follow_each_other(ask, world):
    world.deliveries.rows = [delivery(number) for number in range(5)]
    _, first = ask("GET", "/v1/admin/live-events?limit=3")
    _, second = ask("GET", f"/v1/admin/live-events?limit=3&cursor={first['next_cursor']}")
    assert ids(first) + ids(second) == [f"dlv_{number}" for number in range(5)]
    assert (first["has_more"], second["has_more"]) == (True, False)


def test_a_delivery_shows_its_four_stages(ask, world):
    world.deliveries.rows = [delivery()]
    world.stages.kept = {"stages/2026-11-22/dlv_1.json": STAGES}
    status, body = ask("GET", "/v1/admin/live-events/dlv_1")
    assert status == 200
    assert body["stages"] == {name: STAGES[name] for name in ("input", "mapped", "request", "response")}
    assert body["outcomes"] == ["delivered"]


@pytest.mark.parametrize("stages", [None, "stages/2026-01-01/dlv_1.json"])
def test_stages_that_are_gone_are_null(ask, world, stages):
    world.deliveries.rows = [delivery(stages=stages)]
    assert ask("GET", "/v1/admin/live-events/dlv_1")[1]["stages"] == dict.fromkeys(
        ("input", "mapped", "request", "response")
    )


def test_an_unknown_delivery_is_a_404(ask):
    assert ask("GET", "/v1/admin/live-events/dlv_nobody")[0] == 404
