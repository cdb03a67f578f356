"""A test event from the console."""

import json

import pytest

from mapping.event import normalise
from tests.unit.operations.fakes import NOW


def test_a_test_event_goes_the_way_of_signals_own_events(ask, world):
    status, body = ask("POST", "/v1/admin/live-events/test", {}, role="editor")
    assert (status, body["event"], body["user_id"]) == (202, "Signal Bridge Test", "signal-bridge-test")
    [sent] = world.queues["event"].bodies
    event = normalise(json.loads(sent), received_at=NOW, fallback_id="x")
    assert (event["messageId"], event["type"], event["userId"]) == (
        body["message_id"],
        "track",
        "signal-bridge-test",
    )


def test_event_and_user_can_be_named(ask, world):
    asked = {"event": " Checkout ", "user_id": "u-42"}
    body = ask("POST", "/v1/admin/live-events/test", asked, role="editor")[1]
    assert (body["event"], body["user_id"]) == ("Checkout", "u-42")


@pytest.mark.parametrize("asked", [{"event": ""}, {"event": 1}, {"user_id": "x" * 201}, {"type": "page"}])
def test_another_body_is_refused(ask, world, asked):
    assert ask("POST", "/v1/admin/live-events/test", asked, role="editor")[0] == 422
    assert not world.queues["event"].bodies


def test_it_is_audited(ask, world):
    ask("POST", "/v1/admin/live-events/test", {}, role="editor")
    [entry] = world.log.entries
    assert (entry["action"], entry["outcome"]) == ("test_event.sent", "done")


def test_a_viewer_may_not(ask):
    assert ask("POST", "/v1/admin/live-events/test", {}, role="viewer")[0] == 403


def test_a_queue_that_is_away_is_a_503(ask, world):
    world.queues["event"].refuses = True
    assert ask("POST", "/v1/admin/live-events/test", {}, role="editor")[0] == 503
