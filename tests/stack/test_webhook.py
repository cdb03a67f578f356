"""Webhooks on the running stack: events reach a receiver with each proof, and only those it may have."""

import json
import time
import uuid
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.errors import Problem
from bridge.flows.authorize import check_signature
from local.demo import clues
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.stack import Stack
from local.demo.watch import Patience, Watch
from local.demo.web import Http
from local.settings import LocalSettings

Json = dict[str, Any]
KNOWN_AFTER = 6.0
"""Seconds until ingest's copy of the installations (5 s old at the most) holds the new ones."""
CONFIGS: dict[str, Json] = {
    "none": {},
    "bearer": {"bearer_token": "stack-token"},
    "basic": {"basic_user": "bridge", "basic_password": "stack-password"},
    "hmac": {"hmac_secret": "stack-secret", "method": "PUT"},
    "consent": {"consent_categories": ["marketing"], "batch_size": 1},
    "refusing": {"bearer_token": "unknown-to-the-receiver"},
}


@dataclass
class Hooks:
    """Webhook installations fed by one source of their own, and the receiver they all lead to."""

    stack: Stack
    api: Api
    receiver: Http
    url: str
    watch: Watch
    tag: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    ids: dict[str, str] = field(default_factory=dict)
    write_key: str = ""

    def name(self, which: str) -> str:
        return f"Hook {which} {self.tag}"

    def path(self, which: str) -> str:
        return f"/{self.tag}/{which}"

    def install(self, which: str, source: str) -> None:
        authentication = {"consent": "none", "refusing": "bearer"}.get(which, which)
        config = {"url": self.url + self.path(which), "authentication": authentication, **CONFIGS[which]}
        body = {"name": self.name(which), "config": config, "sources": [source]}
        self.ids[which] = self.api.install("webhook", body)["id"]

    def send(self, *events: Json) -> list[str]:
        """The message ids."""
        whole = [{"userId": self.tag, "messageId": uuid.uuid4().hex, **event} for event in events]
        list(self.api.send(whole, self.write_key))
        return [event["messageId"] for event in whole]

    def received(self, which: str) -> list[Json]:
        found = self.receiver.call("GET", "/_standin/requests", params={"path": self.path(which)})
        requests: list[Json] = found["requests"]
        return requests

    def arrived(self, which: str, wanted: int, among: list[str]) -> list[str]:
        """The message ids, once so many of these arrived there, in their order of arrival."""
        self.watch.until(f"events at {which}", wanted, lambda: len(self._events(which, among)))
        return self._events(which, among)

    def _events(self, which: str, among: list[str]) -> list[str]:
        sent = [event for one in self.received(which) if one["status"] == 200 for event in batch(one)]
        return [event["messageId"] for event in sent if event["messageId"] in among]

    def rows(self, which: str) -> list[Json]:
        return self.api.live_events(frozenset({self.ids[which]}))


def batch(request: Json) -> list[Json]:
    events: list[Json] = json.loads(request["body"])["batch"]
    return events


@pytest.fixture(scope="module")
def hooks(stack: Stack, settings: LocalSettings) -> Iterator[Hooks]:
    api, account, url = Api(stack), Account(stack), settings.standin_url("webhook")
    watch = Watch(lambda: clues.gather(api, account), Patience(total=120))
    made = Hooks(stack, api, Http(url), url, watch)
    source = api.create_source(f"webhooks {made.tag}")
    made.write_key = source["write_key"]
    for which in CONFIGS:
        made.install(which, source["id"])
    time.sleep(KNOWN_AFTER)
    yield made
    for installation in made.ids.values():
        api.uninstall(installation)
    api.delete_source(source["id"])


def only(hooks: Hooks, *which: str) -> Json:
    """An event's selection: these installations and no other."""
    return {"All": False, **{hooks.name(one): True for one in which}}


