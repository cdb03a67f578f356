"""The profile memory in the delivery flow: what is not sent again, what is, and who wins when workers cross."""

from collections.abc import Callable
from typing import Any

import pytest

from mapping.braze_memory import MOST_ATTRIBUTES, Kept, Sent, Update, digest, remembered, sift
from tests.unit.delivery.world import BRAZE, World, delivery, event, identify, success
from tests.unit.mapping.mapping_tables import MEMORY_ROWS

T1, T2, T3 = (f"2026-11-21T0{hour}:00:00.000Z" for hour in (7, 8, 9))


@pytest.fixture
def world() -> World:
    return World()


def person(at: str, user: str = "u1", **traits: Any) -> dict[str, Any]:
    return identify(f"m-{at}-{user}", **traits) | {"userId": user, "timestamp": at, "receivedAt": at}


def send(world: World, *items: dict[str, Any]) -> dict[str, Any]:
    """One receive of a delivery of its own; its row."""
    message = delivery(list(items), delivery_id=f"dlv_{len(world.deliveries.rows):024d}")
    world.receive(message)
    return world.row(message)


def last(world: World) -> dict[str, Any]:
    [found] = world.bodies()[-1]["attributes"]
    return dict(found)


def left_out(world: World) -> list[tuple[str, str]]:
    [*_, stages] = world.stages.kept.values()
    return [(one["field"], one["reason"]) for one in stages["outcomes"][0].get("left_out", ())]


def test_an_unchanged_trait_stays_behind_and_a_changed_one_goes_out(world: World) -> None:
    send(world, person(T1, plan="gold", seats=5))
    send(world, person(T2, plan="gold", seats=6))
    assert last(world) == {"external_id": "u1", "seats": 6}
    assert left_out(world) == [("traits.plan", "unchanged")]


def test_an_identify_with_nothing_left_is_filtered_and_costs_no_attempt(world: World) -> None:
    send(world, person(T1, plan="gold"))
    row = send(world, person(T2, plan="gold"))
    assert (row["status"], row["reason"], row["attempt"]) == ("filtered", "unchanged", 0)
    assert row["detail"] == "left out: traits.plan (unchanged)"
    assert row["counts"] == {"filtered": 1, "left_out": 1}
    assert len(world.bodies()) == 1


def test_an_older_trait_stays_behind(world: World) -> None:
    send(world, person(T2, plan="gold"))
    row = send(world, person(T1, plan="free"))
    assert (row["reason"], left_out(world)) == ("unchanged", [("traits.plan", "older")])


def test_a_retried_identify_never_overwrites_a_newer_one(world: World) -> None:
    world.vendor.answers = lambda _: (500, {})
    older = delivery([person(T1, plan="free", seats=1)], delivery_id="dlv_" + "f" * 24)
    assert world.receive(older).status == "retrying"
    world.vendor.answers = success
    send(world, person(T2, plan="gold"))
    world.clock.pass_(minutes=5)
    assert world.receive(older).status == "delivered"
    assert last(world) == {"external_id": "u1", "seats": 1}


def test_a_change_between_two_equal_values_comes_too_late_when_it_was_waiting(world: World) -> None:
    send(world, person(T1, plan="gold"))
    send(world, person(T3, plan="gold"))
    assert send(world, person(T2, plan="free"))["status"] == "filtered"


@pytest.mark.parametrize(
    "answer", [(500, {}), (201, b"<html>"), (201, {"message": "success", "errors": ["?"]})]
)
def test_while_it_is_open_whether_a_change_arrived_the_old_value_counts_as_changed(
    world: World, answer: tuple[int, Any]
) -> None:
    send(world, person(T1, plan="gold"))
    world.vendor.answers = lambda _: answer
    send(world, person(T2, plan="free"))
    world.vendor.answers = success
    assert send(world, person(T3, plan="gold"))["status"] == "delivered"


def test_what_braze_refused_is_not_taken_for_sent(world: World) -> None:
    error = {"type": "EMAIL_BAD_FORMAT", "input_array": "attributes", "index": 0}
    world.vendor.answers = lambda _: (201, {"message": "success", "errors": [error]})
    send(world, person(T1, plan="gold"))
    world.vendor.answers = success
    assert send(world, person(T2, plan="gold"))["status"] == "delivered"


