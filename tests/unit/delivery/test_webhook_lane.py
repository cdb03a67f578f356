"""Webhooks through the delivery flow: what a receiver's answer does to the events of a request."""

from typing import Any

import pytest

from tests.unit.delivery.world import HOOK, WEBHOOK, World, delivery, event, identify


@pytest.fixture
def world() -> World:
    return World("webhook")


def sent(world: World) -> list[list[str]]:
    return [[item["messageId"] for item in body["batch"]] for body in world.bodies()]


def test_a_2xx_takes_every_event_whatever_it_says(world: World) -> None:
    world.vendor.answers = lambda _: (202, b"thanks")
    assert world.receive(delivery([event("m1"), identify("m2")], WEBHOOK)).status == "delivered"
    assert sent(world) == [["m1", "m2"]]


def test_the_key_goes_out_and_into_no_record(world: World) -> None:
    world.vendor.answers = lambda _: (200, {})
    world.receive(delivery([event("m1")], WEBHOOK))
    url, headers, _ = world.vendor.requests[0]
    assert (url, headers["Authorization"]) == (HOOK, "Bearer hook_key")
    assert "hook_key" not in str(vars(world.stages)) + str(vars(world.deliveries))


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_request_goes_in_halves_until_the_bad_event_stands_alone(world: World, status: int) -> None:
    def answers(body: Any) -> tuple[int, Any]:
        bad = any(item["messageId"] == "m3" for item in body["batch"])
        return (status, {"message": "m3 is odd"}) if bad else (200, {})

    world.vendor.answers = answers
    result = world.receive(delivery([event(f"m{n}") for n in range(5)], WEBHOOK))
    assert (result.counts["delivered"], result.counts["rejected"]) == (4, 1)


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "unauthorized"), (403, "forbidden"), (404, "not_found"), (302, "redirected")]
)
def test_a_receiver_that_does_not_know_us_blocks_the_installation(
    world: World, status: int, reason: str
) -> None:
    world.vendor.answers = lambda _: (status, {})
    assert world.receive(delivery([event("m1")], WEBHOOK)).wait is None
    assert [attributes["reason"] for _, attributes in world.letters.sent] == [reason]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_receiver_that_is_busy_gets_it_later(world: World, status: int) -> None:
    world.vendor.answers = lambda _: (status, {})
    assert world.receive(delivery([event("m1")], WEBHOOK)).wait
    assert world.letters.sent == []


def test_an_event_is_sent_once_although_it_comes_in_two_deliveries(world: World) -> None:
    world.vendor.answers = lambda _: (200, {})
    world.receive(delivery([event("m1")], WEBHOOK))
    world.receive(delivery([event("m1"), event("m2")], WEBHOOK, delivery_id="dlv_" + "2" * 24))
    assert sent(world) == [["m1"], ["m2"]]


def test_without_claims_it_is_sent_again() -> None:
    world = World("webhook", claims=False)
    world.vendor.answers = lambda _: (200, {})
    for number in "12":
        world.receive(delivery([event("m1")], WEBHOOK, delivery_id="dlv_" + number * 24))
    assert sent(world) == [["m1"], ["m1"]]


def test_a_delivery_of_another_kind_is_in_the_wrong_lane(world: World) -> None:
    campaign = {"campaign_id": "c", "order_id": "o", "send_before": "2026-11-21T13:00:00.000Z"}
    world.receive(delivery([{"external_id": "u"}], WEBHOOK, kind="campaign", campaign=campaign))
    assert [attributes["reason"] for _, attributes in world.letters.sent] == ["wrong_lane"]


def test_settings_that_cannot_be_used_say_which() -> None:
    world = World("webhook", batch_size=0, method="GET")
    world.receive(delivery([event("m1")], WEBHOOK))
    ((_, attributes),) = world.letters.sent
    assert (attributes["reason"], "batch_size, method" in attributes["detail"]) == ("invalid_settings", True)


@pytest.mark.parametrize("url", ["https://rest.iad-01.braze.com/hook", "https://elsewhere.example.com"])
def test_nothing_goes_to_a_host_that_is_not_listed_a_vendors_included(url: str) -> None:
    world = World("webhook", url=url)
    world.receive(delivery([event("m1")], WEBHOOK))
    assert world.vendor.requests == []
    assert [attributes["reason"] for _, attributes in world.letters.sent] == ["host_not_allowed"]
