"""What becomes of each item of a Braze delivery: errors led back through merges and splits, and repeats told apart."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.delivery.world import World, delivery, event, identify, success

AT = "2026-11-21T09:00:0{}.000Z"


@pytest.fixture
def world() -> World:
    return World()


def person(number: int, **traits: Any) -> dict[str, Any]:
    """The number-th change of one user."""
    return identify(f"m{number}", **traits) | {"timestamp": AT.format(number)}


def refusing(wrong: Callable[[dict[str, Any]], bool], status: int = 201) -> Callable[[Any], tuple[int, Any]]:
    """Braze that refuses such attributes objects by name, beside a 201 or with a 400 for all."""

    def answers(body: Any) -> tuple[int, Any]:
        found = [at for at, one in enumerate(body.get("attributes", ())) if wrong(one)]
        errors = [{"type": "EMAIL_BAD_FORMAT", "input_array": "attributes", "index": at} for at in found]
        if not errors:
            return success(body)
        return status, {"message": "success" if status == 201 else "invalid", "errors": errors}

    return answers


def outcomes(world: World) -> list[tuple[str, str]]:
    [stages] = world.stages.kept.values()
    return [(one["outcome"], one["reason"]) for one in stages["outcomes"]]


@pytest.mark.parametrize("status", [201, 400])
def test_of_changes_that_were_refused_as_one_object_the_good_ones_still_arrive(
    world: World, status: int
) -> None:
    world.vendor.answers = refusing(lambda one: one.get("email") == "bad", status)
    world.receive(delivery([person(1, plan="free"), person(2, email="bad"), person(3, plan="gold")]))
    assert outcomes(world) == [("delivered", ""), ("rejected", "email_bad_format"), ("delivered", "")]
    alone = [body["attributes"] for body in world.bodies()[1:]]
    assert [one.get("plan") for [one] in alone] == ["free", None, "gold"], "in the order they happened"


def test_what_may_have_been_counted_before_the_refusal_is_not_sent_again(world: World) -> None:
    world.vendor.answers = refusing(lambda one: one.get("email") == "bad")
    world.receive(delivery([person(1, visits={"inc": 1}), person(2, email="bad")]))
    assert outcomes(world) == [("rejected", "email_bad_format")] * 2
    assert len(world.bodies()) == 1


@pytest.mark.parametrize(
    "named", [{"index": 99}, {"index": -1}, {"index": True}, {"input_array": "attributes", "index": 0}]
)
def test_a_400_that_names_nothing_that_was_sent_is_halved_until_the_poison_stands_alone(
    world: World, named: dict[str, Any]
) -> None:
    def answers(body: Any) -> tuple[int, Any]:
        if all(one["external_id"] != "poison" for one in body["events"]):
            return success(body)
        return 400, {"message": "invalid", "errors": [{"type": "bad", "input_array": "events", **named}]}

    world.vendor.answers = answers
    world.receive(delivery([event("m1"), event("m2", userId="poison"), event("m3")]))
    assert [outcome for outcome, _ in outcomes(world)] == ["delivered", "rejected", "delivered"]


def test_of_two_halves_the_older_changes_go_first(world: World) -> None:
    world.vendor.answers = lambda body: (413, {}) if len(body["attributes"]) > 1 else success(body)
    newest, older = person(3, plan="gold"), person(1, plan="free", seats=1)
    world.receive(delivery([newest, identify("m2", plan="x") | {"userId": "u2"}, older]))
    taken = [body["attributes"][0] for body in world.bodies() if len(body["attributes"]) == 1]
    assert [one["plan"] for one in taken if one["external_id"] == "u1"] == ["free", "gold"]


def test_what_only_braze_can_work_out_goes_in_a_request_of_its_own_after_the_first(world: World) -> None:
    items = [person(1, tags={"add": ["a"]}), person(2, tags={"remove": ["a"]}), person(3, plan="gold")]
    message = delivery([*items, event("m9")])
    assert world.receive(message).status == "delivered"
    first, second = world.bodies()
    assert first["attributes"] == [{"external_id": "u1", "tags": {"add": ["a"]}}]
    assert second == {"attributes": [{"external_id": "u1", "tags": {"remove": ["a"]}, "plan": "gold"}]}
    assert world.row(message)["attempt"] == 1


@pytest.mark.parametrize(
    ("config", "traits"),
    [
        ({}, {"visits": {"inc": 1}}),
        ({}, {"cart": {"$add": [{"sku": 1}]}}),
        ({"profile_memory": False}, {"plan": "gold"}),
        ({"update_existing_only": True}, {"plan": "gold"}),
        ({"merge_objects": True}, {"home": {"city": "Oslo"}}),
        ({"consent_fields": "allow"}, {"email_subscribe": "opted_in"}),
    ],
)
def test_an_identify_that_comes_twice_is_forwarded_once(
    config: dict[str, Any], traits: dict[str, Any]
) -> None:
    world = World(**config)
    for number in range(2):
        message = delivery([identify("m1", **traits)], delivery_id=f"dlv_{number:024d}")
        world.receive(message)
    assert len(world.bodies()) == 1
    assert (world.row(message)["status"], world.row(message)["reason"]) == ("filtered", "duplicate")


def test_an_identify_whose_repeat_the_memory_tells_costs_no_claim(world: World) -> None:
    for number in range(2):
        message = delivery([identify("m1", plan="gold")], delivery_id=f"dlv_{number:024d}")
        world.receive(message)
    assert (len(world.bodies()), world.row(message)["reason"]) == (1, "unchanged")
    assert world.claims.owners == {}


def test_an_identify_that_was_claimed_goes_out_again_after_a_failure(world: World) -> None:
    world.vendor.answers = lambda _: (503, {})
    message = delivery([identify("m1", visits={"inc": 1})])
    world.receive(message)
    world.vendor.answers = success
    world.clock.pass_(minutes=5)
    assert world.receive(message).status == "delivered"