def test_events_arrive_with_each_proof(hooks: Hooks) -> None:
    chosen = ("none", "bearer", "basic", "hmac")
    sent = hooks.send(
        {"type": "track", "event": "Order Completed", "properties": {"total": 9.5, "name": "Zoë"}},
        {"type": "page", "name": "Home"},
        {"type": "group", "groupId": "g1"},
    )
    for which in chosen:
        assert sorted(hooks.arrived(which, 3, sent)) == sorted(sent)
    last = {which: hooks.received(which)[-1] for which in chosen}
    headers = {which: request["headers"] for which, request in last.items()}
    assert "authorization" not in headers["none"]
    assert headers["bearer"]["authorization"] == "Bearer stack-token"
    assert b64decode(headers["basic"]["authorization"].removeprefix("Basic ")) == b"bridge:stack-password"
    assert {which: request["method"] for which, request in last.items()} == {
        "none": "POST",
        "bearer": "POST",
        "basic": "POST",
        "hmac": "PUT",
    }
    body = last["hmac"]["body"].encode()
    now = int(time.time() * 1000)
    check_signature(headers["hmac"], body, "stack-secret", now)
    with pytest.raises(Problem):
        check_signature(headers["hmac"], body, "another-secret", now)
    order = next(
        event for one in hooks.received("none") for event in batch(one) if event["messageId"] == sent[0]
    )
    assert (order["event"], order["properties"]) == ("Order Completed", {"total": 9.5, "name": "Zoë"})


def test_an_event_goes_to_the_installations_it_names(hooks: Hooks) -> None:
    named, other = hooks.send(
        {"type": "track", "event": "For One", "integrations": only(hooks, "basic")},
        {"type": "track", "event": "For Another", "integrations": only(hooks, "none")},
    )
    assert hooks.arrived("basic", 1, [named, other]) == [named]
    assert hooks.arrived("none", 1, [named, other]) == [other]
    reasons = {event["message_id"]: row["status"] for row in hooks.rows("basic") for event in row["events"]}
    assert reasons[other] == "filtered"


def test_an_installation_that_asks_for_consent_gets_only_events_that_carry_it(hooks: Hooks) -> None:
    selection = only(hooks, "consent")
    given = [{"marketing": True}, {"marketing": False}, {}, {"marketing": True, "analytics": False}]
    sent = hooks.send(
        *(
            {"type": "track", "event": "E", "context": {"consent": one}, "integrations": selection}
            for one in given
        )
    )
    assert sorted(hooks.arrived("consent", 2, sent)) == sorted([sent[0], sent[3]])
    assert all(len(batch(one)) == 1 for one in hooks.received("consent"))
    statuses = {
        event["message_id"]: row["status"] for row in hooks.rows("consent") for event in row["events"]
    }
    assert [statuses[one] for one in sent] == ["delivered", "filtered", "filtered", "delivered"]


def test_what_a_receiver_refused_is_a_dead_letter_that_can_be_replayed(hooks: Hooks) -> None:
    """Through every place that reads the table of lanes: ingest, the worker, filing, health, replay."""
    mine = hooks.ids["refusing"]
    hooks.receiver.call("PUT", "/_standin/statuses", json={hooks.path("refusing"): 401})
    (sent,) = hooks.send({"type": "track", "event": "E", "integrations": only(hooks, "refusing")})

    def letters() -> list[Json]:
        return [one for one in hooks.api.dead_letters() if one["integration_id"] == mine]

    hooks.watch.until("the letter", 1, lambda: len(letters()))
    (letter,) = letters()
    assert (letter["queue"], letter["reason"]) == ("webhook", "unauthorized")
    health = hooks.api.health()
    (told,) = [one for one in health["installations"] if one["id"] == mine]
    assert (told["status"], "signature" in told["message"]) == ("degraded", True)  # one refusal is not three
    assert "webhook" in [lane["name"] for lane in health["queues"]]
    hooks.receiver.call("PUT", "/_standin/statuses", json={})
    admin = Http(hooks.stack.api_url, {"Authorization": f"Bearer {hooks.stack.admin_token}"})
    replayed = admin.call("POST", "/v1/admin/dead-letters/replay", json={"ids": [letter["id"]]})
    assert replayed["replayed"] == 1
    assert hooks.arrived("refusing", 1, [sent]) == [sent]


def test_a_test_of_the_connection_sends_no_event(hooks: Hooks) -> None:
    admin = Http(hooks.stack.api_url, {"Authorization": f"Bearer {hooks.stack.admin_token}"})
    answer = admin.call("POST", f"/v1/admin/integrations/{hooks.ids['bearer']}/test")
    assert (answer["ok"], [one["permission"] for one in answer["checks"]]) == (True, ["url"])
    assert batch(hooks.received("bearer")[-1]) == []
