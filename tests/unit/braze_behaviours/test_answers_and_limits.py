"""What Braze's answers mean, and how its limits are kept (behaviours 1 to 7 of 25).

| | what a careless client gets wrong |
|---|---|
| 1 | 75 objects a request are meant for all arrays together, not for each |
| 2 | a 201 may name objects that were refused |
| 3 | a 201 means queued: profiles show it later |
| 4 | `X-RateLimit-Reset` is an epoch on some accounts and seconds left on others |
| 5 | a 429 may carry nothing but `X-Ratelimit-Retry-After` |
| 6 | an hourly limit ends with the clock hour: a few quick retries are all wasted |
| 7 | limits hold for everything that an account sends together |
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mapping import braze as mapping
from mapping.json_values import encode
from mapping.times import iso
from tests.unit.braze_behaviours.account import Account, Lane, Runs, person
from tests.unit.delivery.world import delivery, event, installation, order
from tests.unit.plan.world import INSTALLATION, row


def planned(items: list[dict[str, Any]], **config: Any) -> list[list[dict[str, Any]]]:
    """The deliveries that ingest makes of these events."""
    wants = mapping.wants(installation("braze", **config))
    packs = wants.packs(items, [len(encode(item)) for item in items])
    return [[items[index] for index in pack] for pack in packs]


def crowd(events: int, profiles: int) -> list[dict[str, Any]]:
    tracks = [event(f"e{n}", userId=f"u{n}") for n in range(events)]
    return tracks + [person(f"p{n}", f"u{n}") for n in range(profiles)]


def test_01_a_request_holds_75_objects_in_all_its_arrays_together(braze: Account, lane: Lane) -> None:
    packs = planned(crowd(100, 50))
    assert [len(pack) for pack in packs] == [75, 75]
    for number, pack in enumerate(packs):
        assert lane.send(*pack, number=number)["status"] == "delivered"
    assert braze.answers() == {"201": 2}
    assert (len(braze.events()), len(braze.site.workspace.profiles.everyone)) == (100, 100)


def test_01_a_request_of_more_objects_is_halved_and_nothing_is_lost(braze: Account, lane: Lane) -> None:
    assert lane.send(*crowd(50, 26))["counts"] == {"delivered": 76}
    assert braze.answers() == {"400": 1, "201": 2}


def test_01_an_account_with_the_legacy_rule_gets_75_objects_in_each_array(braze: Account) -> None:
    braze.modes(objects_rule="per_array75")
    legacy = Lane(braze, objects_rule="per_array")
    [items] = planned(crowd(75, 75), objects_rule="per_array")
    assert legacy.send(*items)["counts"] == {"delivered": 150}
    assert braze.answers() == {"201": 1}


@pytest.mark.parametrize("shape", ["object", "string"])
def test_02_a_201_that_refuses_an_object_costs_that_object_alone(
    braze: Account, lane: Lane, shape: str
) -> None:
    braze.modes(error_shape=shape)
    people = [person(f"m{n}", f"u{n}", email="nonsense" if n == 1 else f"u{n}@example.com") for n in range(4)]
    found = lane.send(*people)
    assert (found["status"], found["counts"]) == ("partial", {"delivered": 3, "rejected": 1})
    assert [one["outcome"] for one in lane.outcomes()] == ["delivered", "rejected", "delivered", "delivered"]
    assert braze.profile("u1").get("email") is None
    assert braze.profile("u3")["email"] == "u3@example.com"


def test_02_an_unnamed_error_beside_events_is_noted_and_nothing_counts_twice(
    braze: Account, lane: Lane
) -> None:
    braze.modes(error_shape="string")
    found = lane.send(event("e1", userId="u1"), person("m2", "u2", email="nonsense"))
    assert {one["reason"] for one in lane.outcomes()} == {"error_names_no_item"}
    assert (found["status"], len(braze.events())) == ("delivered", 1)


def test_03_delivered_means_accepted_and_nothing_is_read_back_to_see_it(braze: Account, lane: Lane) -> None:
    braze.modes(apply_delay=60.0)
    assert lane.send(person("m1", "u1", plan="gold"))["status"] == "delivered"
    assert braze.profile("u1") == {}
    braze.call("POST", "settle")
    assert braze.profile("u1")["plan"] == "gold"
    assert list(braze.call("GET", "counters")["requests"]) == ["/users/track"]


def test_03_the_next_run_of_an_audience_begins_when_the_last_answer_has_settled(
    braze: Account, tmp_path: Path
) -> None:
    runs = Runs(braze, tmp_path, settle=60)
    first, second = runs.put("one", [row("u1", 1)]), runs.put("two", [row("u1", 2)])
    runs.work()
    ended = datetime.fromisoformat(runs.run(first).ended_at or "")
    assert runs.clock() - ended >= timedelta(seconds=60)
    assert (runs.run(second).status, braze.profile("u1")["n"]) == ("done", 2)


@pytest.mark.parametrize("dialect", ["epoch", "delta"])
def test_04_a_reset_is_read_as_epoch_or_as_seconds_left(braze: Account, lane: Lane, dialect: str) -> None:
    braze.modes(rate_limit="hourly", hourly_requests=1, header_dialect=dialect)
    lane.clock.pass_(minutes=20)
    assert lane.send(event("m1"))["status"] == "delivered"
    assert lane.pauses.get(lane_id(lane)).until == datetime(2026, 11, 21, 13, tzinfo=UTC)


@pytest.mark.parametrize("dialect", ["epoch", "delta"])
def test_04_a_run_reads_both_dialects_too(braze: Account, tmp_path: Path, dialect: str) -> None:
    braze.modes(rate_limit="hourly", hourly_requests=1, header_dialect=dialect)
    runs = Runs(braze, tmp_path)
    runs.clock.forward(20 * 60)
    runs.put("one", [row(f"u{n}", n) for n in range(80)])
    runs.work()
    assert runs.pauses.get(INSTALLATION).until == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert (len(braze.site.workspace.profiles.everyone), braze.answers()["201"]) == (80, 2)


def lane_id(lane: Lane) -> str:
    [known] = lane.installations.known
    return known


def spend_the_hour(braze: Account, lane: Lane, **modes: Any) -> None:
    """Another program uses up the account's only request of this hour."""
    braze.modes(rate_limit="hourly", hourly_requests=1, **modes)
    Lane.send(lane, event("other", userId="somebody"), number=99)
    lane.pauses.pauses.clear()


