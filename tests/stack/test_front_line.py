"""The whole line of an event on the running stack: installed, sent, delivered to both vendors, seen, replayed."""

import json
import shlex
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.demo.stack import Stack
from tests.stack.house import BRAZE_KEY, House, ask, until

CURL = """\
curl -X POST http://localhost:8084/v1/admin/integration-catalog/actioniq/install \\
  -H "Authorization: Bearer YOUR_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "ActionIQ",
    "variant": "default",
    "config": {
      "api_key": "aiq_xxxxxxxxxxxxxxxxxxxx",
      "account_id": "your-account-id",
      "destination_id": "dest-12345"
    },
    "delivery_mode": "server_side"
  }'
"""
"""As the documentation prints it."""

A_CHANGE_IS_KNOWN = 5.5
"""Seconds after which every delivery worker knows of a change of an installation."""

Json = dict[str, Any]


@pytest.fixture
def house(stack: Stack) -> Iterator[House]:
    made = House(stack)
    made.open()
    yield made
    made.close()


@pytest.fixture
def name_is_free(house: House) -> Iterator[None]:
    """Whoever is called as in the documentation is called something else meanwhile."""
    _, page = house.admin("GET", "integrations?limit=100")
    others = [one["id"] for one in page["data"] if one["name"] == "ActionIQ"]
    for one in others:
        assert house.admin("PATCH", f"integrations/{one}", {"name": f"ActionIQ {house.tag}"})[0] == 200
    yield
    for one in house.installed:
        house.admin("DELETE", f"integrations/{one}")
    for one in others:
        assert house.admin("PATCH", f"integrations/{one}", {"name": "ActionIQ"})[0] == 200


@pytest.mark.usefixtures("name_is_free")
def test_the_documented_curl_installs_actioniq(house: House) -> None:
    words = shlex.split(CURL.replace("YOUR_TOKEN", house.stack.admin_token))
    url = words[3].replace("http://localhost:8084", house.stack.api_url)
    asked = json.loads(words[words.index("-d") + 1])
    status, made = ask(words[2], url, words[words.index("-d") + 1], bearer=house.stack.admin_token)
    house.installed.append(made.get("id", ""))
    assert status == 201, made
    assert made["id"].startswith("int_")
    assert {name: made[name] for name in ("catalog_key", "name", "variant", "delivery_mode", "enabled")} == {
        "catalog_key": "actioniq",
        "name": "ActionIQ",
        "variant": "default",
        "delivery_mode": "server_side",
        "enabled": True,
    }
    assert made["config"].items() >= (asked["config"] | {"api_key": "***"}).items()
    assert made["revision"]["revision_number"] == 1
    assert {"id", "created_at"} <= set(made["revision"])


def test_the_library_is_listed_and_each_entry_names_its_fields(house: House) -> None:
    status, page = house.admin("GET", "integration-catalog?category=CDP")
    assert (status, [one["key"] for one in page["data"]]) == (200, ["actioniq"])
    status, entry = house.admin("GET", "integration-catalog/braze")
    assert status == 200
    assert "rest_api_key" in json.dumps(entry)
    assert house.admin("GET", "integration-catalog/nobody")[0] == 404


def test_an_installation_is_listed_read_changed_and_deleted(house: House) -> None:
    one = house.install("braze")
    status, page = house.admin("GET", "integrations?limit=100")
    assert status == 200
    assert one in [listed["id"] for listed in page["data"]]
    status, shown = house.admin("GET", f"integrations/{one}")
    assert (status, shown["config"]["rest_api_key"]) == (200, "***")
    status, changed = house.admin("PATCH", f"integrations/{one}", {"name": f"renamed {house.tag}"})
    assert (status, changed["name"], changed["revision"]["revision_number"]) == (
        200,
        f"renamed {house.tag}",
        2,
    )
    assert house.admin("DELETE", f"integrations/{one}")[0] == 204
    assert house.admin("GET", f"integrations/{one}")[0] == 404
    status, kept = house.admin("GET", f"integrations/{one}/revisions")
    assert [state["revision_number"] for state in kept["data"]] == [2, 1]


def visit(user: str) -> list[Json]:
    """One event of each kind that both vendors' pages name."""
    page = {
        "type": "page",
        "name": "Home",
        "properties": {
            "url": "https://shop.example/",
            "referrer": "https://search.example/",
            "title": "Shop",
        },
    }
    order = {
        "type": "track",
        "event": "Order Completed",
        "properties": {"order_id": "o-1", "revenue": 12.5, "currency": "EUR"},
        "timestamp": "2026-03-02T10:00:00.000Z",
    }
    person = {"type": "identify", "traits": {"email": "jane@example.com", "plan": "gold"}}
    return [{**event, "userId": user, "messageId": uuid.uuid4().hex} for event in (page, order, person)]


