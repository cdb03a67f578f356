"""Replays of many letters: one at a time for each wish, at a bounded rate, each letter sent once."""

from datetime import timedelta

import pytest

from bridge.flows.admin import replaying
from tests.unit.operations.letter_fakes import Killed

REPLAYS = "/v1/admin/replays"


@pytest.fixture
def minute(world):
    """What the schedule does: a step of at most so many letters, each worker its own."""

    def minute(most: int = 6000, seconds: float = 45) -> int:
        return world.replaying().work(most, world.now + timedelta(seconds=seconds))

    return minute


def sent(world):
    return [int(body) for body in world.queues["braze"].bodies]


def fill(world, count, **changes):
    for number in range(1, count + 1):
        at = f"2026-11-22T11:00:{number // 1000:02}.{number % 1000:03}Z"
        world.letters.add(number, **{"body": str(number), "at": at} | changes)


def test_a_handful_is_sent_before_the_call_answers(ask, world, minute):
    fill(world, 3)
    status, body = ask("POST", REPLAYS, {"reason": "unauthorized"})
    assert (status, body["status"], body["replayed"], body["failed"]) == (202, "done", 3, 0)
    assert ask("GET", f"{REPLAYS}/{body['id']}") == (200, body)


def test_a_flood_goes_out_oldest_first_at_so_many_a_minute(ask, world, minute):
    fill(world, 1500)
    _, body = ask("POST", REPLAYS, {"all": True})
    assert (body["status"], body["total"], body["replayed"]) == ("replaying", 1500, 200)
    assert minute(1000) == 1000
    assert ask("GET", f"{REPLAYS}/{body['id']}")[1]["remaining"] == 300
    assert minute(1000) == 300
    assert ask("GET", f"{REPLAYS}/{body['id']}")[1]["status"] == "done"
    assert sent(world) == list(range(1, 1501))
    assert minute() == 0


def test_a_step_ends_in_time(ask, world, minute):
    fill(world, 1000)
    ask("POST", REPLAYS, {"all": True})
    world.tick = timedelta(seconds=1)
    assert 0 < minute(seconds=6) < 800


def test_who_asks_for_what_is_under_way_is_told_of_it(ask, world):
    fill(world, 300)
    first = ask("POST", REPLAYS, {"reason": "unauthorized"})[1]
    assert ask("POST", REPLAYS, {"reason": "unauthorized"})[1]["id"] == first["id"]
    assert ask("POST", REPLAYS, {"reason": "not_found"})[1]["id"] != first["id"]


def test_what_may_have_arrived_is_sent_again_only_when_told_to(ask, world):
    fill(world, 3)
    world.letters.add(9, body="9", outcome="unknown", reason="no_answer")
    assert ask("POST", REPLAYS, {"all": True})[1]["replayed"] == 3
    assert ask("POST", REPLAYS, {"reason": "no_answer"})[1]["total"] == 0
    assert ask("POST", REPLAYS, {"reason": "no_answer", "held": True})[1]["replayed"] == 1
    assert sent(world) == [1, 2, 3, 9]


def test_only_what_was_asked_for_is_sent(ask, world):
    world.letters.add(1, body="1")
    world.letters.add(2, body="2", integration_id="int_2")
    world.letters.add(3, body="3", reason="not_found")
    world.letters.add(4, body="4", outcome="dead")
    order = {"integration_id": "int_1", "reason": "unauthorized", "outcome": "blocked", "queue": "braze"}
    assert ask("POST", REPLAYS, order)[1]["replayed"] == 1
    assert sent(world) == [1]


def test_letters_that_are_filed_later_wait_for_the_next_replay(ask, world, minute):
    fill(world, 300)
    body = ask("POST", REPLAYS, {"all": True})[1]
    world.letters.add(900, body="900", at="2026-11-22T12:00:01.000Z")
    minute()
    assert ask("GET", f"{REPLAYS}/{body['id']}")[1]["status"] == "done"
    assert 900 not in sent(world)


@pytest.mark.parametrize("kills", [1, 2])
def test_a_worker_killed_between_send_and_mark_leaves_one_letter_one_name(ask, world, minute, kills):
    """The messages go out again and say of which letter they are, so that the lane takes them for one."""
    fill(world, 300)
    body = ask("POST", REPLAYS, {"all": True})[1]
    for _ in range(kills):
        world.letters.dies_marking = True
        with pytest.raises(Killed):
            minute()
        assert world.jobs.leases == {}  # a `finally` runs; a real worker would keep it for 75 s
    world.letters.dies_marking = False
    minute()
    assert ask("GET", f"{REPLAYS}/{body['id']}")[1]["status"] == "done"
    named = [one["replay_of"] for one in world.queues["braze"].attributes]
    assert set(named) == set(world.letters.rows)
    assert len(named) == 300 + kills * 100
    assert all(one["replayed_at"] for one in world.letters.rows.values())


def test_a_replay_in_the_hands_of_a_worker_is_left_to_it(ask, world, minute):
    fill(world, 300)
    body = ask("POST", REPLAYS, {"all": True})[1]
    world.jobs.leases[body["id"]] = "another"
    assert minute() == 0
    world.jobs.expired()
    assert minute() == 100


def test_two_replays_that_overlap_send_each_letter_once(ask, world, minute):
    fill(world, 600)
    ask("POST", REPLAYS, {"reason": "unauthorized"})
    ask("POST", REPLAYS, {"all": True})
    ask("POST", "/v1/admin/dead-letters/replay", {"reason": "unauthorized"})
    minute()
    assert sorted(sent(world)) == list(range(1, 601))