def test_05_a_429_with_retry_after_and_no_other_header_is_obeyed(braze: Account, lane: Lane) -> None:
    spend_the_hour(braze, lane, header_dialect="delta")
    lane.clock.pass_(minutes=59)
    result = lane.receive(delivery([event("m1")]))
    assert (result.vendor_status, braze.answers()) == (429, {"201": 1, "429": 1})
    assert lane.pauses.get(lane_id(lane)).until == datetime(2026, 11, 21, 13, tzinfo=UTC)
    assert result.wait == 65.0  # the minute left, and some seconds so that not everybody comes at once


@pytest.mark.parametrize("dialect", ["epoch", "delta"])
def test_06_an_hourly_limit_is_waited_out_without_wasting_attempts(
    braze: Account, lane: Lane, dialect: str
) -> None:
    spend_the_hour(braze, lane, header_dialect=dialect)
    lane.clock.pass_(minutes=10)
    message, receives = delivery([event("m1")]), 0
    while (result := lane.receive(message)).wait is not None:
        lane.clock.pass_(seconds=result.wait)
        receives += 1
    assert (result.status, result.attempt, receives > 3) == ("delivered", 2, True)
    assert braze.answers() == {"201": 2, "429": 1}
    assert lane.now >= datetime(2026, 11, 21, 13, tzinfo=UTC)


def test_07_a_limit_met_by_one_worker_stops_every_lane_of_the_installation(
    braze: Account, lane: Lane, tmp_path: Path
) -> None:
    runs = Runs(braze, tmp_path)
    lane.clock = runs.clock  # type: ignore[assignment]
    runs.pauses.pauses = lane.pauses.pauses
    known = lane.installations.known.pop(lane_id(lane))
    lane.installations.known[INSTALLATION] = known.model_copy(update={"id": INSTALLATION})
    runs.put("one", [row("u1", 1)])
    runs.work(until=lambda: bool(runs.parts.messages))
    braze.fails_next("status", "/campaigns/trigger/send", status=429, headers={"retry-after": "600"})
    later = iso(runs.clock() + timedelta(hours=1))
    trigger = order(["u1"], send_before=later).model_copy(update={"integration_id": INSTALLATION})
    assert lane.receive(trigger).vendor_status == 429
    events = delivery([event("m1")], INSTALLATION, delivery_id="dlv_" + "2" * 24)
    assert lane.receive(events).reason == "paused"
    before = runs.clock()
    runs.work()
    assert runs.clock() - before >= timedelta(seconds=600)
    assert braze.answers() == {"201": 1}
