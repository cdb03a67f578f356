"""Asking for a person's removal: admins alone, audited without a name, the same answer when asked again."""

import json

import pytest

from bridge.flows.erase.subject import Subject

ERASE = "/v1/admin/subjects/erase"
SUBJECT = Subject(external_id="customer-0042")


def test_an_erasure_is_queued_and_says_what_it_does_not_reach(ask, world):
    status, body = ask("POST", ERASE, {"external_id": "customer-0042"})
    assert (status, body["id"], body["status"]) == (202, SUBJECT.job_id, "queued")
    assert any("Braze and ActionIQ" in sentence for sentence in body["not_erased"])
    assert world.queues["export"].documents == [
        {"erase": SUBJECT.job_id, "subject": {"external_id": "customer-0042"}}
    ]
    assert ask("GET", f"{ERASE}/{body['id']}")[1] == body


def test_nothing_that_is_kept_names_the_person(ask, world):
    ask("POST", ERASE, {"external_id": "customer-0042"})
    (entry,) = world.log.entries
    assert (entry["action"], entry["resource_id"]) == ("subject.erasure_requested", SUBJECT.digest)
    kept = json.dumps([world.log.entries, world.erasures.rows])
    assert "customer-0042" not in kept


def test_asked_again_it_is_the_same_job_and_its_message_goes_out_again(ask, world):
    first = ask("POST", ERASE, {"user_id": "customer-0042"})[1]
    world.erasures.rows[first["id"]]["status"] = "running"
    again = ask("POST", ERASE, {"external_id": "customer-0042"})[1]
    assert (again["id"], again["status"]) == (first["id"], "running")
    assert len(world.queues["export"].bodies) == 2


def test_asked_again_when_it_is_done_it_begins_anew(ask, world):
    first = ask("POST", ERASE, {"external_id": "u"})[1]
    world.erasures.rows[first["id"]] |= {"status": "done", "ended_at": "2026", "erased": {"stages": 3}}
    assert ask("GET", f"{ERASE}/{first['id']}")[1]["erased"] == {"stages": 3}
    again = ask("POST", ERASE, {"external_id": "u"})[1]
    assert (again["status"], again["erased"], again["ended_at"]) == ("queued", {}, None)


def test_a_call_that_queued_nothing_can_be_made_again(ask, world):
    world.queues["export"].refuses = True
    assert ask("POST", ERASE, {"external_id": "u"})[0] == 503
    world.queues["export"].refuses = False
    assert ask("POST", ERASE, {"external_id": "u"})[0] == 202
    assert len(world.queues["export"].bodies) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"external_id": ""},
        {"external_id": None},
        {"external_id": 7},
        {"email": "a@b.example"},
        {"external_id": "u", "user_id": "v"},
        {"external_id": "x" * 1025},
        {"external_id": ["u"]},
    ],
)
def test_who_is_not_named_is_not_erased(ask, world, body):
    status, answer = ask("POST", ERASE, body)
    assert (status, answer["code"]) == (422, "VALIDATION_FAILED")
    assert not world.queues["export"].bodies
    assert not world.log.entries


@pytest.mark.parametrize("role", ["viewer", "editor", "activator"])
def test_only_admins_erase(ask, world, role):
    assert ask("POST", ERASE, {"external_id": "u"}, role=role)[0] == 403
    assert ask("GET", f"{ERASE}/era_1", role=role)[0] == 403


def test_an_unknown_erasure_is_a_404(ask):
    assert ask("GET", f"{ERASE}/era_1")[0] == 404


def test_an_erasure_that_cannot_be_noted_is_not_begun(ask, world):
    world.log.puts = 0
    assert ask("POST", ERASE, {"external_id": "u"})[0] == 503
    assert (world.erasures.rows, world.queues["export"].bodies) == ({}, [])