def test_letters_in_the_hands_of_a_replay_that_died_are_waited_for(ask, world, minute):
    fill(world, 3)
    world.letters.claimed = dict.fromkeys(list(world.letters.rows)[:1], "died")
    body = ask("POST", REPLAYS, {"all": True})[1]
    assert (body["replayed"], body["waits_for"]) == (2, "filing")
    world.now += replaying.SETTLES
    minute()
    assert ask("GET", f"{REPLAYS}/{body['id']}")[1]["waits_for"] == "claims"
    assert minute() == 0
    world.letters.claimed.clear()
    world.now += replaying.CLAIMS_END
    assert minute() == 1
    assert ask("GET", f"{REPLAYS}/{body['id']}")[1]["status"] == "done"


def test_a_replay_waits_while_the_lane_is_full(ask, world, minute):
    fill(world, 300)
    world.depths.lanes["braze"] = {"waiting": replaying.LANE_FULL}
    body = ask("POST", REPLAYS, {"all": True})[1]
    assert (body["replayed"], body["waits_for"]) == (0, "lane")
    world.depths.lanes["braze"] = {"waiting": replaying.LANE_FULL - 1}
    minute()
    assert ask("GET", f"{REPLAYS}/{body['id']}")[1]["status"] == "done"


def test_a_queue_that_takes_none_is_tried_again_and_then_left(ask, world, minute):
    fill(world, 3)
    world.letters.add(7, queue="actioniq", body="7", at="2026-11-22T11:30:00.000Z")
    world.queues["braze"].refuses = True
    body = ask("POST", REPLAYS, {"all": True})[1]
    assert (body["waits_for"], body["failed"]) == ("queue", 0)
    for _ in range(2):
        minute()
    after = ask("GET", f"{REPLAYS}/{body['id']}")[1]
    assert (after["status"], after["replayed"], after["failed"]) == ("done", 1, 3)
    assert not world.letters.claimed


def test_letters_without_queue_or_body_do_not_hold_up_the_others(ask, world):
    fill(world, 4)
    world.letters.rows["ltr_" + "0" * 23 + "1"]["queue"] = "gone"
    del world.letters.texts["ltr_" + "0" * 23 + "2"]
    body = ask("POST", REPLAYS, {"all": True})[1]
    assert (body["status"], body["replayed"], body["failed"]) == ("done", 2, 2)


def test_a_cancelled_replay_sends_nothing_more(ask, world, minute):
    fill(world, 600)
    body = ask("POST", REPLAYS, {"all": True})[1]
    status, told = ask("POST", f"{REPLAYS}/{body['id']}/cancel")
    assert (status, told["status"], told["replayed"], told["remaining"]) == (200, "cancelled", 200, 0)
    assert minute() == 0
    assert ask("POST", f"{REPLAYS}/{body['id']}/cancel")[0] == 409


def test_a_replay_cancelled_under_way_ends_after_the_hundred_it_is_at(ask, world, minute):
    fill(world, 600)
    body = ask("POST", REPLAYS, {"all": True})[1]
    offer = world.queues["braze"].offer

    def cancelling(*args, **more):
        world.jobs.end(body["id"], "cancelled")
        return offer(*args, **more)

    world.queues["braze"].offer = cancelling
    assert minute() == 100
    assert ask("GET", f"{REPLAYS}/{body['id']}")[1]["replayed"] == 300


def test_replays_are_listed_those_under_way_first(ask, world):
    fill(world, 300)
    done = ask("POST", REPLAYS, {"reason": "nothing"})[1]["id"]
    going = ask("POST", REPLAYS, {"all": True})[1]["id"]
    assert [one["id"] for one in ask("GET", REPLAYS)[1]["data"]] == [going, done]


def test_twenty_replays_are_enough(ask, world):
    world.depths.lanes["braze"] = {"waiting": replaying.LANE_FULL}
    for number in range(20):
        world.letters.add(number, reason=f"r{number}")
        assert ask("POST", REPLAYS, {"reason": f"r{number}"})[0] == 202
    assert ask("POST", REPLAYS, {"all": True})[1]["code"] == "TOO_MANY_REPLAYS"


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"held": True},
        {"all": True, "reason": "x"},
        {"all": False},
        {"ids": ["ltr_0"]},
        {"outcome": "odd"},
    ],
)
def test_a_wish_that_names_nothing_or_too_much_is_a_422(ask, order):
    assert ask("POST", REPLAYS, order)[0] == 422


def test_beginning_and_cancelling_are_audited(ask, world):
    fill(world, 300)
    body = ask("POST", REPLAYS, {"reason": "unauthorized"})[1]
    ask("POST", f"{REPLAYS}/{body['id']}/cancel")
    assert [(one["action"], one["resource_id"]) for one in world.log.entries] == [
        ("replay.started", body["id"]),
        ("replay.cancelled", body["id"]),
    ]
    assert world.log.entries[0]["changes"] == {"reason": {"old": None, "new": "unauthorized"}}


def test_an_unknown_replay_is_a_404(ask):
    assert ask("GET", f"{REPLAYS}/rpl_1")[0] == ask("POST", f"{REPLAYS}/rpl_1/cancel")[0] == 404


def test_a_viewer_may_look_and_not_replay(ask):
    assert ask("POST", REPLAYS, {"all": True}, role="viewer")[0] == 403
    assert ask("POST", f"{REPLAYS}/rpl_1/cancel", role="viewer")[0] == 403
    assert ask("GET", REPLAYS, role="viewer")[0] == 200
