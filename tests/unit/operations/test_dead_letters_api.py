"""Dead letters: read, and replayed so that each is sent once."""

import json
from datetime import timedelta

import pytest

from tests.unit.install.loading import event

REPLAY = "/v1/admin/dead-letters/replay"
DELIVERY = {
    "delivery_id": "dlv_1",
    "integration_id": "int_1",
    "kind": "events",
    "items": [],
    "replay_of": None,
}


def test_open_letters_are_listed_by_reason(ask, world):
    letter = world.letters.add(1)
    world.letters.add(2, reason="not_found")
    world.letters.add(3, replayed_at="2026-11-22T12:00:00.000Z")
    status, body = ask(event("operations.dead_letters"))
    assert status == 200
    assert [one["id"] for one in body["data"]] == [letter]
    assert len(ask("GET", "/v1/admin/dead-letters?status=replayed")[1]["data"]) == 1


@pytest.mark.parametrize("path", ["", "/groups"])
@pytest.mark.parametrize("query", ["status=lost", "outcome=odd"])
def test_a_status_or_an_outcome_that_does_not_exist_is_a_422(ask, path, query):
    assert ask("GET", f"/v1/admin/dead-letters{path}?{query}")[0] == 422


def test_letters_are_listed_by_lane_and_outcome(ask, world):
    held = world.letters.add(1, outcome="unknown", reason="no_answer")
    world.letters.add(2, queue="actioniq", outcome="unknown")
    world.letters.add(3)
    _, body = ask("GET", "/v1/admin/dead-letters?queue=braze&outcome=unknown")
    assert [one["id"] for one in body["data"]] == [held]


def test_letters_are_counted_by_group_without_reading_one(ask, world):
    for number in range(1, 4):
        world.letters.add(number, at=f"2026-11-2{number}T12:00:00.000Z")
    world.letters.add(4, outcome="unknown", reason="no_answer", integration_id=None)
    world.letters.add(5, replayed_at="2026-11-22T12:00:00.000Z")
    status, body = ask("GET", "/v1/admin/dead-letters/groups")
    assert (status, body["total"], world.letters.read) == (200, 4, 0)
    assert body["data"] == [
        {
            "queue": "braze",
            "integration_id": "int_1",
            "outcome": "blocked",
            "reason": "unauthorized",
            "count": 3,
            "first_day": "2026-11-21",
            "last_day": "2026-11-23",
        },
        {
            "queue": "braze",
            "integration_id": None,
            "outcome": "unknown",
            "reason": "no_answer",
            "count": 1,
            "first_day": "2026-11-22",
            "last_day": "2026-11-22",
        },
    ]
    assert ask("GET", "/v1/admin/dead-letters/groups?status=replayed")[1]["total"] == 1
    assert ask("GET", "/v1/admin/dead-letters/groups?reason=no_answer")[1]["total"] == 1


def test_a_letter_shows_its_body_as_it_was_received(ask, world):
    letter = world.letters.add(body='{"a":  1e999} not even JSON')
    status, body = ask("GET", f"/v1/admin/dead-letters/{letter}")
    assert (status, body["body"], body["reason"]) == (200, '{"a":  1e999} not even JSON', "unauthorized")


def test_an_unknown_letter_is_a_404(ask):
    assert ask("GET", "/v1/admin/dead-letters/ltr_0")[0] == 404


def test_a_delivery_goes_back_to_its_queue_and_says_which_letter_it_was(ask, world):
    letter = world.letters.add(body=json.dumps(DELIVERY))
    assert ask("POST", REPLAY, {"ids": [letter]}) == (
        200,
        {"replayed": 1, "remaining": 0, "next_cursor": None, "unmarked": []},
    )
    assert world.queues["braze"].documents == [{**DELIVERY, "replay_of": letter}]
    assert world.queues["braze"].groups == ["int_1-replay"]
    assert world.queues["braze"].attributes == [{"replay_of": letter, "message_id": "message-1"}]


def test_a_delivery_that_json_cannot_hold_goes_back_as_it_came(ask, world):
    body = json.dumps(DELIVERY).replace("[]", "[1e999]")
    letter = world.letters.add(body=body)
    ask("POST", REPLAY, {"ids": [letter]})
    assert world.queues["braze"].bodies == [body]


@pytest.mark.parametrize(
    "body", ['{"type":"track",  "event":"a"}', "not json", '{"run_id":"r","part":1}', "[" * 9999]
)
def test_any_other_body_goes_back_byte_for_byte(ask, world, body):
    letter = world.letters.add(body=body, queue="event")
    ask("POST", REPLAY, {"ids": [letter]})
    assert world.queues["event"].bodies == [body]


def test_a_letter_replayed_twice_is_sent_once(ask, world):
    letter = world.letters.add()
    ask("POST", REPLAY, {"ids": [letter]})
    status, body = ask("POST", REPLAY, {"ids": [letter, letter]})
    assert (status, body) == (200, {"replayed": 0, "remaining": 0, "next_cursor": None, "unmarked": []})
    assert len(world.queues["braze"].bodies) == 1


def test_a_letter_whose_send_failed_can_be_replayed_again(ask, world):
    letter = world.letters.add()
    world.queues["braze"].refuses = True
    _, body = ask("POST", REPLAY, {"ids": [letter]})
    assert body == {"replayed": 0, "remaining": 1, "next_cursor": None, "unmarked": []}
    world.queues["braze"].refuses = False
    assert ask("POST", REPLAY, {"ids": [letter]})[1]["replayed"] == 1