def test_operators_always_go_out_and_make_the_value_unknown(world: World) -> None:
    send(world, person(T1, seats=5))
    for at in (T2, T3):
        send(world, person(at, seats={"inc": 1}, tags={"add": ["a"]}))
        assert last(world) == {"external_id": "u1", "seats": {"inc": 1}, "tags": {"add": ["a"]}}
    assert send(world, person("2026-11-21T09:30:00.000Z", seats=5))["status"] == "delivered"


def test_consent_is_repeated_but_never_taken_back_by_an_older_event() -> None:
    world = World(consent_fields="allow")
    for at in (T1, T3):
        assert send(world, person(at, email_subscribe="opted_in"))["status"] == "delivered"
    assert send(world, person(T2, email_subscribe="unsubscribed"))["status"] == "filtered"


def test_where_a_profile_may_not_exist_nothing_counts_as_unchanged() -> None:
    world = World(update_existing_only=True)
    for at in (T1, T3):
        assert send(world, person(at, plan="gold"))["status"] == "delivered"
    assert send(world, person(T2, plan="gold"))["status"] == "filtered"


def test_objects_that_braze_merges_always_go_out() -> None:
    world = World(merge_objects=True)
    for at in (T1, T2):
        assert send(world, person(at, home={"city": "Oslo"}))["status"] == "delivered"


def test_changes_back_and_forth_within_one_delivery_come_to_nothing(world: World) -> None:
    send(world, person(T1, plan="gold", seats=1))
    row = send(world, person(T2, plan="free"), person(T3, plan="gold", seats=2))
    assert last(world) == {"external_id": "u1", "seats": 2}
    assert row["counts"] == {"delivered": 1, "filtered": 1, "left_out": 2}
    assert send(world, person("2026-11-21T09:30:00.000Z", plan="gold"))["status"] == "filtered"
    assert send(world, person(T2, plan="free"))["status"] == "filtered", "it is older than the last word"


def test_what_braze_works_out_in_between_is_sent_with_what_follows(world: World) -> None:
    send(world, person(T1, seats=5))
    send(world, person(T2, seats={"inc": 1}), person(T3, seats=5))
    assert last(world) == {"external_id": "u1", "seats": 5}


def test_changes_that_end_elsewhere_go_out_as_the_last_one(world: World) -> None:
    send(world, person(T1, plan="gold"))
    send(world, person(T2, plan="gold"), person(T3, plan="free"))
    assert last(world) == {"external_id": "u1", "plan": "free"}


def test_an_event_from_the_future_does_not_silence_those_that_follow(world: World) -> None:
    send(world, person(T1, plan="free") | {"timestamp": "2099-01-01T00:00:00.000Z"})
    send(world, person(T2, plan="gold"))
    assert last(world)["plan"] == "gold"


def test_the_memory_can_be_switched_off() -> None:
    world = World(profile_memory=False)
    for at in (T2, T1):
        assert send(world, person(at, plan="gold"))["status"] == "delivered"
    assert (world.profiles.rows, world.profiles.reads) == ({}, 0)


def test_installations_and_users_are_remembered_apart(world: World) -> None:
    send(world, person(T1, plan="gold"))
    assert send(world, person(T2, "u2", plan="gold"))["status"] == "delivered"
    assert sorted(world.profiles.rows) == [f"{BRAZE}/external_id=u1", f"{BRAZE}/external_id=u2"]


def test_no_value_is_kept(world: World) -> None:
    send(world, person(T1, email="jane@example.com"))
    assert "jane" not in str(world.profiles.rows)


def test_a_memory_that_cannot_be_read_costs_no_attempt(world: World) -> None:
    world.profiles.busy = True
    row = send(world, person(T1, plan="gold"))
    assert (row["status"], row["reason"], row["attempt"]) == ("retrying", "memory_unavailable", 0)
    assert world.bodies() == []


