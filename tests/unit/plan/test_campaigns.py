"""Campaign and events exports: once each, in time or not at all."""

from datetime import timedelta

import pytest

from bridge.errors import Blocked, Retryable, Unknown
from mapping.export import RunPlan
from mapping.times import iso
from tests.unit.plan.world import INSTALLATION, START, World, notification, row

CAMPAIGN = "campaign=c1"
PEOPLE = [row(f"u{n}", n) for n in range(5)]


def messaged(world: World) -> list[str]:
    return [line["external_user_id"] for request in world.braze.sent for line in request]


def test_each_recipient_is_messaged_once_with_the_last_rows_properties() -> None:
    world = World()
    run_id = world.put("one", [*PEOPLE, row("u0", 9)], where=CAMPAIGN)
    world.work(deliver_twice=True)
    assert world.run(run_id).status == "done"
    assert sorted(messaged(world)) == ["u0", "u1", "u2", "u3", "u4"]
    assert world.braze.profiles["u0"]["trigger_properties"]["n"] == 9.0
    assert world.report(run_id)["duplicates"] == 1


WRITES = 16


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_nobody_is_messaged_twice_whenever_the_worker_dies(write: int) -> None:
    world = World(kill_after=(write,))
    run_id = world.put("one", PEOPLE, where=CAMPAIGN)
    world.work()
    sent = messaged(world)
    report = world.report(run_id)
    assert len(sent) == len(set(sent))
    assert len(sent) + report["sent"]["held"] >= 5


def test_an_unknown_answer_is_held_and_reported() -> None:
    world = World()
    world.braze.script = [Unknown("no_answer")]
    world.braze.applies_failures = True
    run_id = world.put("one", PEOPLE, where=CAMPAIGN)
    world.work()
    assert sorted(messaged(world)) == ["u0", "u1", "u2", "u3", "u4"]
    assert world.report(run_id)["sent"]["held"] == 3


def test_a_refused_request_is_tried_again_though_it_was_claimed() -> None:
    world = World()
    world.braze.script = [Retryable("http_503")]
    world.put("one", PEOPLE, where=CAMPAIGN)
    world.work()
    assert sorted(messaged(world)) == ["u0", "u1", "u2", "u3", "u4"]


def put_again(world: World, export: str, where: str) -> None:
    """The same folder's manifest once more, as another version."""
    world.clock.forward(120)
    key = f"exports/{INSTALLATION}/{where}/{export}/manifest.json"
    world.exports.messages.append([notification(key, "mended"), world.clock()])
    world.work()


@pytest.mark.parametrize("refused", [1, 2, 3])
def test_a_blocked_campaign_put_again_messages_whom_it_has_not_and_nobody_twice(refused: int) -> None:
    world = World(part_rows=2)
    world.braze.script = [*[None] * (refused - 1), *[Blocked("unauthorized", "update the key")] * 9]
    run_id = world.put("one", PEOPLE, where=CAMPAIGN)
    world.work()
    assert world.run(run_id).status == "blocked"
    world.braze.script = []
    put_again(world, "one", CAMPAIGN)
    assert sorted(messaged(world)) == ["u0", "u1", "u2", "u3", "u4"]


def test_a_corrupt_part_of_a_campaign_ends_its_run_as_such() -> None:
    world = World(part_rows=2)
    run_id = world.put("one", PEOPLE, where=CAMPAIGN)
    world.work(until=lambda: bool(world.parts.messages))
    for key in [key for key in world.buckets.objects if key.endswith(".jsonl")]:
        world.buckets.objects[key] = b"{}"
    world.work()
    assert (world.run(run_id).status, world.report(run_id)["reason"]) == ("blocked", "part_corrupt")