def test_a_letter_that_was_sent_and_could_not_be_marked_is_told_so_and_not_sent_by_the_next_call(ask, world):
    letter, other = world.letters.add(), world.letters.add(2, queue="nowhere")
    world.letters.cannot_mark = True
    status, body = ask("POST", REPLAY, {"ids": [letter, other]})
    assert (status, body["replayed"], body["remaining"], body["unmarked"]) == (200, 1, 1, [letter])
    assert [one["outcome"] for one in world.log.entries] == ["done"]
    assert world.log.entries[0]["changes"]["unmarked"] == {"old": None, "new": [letter]}
    world.letters.cannot_mark = False
    assert ask("POST", REPLAY, {"ids": [letter]})[1]["replayed"] == 0
    assert len(world.queues["braze"].bodies) == 1
    assert other not in world.letters.claimed


def test_a_letter_whose_body_is_past_its_retention_is_left_and_its_neighbours_go_on(ask, world):
    letter, other = world.letters.add(), world.letters.add(2)
    del world.letters.texts[letter]
    status, body = ask("POST", REPLAY, {"ids": [letter, other]})
    assert (status, body["replayed"], body["remaining"]) == (200, 1, 1)
    assert not world.letters.claimed
    assert ask("GET", f"/v1/admin/dead-letters/{letter}")[0] == 404


def test_bodies_that_cannot_be_read_free_the_letters(ask, world, monkeypatch):
    letter = world.letters.add()

    def down(ids):
        raise OSError("S3 is down")

    monkeypatch.setattr(world.letters, "bodies", down)
    assert ask("POST", REPLAY, {"ids": [letter]})[0] == 500
    assert not world.letters.claimed


def test_letters_are_replayed_by_reason_and_installation(ask, world):
    world.letters.add(1)
    world.letters.add(2, integration_id="int_2")
    world.letters.add(3, reason="not_found")
    request = {"reason": "unauthorized", "integration_id": "int_2"}
    assert ask("POST", REPLAY, request)[1]["replayed"] == 1
    assert ask(event("operations.replay_by_reason"))[1]["replayed"] == 1
    assert not world.letters.rows["ltr_" + "0" * 23 + "3"]["replayed_at"]


def test_a_thousand_letters_a_call_and_the_cursor_goes_on(ask, world):
    for number in range(1, 2502):
        world.letters.add(number, body=str(number))
    request, calls = {"reason": "unauthorized"}, []
    while True:
        _, body = ask("POST", REPLAY, request)
        calls.append((body["replayed"], body["remaining"]))
        if body["next_cursor"] is None:
            break
        request["cursor"] = body["next_cursor"]
    assert calls == [(1000, 1501), (1000, 501), (501, 0)]
    assert sorted(map(int, world.queues["braze"].bodies)) == list(range(1, 2502))


def test_a_call_that_runs_out_of_time_says_where_to_go_on(ask, world):
    for number in range(1, 501):
        world.letters.add(number, body=str(number))
    world.tick = timedelta(seconds=0.7)
    request, replayed = {"reason": "unauthorized"}, []
    while True:
        _, body = ask("POST", REPLAY, request)
        replayed.append((body["replayed"], body["remaining"]))
        if body["next_cursor"] is None:
            break
        request["cursor"] = body["next_cursor"]
    assert replayed == [(300, 200), (200, 0)]
    assert len(world.queues["braze"].bodies) == 500


def test_ids_left_for_lack_of_time_remain(ask, world):
    ids = [world.letters.add(number) for number in range(1, 501)]
    world.tick = timedelta(seconds=0.7)
    _, body = ask("POST", REPLAY, {"ids": ids})
    assert (body["replayed"], body["remaining"], body["next_cursor"]) == (300, 200, None)


@pytest.mark.parametrize(
    "request_body",
    [
        {},
        {"ids": []},
        {"ids": ["ltr_" + "0" * 24] * 1001},
        {"ids": ["dlv_1"]},
        {"ids": "ltr_1"},
        {"reason": ""},
        {"ids": ["ltr_0"], "reason": "unauthorized"},
        {"reason": "unauthorized", "cursor": "???"},
        {"everything": True},
    ],
)
def test_a_faulty_request_is_a_422_and_sends_nothing(ask, world, request_body):
    world.letters.add()
    assert ask("POST", REPLAY, request_body)[0] == 422
    assert not world.queues["braze"].bodies


def test_a_replay_is_audited(ask, world):
    ask("POST", REPLAY, {"ids": [world.letters.add()]})
    (entry,) = world.log.entries
    assert (entry["action"], entry["outcome"]) == ("dead_letters.replayed", "done")
    assert entry["changes"]["replayed"] == {"old": None, "new": 1}


def test_a_replay_that_cannot_be_noted_sends_nothing(ask, world):
    letter = world.letters.add()
    world.log.puts = 0
    assert ask("POST", REPLAY, {"ids": [letter]})[0] == 503
    assert not world.queues["braze"].bodies
    world.log.puts = 1
    assert ask("POST", REPLAY, {"ids": [letter]})[1]["replayed"] == 1
    assert [one["outcome"] for one in world.log.entries] == ["requested"]


def test_a_viewer_may_not_replay(ask):
    assert ask("POST", REPLAY, {"reason": "unauthorized"}, role="viewer")[0] == 403
