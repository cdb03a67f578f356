"""One house on the running stack: a source of its own that feeds installations of its own, gone afterwards."""

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3

from local.demo.stack import Stack
from local.settings import REGION, ROOT_KEY

Json = dict[str, Any]
Reply = tuple[int, Any]
PATIENCE = 45.0
BRAZE_KEY = "brz_local_key"
ACCOUNT = "your-account-id"


def ask(
    method: str, url: str, body: Any = None, *, bearer: str | None = None, media: str = "application/json"
) -> Reply:
    """Status and document; a body of text or bytes goes as it is."""
    raw = body if isinstance(body, bytes) else None if body is None else as_text(body).encode()
    headers = {"Content-Type": media} if raw is not None else {}
    headers |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
    request = urllib.request.Request(url, raw, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or "{}")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read() or "{}")


def as_text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def until[T](look: Callable[[], T], what: str) -> T:
    """What `look` gives as soon as it gives something."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.3)
    raise AssertionError(f"{what} did not come within {PATIENCE:.0f} s")


@dataclass
class House:
    """`destination` and `actioniq_key` are its own at the stand-in; users are called `<tag>-…`."""

    stack: Stack
    tag: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    source: Json = field(default_factory=dict)
    destination: str = ""
    actioniq_key: str = ""
    installed: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Make what the installations need."""
        status, self.source = self.admin(
            "POST", "sources", {"name": self.tag, "kind": "server", "test": True}
        )
        assert status == 201, self.source
        site = f"{self.stack.actioniq_url}/_standin"
        _, made = ask("POST", f"{site}/destinations", {"account_id": ACCOUNT, "name": self.tag})
        self.destination = made["id"]
        _, key = ask("POST", f"{site}/keys", {"account_id": ACCOUNT, "destination_ids": [self.destination]})
        self.actioniq_key = key["key"]

    def close(self) -> None:
        """Take the installations and the source away."""
        for one in self.installed:
            self.admin("DELETE", f"integrations/{one}")
        if self.source:
            self.admin("DELETE", f"sources/{self.source['id']}")

    def admin(self, method: str, path: str, body: Any = None) -> Reply:
        """A call of the admin API."""
        return ask(method, f"{self.stack.api_url}/v1/admin/{path}", body, bearer=self.stack.admin_token)

    def body(self, key: str, **config: Any) -> Json:
        """What an install of this house asks for."""
        known: Json = {"rest_api_key": BRAZE_KEY, "rest_endpoint": self.stack.braze_url}
        if key == "actioniq":
            ids = {"account_id": ACCOUNT, "destination_id": self.destination}
            known = {"api_key": self.actioniq_key, **ids}
        name = f"{key} {self.tag} {uuid.uuid4().hex[:4]}"
        return {"name": name, "config": known | config, "sources": [self.source["id"]]}

    def install(self, key: str, **changes: Any) -> str:
        """An installation that this house's source alone feeds, unless `sources` says otherwise; its id."""
        config = changes.pop("config", {})
        status, made = self.admin(
            "POST", f"integration-catalog/{key}/install", self.body(key, **config) | changes
        )
        assert status == 201, made
        self.installed.append(made["id"])
        return str(made["id"])

    def send(self, body: Any, path: str = "batch") -> Reply:
        """Events over HTTP, with the source's write key."""
        return ask("POST", f"{self.stack.api_url}/v1/{path}", body, bearer=self.source["write_key"])

    def enqueue(self, *bodies: Any) -> None:
        """Messages straight on EventQueue, in one call."""
        session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        entries: Any = [{"Id": str(n), "MessageBody": as_text(body)} for n, body in enumerate(bodies)]
        session.client("sqs", endpoint_url=self.stack.emulator_url).send_message_batch(
            QueueUrl=self.stack.outputs["EventQueueUrl"], Entries=entries
        )

    def frame(self, *events: Any) -> Json:
        """A batch as it lies on the queue, of this house's source."""
        return {"source_id": self.source["id"], "source_test": True, "batch": list(events)}

    def user(self) -> str:
        return f"{self.tag}-{uuid.uuid4().hex[:8]}"

    def track(self, user: str, **changes: Any) -> Json:
        event = {"type": "track", "event": "Order Completed", "userId": user, "messageId": uuid.uuid4().hex}
        return event | changes

    def rows(self, integration_id: str | None = None, **query: str) -> list[Json]:
        """Live events, newest first, one page."""
        wanted = ({"integration_id": integration_id} if integration_id else {}) | query | {"limit": "100"}
        status, page = self.admin("GET", "live-events?" + "&".join(f"{k}={v}" for k, v in wanted.items()))
        assert status == 200, page
        return list(page["data"])

    def row_of(self, message_id: str, integration_id: str | None = None, **query: str) -> Json:
        """The live event that holds this message."""

        def look() -> Json | None:
            return next(
                (
                    row
                    for row in self.rows(integration_id, **query)
                    if any(one["message_id"] == message_id for one in row["events"])
                ),
                None,
            )

        return until(look, f"a live event with message {message_id}")

    def records(self, user: str) -> list[Json]:
        """What ActionIQ's destination of this house holds of a user."""
        url = f"{self.stack.actioniq_url}/_standin/records?destination_id={self.destination}&limit=10000"
        _, page = ask("GET", url)
        return [one for one in page["records"] if one["identifiers"].get("user_id") == user]

    def events(self, user: str) -> list[Json]:
        """The custom events Braze holds of a user."""
        _, page = ask("GET", f"{self.stack.braze_url}/_standin/events?limit=100000")
        return [one for one in page["events"] if one["external_id"] == user]

    def profile(self, user: str) -> Json:
        """What Braze holds of a user; empty when unknown."""
        status, found = ask("GET", f"{self.stack.braze_url}/_standin/profiles/{user}")
        return found if status == 200 else {}