def test_what_may_have_arrived_stays_claimed_when_the_export_is_put_again() -> None:
    world = World(part_rows=2)
    world.braze.script = [Unknown("no_answer"), *[Blocked("unauthorized", "update the key")] * 9]
    world.put("one", PEOPLE, where=CAMPAIGN)
    world.work()
    world.braze.script = []
    put_again(world, "one", CAMPAIGN)
    assert sorted(messaged(world)) == ["u2", "u3", "u4"]
    assert len(world.letters.sent) == 1


def test_nothing_goes_out_after_send_before() -> None:
    world = World()
    run_id = world.put("one", PEOPLE, where=CAMPAIGN, send_before=iso(START))
    world.work()
    assert messaged(world) == []
    assert world.report(run_id)["sent"]["rejected_by_reason"] == {"expired": 5}


def test_events_and_members_are_not_sent_after_the_time_their_manifest_names() -> None:
    world = World()
    event = {"external_id": "u0", "event_name": "Won", "event_time": iso(START)}
    columns = tuple(event)
    events = world.put("one", [event], where="events", columns=columns, send_before=iso(START))
    members = world.put("two", PEOPLE, send_before=iso(START))
    world.work()
    assert world.braze.sent == []
    assert world.report(events)["sent"]["rejected_by_reason"] == {"expired": 1}
    assert world.report(members)["sent"]["undelivered"] == 5
    world.put("three", PEOPLE)
    world.work()
    assert len(world.braze.profiles) == 5, "what was not sent goes with the next export"


def test_members_are_not_sent_beyond_the_time_though_the_part_was_begun_in_time() -> None:
    world = World(part_rows=100)
    world.braze.script = [Retryable("http_503")] * 5
    limit = START + timedelta(seconds=5)
    run_id = world.put("one", PEOPLE, send_before=iso(limit))
    world.work()
    assert (world.braze.sent, world.run(run_id).status) == ([], "done")


def test_a_paused_campaign_is_reported_as_not_sent() -> None:
    world = World()
    world.braze.refuse = lambda _line: "campaign_paused"
    run_id = world.put("one", PEOPLE, where=CAMPAIGN)
    world.work()
    assert world.report(run_id)["sent"]["rejected_by_reason"] == {"campaign_paused": 5}


def test_an_export_to_an_unknown_campaign_ends_blocked_after_a_few_requests() -> None:
    world = World(part_rows=75)
    world.braze.script = [Blocked("invalid_campaign_id", "campaign c1: Invalid Campaign ID")] * 4
    run_id = world.put("one", [row(f"u{n}", n) for n in range(300)], where=CAMPAIGN)
    world.work()
    assert world.run(run_id).status == "blocked"
    report = world.report(run_id)
    assert (report["reason"], report["detail"]) == ("invalid_campaign_id", "campaign c1: Invalid Campaign ID")
    assert (report["sent"]["undelivered"], report["sent"]["held"], messaged(world)) == (300, 0, [])
    assert len(world.braze.script) >= 2, "no request a row, nor one a part"


def test_many_recipients_wait_for_approval() -> None:
    world = World(config={"approve_recipients": 4})
    run_id = world.put("one", PEOPLE, where=CAMPAIGN)
    world.work()
    plan = world.run(run_id).plan
    assert isinstance(plan, RunPlan)
    assert [wait.code for wait in plan.waits_for] == ["many_recipients"]
    assert messaged(world) == []


def test_an_events_export_sends_each_event_once_and_an_identical_one_of_another_export_never() -> None:
    world = World()
    columns = ("external_id", "event_name", "event_time", "n")
    events = [
        {"external_id": "u0", "event_name": "Won", "event_time": "2026-11-22T06:00:00Z", "n": n}
        for n in range(4)
    ]
    world.put("one", events, where="events", columns=columns)
    world.work()
    second = world.put("two", events, where="events", columns=columns)
    world.work()
    assert [line["properties"]["n"] for request in world.braze.sent for line in request] == [
        0.0,
        1.0,
        2.0,
        3.0,
    ]
    assert world.report(second)["sent"]["rejected_by_reason"] == {"duplicate": 4}