def arrived(house: House, user: str) -> None:
    """Both stand-ins hold the visit with the documented fields."""
    records = until(lambda: (found := house.records(user)) and len(found) == 3 and found, "three records")
    by_kind = {one["record_type"]: one for one in records}
    assert set(by_kind) == {"page_view", "custom_event", "user_profile"}
    assert {one["destination_id"] for one in records} == {house.destination}
    assert {one["identifiers"]["user_id"] for one in records} == {user}
    seen = by_kind["page_view"]["attributes"]
    assert (seen["url"], seen["referrer"], seen["title"]) == (
        "https://shop.example/",
        "https://search.example/",
        "Shop",
    )
    order = by_kind["custom_event"]
    assert order["timestamp"] == "2026-03-02T10:00:00.000Z"
    assert order["attributes"]["event_name"] == "Order Completed"
    assert order["attributes"]["revenue"] == 12.5
    assert by_kind["user_profile"]["attributes"]["plan"] == "gold"
    for event in until(lambda: house.events(user), "the event at Braze"):
        assert (event["name"], event["time"]) == ("Order Completed", "2026-03-02T10:00:00.000Z")
        assert event["properties"] == {"order_id": "o-1", "revenue": 12.5, "currency": "EUR"}
    profile = until(lambda: house.profile(user), "the profile at Braze")
    assert profile["email"] == "jane@example.com"
    assert profile["custom_attributes"]["plan"] == "gold"


def test_a_batch_reaches_both_vendors_as_soon_as_they_are_installed(house: House) -> None:
    house.install("actioniq")
    house.install("braze")
    user = house.user()
    status, answer = house.send({"batch": visit(user)})
    assert (status, answer) == (200, {"success": True, "accepted": 3, "errors": []})
    arrived(house, user)
    assert len(house.events(user)) == 1


def test_a_message_straight_on_the_event_queue_does_the_same(house: House) -> None:
    """It has no source that a test could keep to itself: whoever takes every source gets it too."""
    house.install("actioniq", sources=None)
    house.install("braze", sources=None)
    user = house.user()
    page, order, person = visit(user)
    house.enqueue(page, {"batch": [order, person]})
    arrived(house, user)


def test_live_events_show_success_and_four_stages(house: House) -> None:
    installed = {"actioniq": (house.install("actioniq"), 200), "braze": (house.install("braze"), 201)}
    user = house.user()
    event = house.track(user)
    assert house.send({"batch": [event]})[0] == 200
    for integration_id, vendor_status in installed.values():
        row = house.row_of(event["messageId"], integration_id, status="delivered")
        assert (row["vendor_status"], row["attempt"], row["kind"]) == (vendor_status, 1, "events")
        assert row["events"] == [
            {"message_id": event["messageId"], "type": "track", "name": "Order Completed", "user": user}
        ]
        status, detail = house.admin("GET", f"live-events/{row['delivery_id']}")
        assert status == 200
        assert set(detail["stages"]) == {"input", "mapped", "request", "response"}
        assert all(detail["stages"].values()), detail["stages"]
        assert BRAZE_KEY not in json.dumps(detail)
        assert house.actioniq_key not in json.dumps(detail)


def test_a_list_of_live_events_ends_and_its_pages_are_full(house: House) -> None:
    one = house.install("braze")
    for _ in range(3):
        event = house.track(house.user())
        house.send({"batch": [event]})
        house.row_of(event["messageId"], one)
    sizes, cursor, started = [], "", time.monotonic()
    while True:
        _, page = house.admin("GET", f"live-events?integration_id={one}&limit=2{cursor}")
        sizes.append(len(page["data"]))
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sizes in ([2, 1], [2, 1, 0])
    assert time.monotonic() - started < 10


def test_a_dead_letter_is_delivered_once_after_its_key_was_mended(house: House) -> None:
    one = house.install("braze", config={"rest_api_key": f"wrong-{house.tag}"})
    user = house.user()
    event = house.track(user)
    house.send({"batch": [event]})
    row = house.row_of(event["messageId"], one)
    assert (row["status"], row["vendor_status"], row["reason"]) == ("blocked", 401, "unauthorized")

    def filed() -> list[Json]:
        return list(house.admin("GET", f"dead-letters?integration_id={one}")[1]["data"])

    (letter,) = until(filed, "the dead letter")
    assert (letter["queue"], letter["reason"], letter["delivery_id"]) == (
        "braze",
        "unauthorized",
        row["delivery_id"],
    )
    assert house.events(user) == []
    assert house.admin("PATCH", f"integrations/{one}", {"config": {"rest_api_key": BRAZE_KEY}})[0] == 200
    time.sleep(A_CHANGE_IS_KNOWN)
    status, told = house.admin("POST", "dead-letters/replay", {"ids": [letter["id"]]})
    assert (status, told["replayed"], told["remaining"], told["unmarked"]) == (200, 1, 0, [])
    until(lambda: house.rows(one, status="delivered"), "the delivery")
    assert len(house.events(user)) == 1
    assert house.admin("POST", "dead-letters/replay", {"ids": [letter["id"]]})[1]["replayed"] == 0
    assert house.send({"batch": [event]})[0] == 200
    until(lambda: house.rows(one, status="filtered"), "the duplicate")
    assert len(house.events(user)) == 1
