"""One SDK's own surroundings: a source, an ActionIQ destination, two installations; and what arrived there."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from local.demo.api import Api
from local.demo.stack import Stack
from local.demo.web import Http
from tests.sdk.sdks import Sdk

Json = dict[str, Any]
CONTROL = "/_standin"
PAGE = 5000
PATIENCE = 60.0
PAUSE = 0.25


@dataclass(frozen=True, slots=True)
class World:
    """What an SDK needs to send, and where to look for what it sent."""

    stack: Stack
    tag: str
    write_key: str
    destination: str
    actioniq: str
    braze: str

    def user(self, scene: str) -> str:
        """A user nobody else knows."""
        return f"{self.tag}-{scene}"

    def records(self) -> list[Json]:
        """Everything at the ActionIQ destination."""
        found = Http(self.stack.actioniq_url).call(
            "GET",
            f"{CONTROL}/records",
            params={"destination_id": self.destination, "offset": 0, "limit": PAGE},
        )
        return list(found["records"])

    def events(self) -> list[Json]:
        """Every custom event of our users in the Braze workspace."""
        braze, offset, found = Http(self.stack.braze_url), 0, []
        while True:
            page = braze.call("GET", f"{CONTROL}/events", params={"offset": offset, "limit": PAGE})
            found += [one for one in page["events"] if str(one.get("external_id")).startswith(f"{self.tag}-")]
            offset += len(page["events"])
            if not page["events"] or offset >= page["total"]:
                return found

    def profile(self, user: str) -> Json:
        """The Braze profile of a user."""
        found: Json = Http(self.stack.braze_url).call("GET", f"{CONTROL}/profiles/{user}")
        return found

    def live(self, integration_id: str) -> list[Json]:
        """The live events of one of the two installations."""
        return Api(self.stack).live_events(frozenset({integration_id}))

    def filtered(self, integration_id: str) -> dict[str, str]:
        """Message id → why it was not sent."""
        headers = {"Authorization": f"Bearer {self.stack.admin_token}"}
        admin = Http(self.stack.api_url, headers)
        rows = [row["delivery_id"] for row in self.live(integration_id) if row["counts"].get("filtered")]
        details = [admin.call("GET", f"/v1/admin/live-events/{one}") for one in rows]
        return {
            event["messageId"]: outcome["reason"]
            for detail in details
            for event, outcome in zip(detail["stages"]["input"], detail["outcomes"], strict=True)
            if outcome["outcome"] == "filtered"
        }

    def delivered(self, integration_id: str) -> int:
        """How many events live events shows as delivered."""
        return sum(row["counts"].get("delivered", 0) for row in self.live(integration_id))


@contextmanager
def world(stack: Stack, sdk: Sdk) -> Iterator[World]:
    """Made for one SDK, and taken away afterwards."""
    tag = f"sdk-{uuid.uuid4().hex[:10]}"
    api, admin = Api(stack), Http(stack.api_url, {"Authorization": f"Bearer {stack.admin_token}"})
    vendor = Http(stack.actioniq_url)
    with ExitStack() as undo:
        kind = "browser" if sdk.browser else "server"
        source = admin.call("POST", "/v1/admin/sources", json={"name": tag, "kind": kind, "test": True})
        undo.callback(api.delete_source, source["id"])
        account = vendor.call("POST", f"{CONTROL}/accounts", json={"name": tag})
        named = {"account_id": account["id"], "name": tag}
        destination = vendor.call("POST", f"{CONTROL}/destinations", json=named)["id"]
        keyed = {"account_id": account["id"], "destination_ids": [destination]}
        key = vendor.call("POST", f"{CONTROL}/keys", json=keyed)
        undo.callback(vendor.call, "DELETE", f"{CONTROL}/keys/{key['id']}")
        own = {"variant": "default", "delivery_mode": "server_side", "sources": [source["id"]]}
        where = {"api_key": key["key"], "account_id": account["id"], "destination_id": destination}
        actioniq = api.install("actioniq", own | {"name": f"ActionIQ {tag}", "config": where})
        undo.callback(api.uninstall, actioniq["id"])
        there = {"rest_api_key": "brz_local_key", "rest_endpoint": stack.braze_url, "track_pages": True}
        braze = api.install("braze", own | {"name": f"Braze {tag}", "config": there})
        undo.callback(api.uninstall, braze["id"])
        yield World(stack, tag, source["write_key"], destination, actioniq["id"], braze["id"])


def until(satisfied: Callable[[], bool]) -> bool:
    """Whether it came true in time."""
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience:
        if satisfied():
            return True
        time.sleep(PAUSE)
    return satisfied()
