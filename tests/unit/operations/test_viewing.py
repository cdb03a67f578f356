"""What a viewer is shown of people, and that editors see what was sent."""

import json

import pytest

from tests.unit.operations.fakes import delivery

EVENT = {
    "type": "track",
    "event": "Order Completed",
    "userId": "customer-0042",
    "messageId": "m-1",
    "timestamp": "2026-11-22T12:00:00.000Z",
    "properties": {"name": "Ada Lovelace", "total": 59.9, "gift": True},
    "context": {"ip": "203.0.113.9", "traits": {"email": "ada@example.com"}},
}
STAGES = {
    "input": [EVENT],
    "mapped": [[["attributes", {"external_id": "customer-0042", "name": "Ada Lovelace"}]]],
    "request": [
        {
            "url": "https://rest.example/users/track",
            "body": {
                "events": [{"external_id": "customer-0042", "name": "Order Completed"}],
                "attributes": [{"external_id": "customer-0042", "name": "Ada Lovelace", "AIQ_1042_1": True}],
            },
        }
    ],
    "response": [{"status": 201, "latency_ms": 14, "body": {"message": "success", "events_processed": 1}}],
    "outcomes": [{"outcome": "delivered", "reason": "", "detail": ""}],
}
PEOPLE = ("customer-0042", "Ada Lovelace", "203.0.113.9", "ada@example.com", "59.9")
READERS = [("viewer", False), ("editor", True), ("admin", True)]


def kept(world, **more):
    event = {"message_id": "m-1", "type": "track", "name": "Order Completed", "user": "customer-0042"}
    world.deliveries.rows = [delivery(events=[event], **more)]
    world.stages.kept = {"stages/2026-11-22/dlv_1.json": STAGES}


@pytest.mark.parametrize(("role", "whole"), READERS)
def test_a_viewer_sees_what_happened_and_not_to_whom(ask, world, role, whole):
    kept(world)
    _, page = ask("GET", "/v1/admin/live-events", role=role)
    assert page["data"][0]["events"][0]["user"] == ("customer-0042" if whole else "cu•••42")
    _, one = ask("GET", "/v1/admin/live-events/dlv_1", role=role)
    text = json.dumps(one, ensure_ascii=False)
    assert [person in text for person in PEOPLE] == [whole] * len(PEOPLE)
    for said in ("Order Completed", "m-1", "success", "AIQ_1042_1", "https://rest.example/users/track"):
        assert said in text, said
    assert one["stages"]["response"][0]["status"] == 201
    assert one["stages"]["input"][0]["properties"]["gift"] is True
    assert one["outcomes"][0]["outcome"] == "delivered"


def test_a_column_of_a_campaign_is_masked_whatever_it_is_called(ask, world):
    """A recipient's columns are the exporter's own: one called `type` or `event` may hold anything."""
    kept(world, kind="campaign")
    _, one = ask("GET", "/v1/admin/live-events/dlv_1", role="viewer")
    assert one["stages"]["input"][0]["event"] == "Or•••ed"


def test_a_viewer_cannot_spell_out_a_user_by_searching_for_beginnings(ask, world):
    kept(world)
    status, told = ask("GET", "/v1/admin/live-events?user=customer-004", role="viewer")
    assert (status, told["code"]) == (403, "FORBIDDEN")
    assert ask("GET", "/v1/admin/live-events?user=customer-004", role="editor")[0] == 200
    assert ask("GET", "/v1/admin/live-events?user=", role="viewer")[0] == 200


@pytest.mark.parametrize(("role", "whole"), READERS)
@pytest.mark.parametrize(
    ("body", "stays"),
    [
        (json.dumps({"delivery_id": "dlv_1", "kind": "events", "items": [EVENT]}), "dlv_1"),
        (json.dumps({"batch": [EVENT]}), "Order Completed"),
        (json.dumps(EVENT), "Order Completed"),
    ],
)
def test_a_dead_letters_body_is_masked_for_viewers_alone(ask, world, role, whole, body, stays):
    letter = world.letters.add(body=body)
    _, one = ask("GET", f"/v1/admin/dead-letters/{letter}", role=role)
    assert [person in one["body"] for person in PEOPLE] == [whole] * len(PEOPLE)
    assert stays in one["body"]
    assert (one["body"] == body) is whole


@pytest.mark.parametrize("body", ["customer-0042;Ada Lovelace", "[" * 100_000 + "]" * 100_000])
def test_a_body_that_cannot_be_read_is_hidden_whole(ask, world, body):
    letter = world.letters.add(body=body)
    assert ask("GET", f"/v1/admin/dead-letters/{letter}", role="viewer")[1]["body"] == "•••"