def other_worker(world: World, at: str, **traits: Any) -> Callable[[], None]:
    return lambda: void(send(world, person(at, **traits)))


def void(_: object) -> None:
    """Nothing."""


def test_a_row_that_another_worker_wrote_in_between_is_judged_anew(world: World) -> None:
    send(world, person(T1, plan="gold"))
    world.profiles.meanwhile = [other_worker(world, T2, plan="free")]
    row = send(world, person(T3, plan="gold"))
    assert row["status"] == "delivered", "against what was read first it would have been unchanged"


def test_of_two_answers_that_cross_the_newer_stays_and_its_value_is_open(world: World) -> None:
    world.profiles.meanwhile = [other_worker(world, T2, plan="gold")]
    send(world, person(T1, plan="free"))
    kept = world.profiles.rows[f"{BRAZE}/external_id=u1"].memory["plan"]
    assert kept.digest == "", "Braze keeps no order between requests: the next identify settles it"
    assert send(world, person(T1, plan="free"))["status"] == "filtered"
    assert send(world, person(T3, plan="gold"))["status"] == "delivered"


def test_a_value_is_open_as_well_when_an_older_one_was_on_its_way_and_answered_first(world: World) -> None:
    world.profiles.meanwhile = [other_worker(world, T1, plan="free", seats=5)]
    send(world, person(T2, plan="gold", seats=5, city="Rome"))
    kept = world.profiles.rows[f"{BRAZE}/external_id=u1"].memory
    assert {name: bool(one.digest) for name, one in kept.items()} == {
        "plan": False,
        "seats": True,
        "city": True,
    }
    send(world, person(T3, plan="gold", seats=5, city="Rome"))
    assert last(world) == {"external_id": "u1", "plan": "gold"}


def test_a_memory_that_cannot_be_written_afterwards_loses_no_delivery(world: World) -> None:
    def broken() -> None:
        world.profiles.busy = True
        world.profiles.rows[f"{BRAZE}/external_id=u1"] = Kept({}, 7)

    world.profiles.meanwhile = [broken]
    assert send(world, person(T1, plan="gold"))["status"] == "delivered"


@pytest.mark.parametrize(("kind", "value"), [("unchanged", "gold"), ("changed", "free")])
def test_the_rows_an_identify_reads_and_writes_are_those_its_price_is_made_of(
    world: World, kind: str, value: str
) -> None:
    send(world, *(person(T1, f"u{n}", plan="gold") for n in range(75)))
    assert (world.profiles.reads, world.profiles.writes) == tuple(75 * n for n in MEMORY_ROWS["new"])
    world.profiles.reads = world.profiles.writes = 0
    send(world, *(person(T2, f"u{n}", plan=value) for n in range(75)))
    assert (world.profiles.reads, world.profiles.writes) == tuple(75 * n for n in MEMORY_ROWS[kind])


def test_events_touch_no_memory(world: World) -> None:
    send(world, event("m1"))
    assert world.profiles.reads == 0


def test_only_the_newest_attributes_of_a_profile_are_remembered() -> None:
    update = Update("external_id=u1", 2)
    old = {f"old{n}": Sent(1) for n in range(MOST_ATTRIBUTES)}
    kept = remembered(old, [(update, {"external_id": "u1", "plan": "gold"})])
    assert (len(kept), kept["plan"].at) == (MOST_ATTRIBUTES, 2)


def test_values_are_told_apart_by_type_and_not_by_the_order_of_keys() -> None:
    user = "external_id=u1"
    assert digest(user, "a", 1) != digest(user, "a", "1") != digest(user, "a", True)
    assert digest(user, "a", {"x": 1, "y": 2}) == digest(user, "a", {"y": 2, "x": 1})
    assert digest(user, "a", 1) != digest("external_id=u2", "a", 1)


def test_a_value_never_seen_goes_out_whatever_its_time() -> None:
    sifted = sift({"external_id": "u1", "plan": "gold"}, Update("external_id=u1", 1), {"seats": Sent(9, "x")})
    assert (sifted.wire, sifted.left_out) == ({"external_id": "u1", "plan": "gold"}, ())
