"""Drivers that speak to the stand-ins in process, with a clock of their own."""

import json
from typing import Any

import pytest

from local.standins.actioniq.site import ActionIq
from local.standins.braze.site import Braze
from local.standins.web import Json, Reply, Request

START = 1_700_000_000.0


class Clock:
    """Epoch seconds that move only when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class BrazeDriver:
    """Calls a Braze stand-in the way a client does."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.site = Braze(clock=self.clock)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Send one request with the local key; a header given here replaces, "" leaves it out."""
        plain = {"authorization": "Bearer brz_local_key", "content-type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in {**plain, **named}.items() if value}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        path, _, query = path.partition("?")
        pairs = dict(one.split("=", 1) for one in query.split("&")) if query else {}
        return self.site.handle(Request(method, path, pairs, sent, raw))

    def modes(self, **changes: Any) -> None:
        """Set switches."""
        assert self.call("PUT", "/_standin/modes", changes).status == 200

    def track(self, **arrays: list[Any]) -> Json:
        """Post to /users/track, expecting 201."""
        reply = self.call("POST", "/users/track", arrays)
        assert reply.status == 201, reply
        return reply.json()

    def attributes(self, **attributes: Any) -> Json:
        """Set attributes of the user `u`."""
        return self.track(attributes=[{"external_id": "u", **attributes}])

    def profile(self, external_id: str = "u") -> Json:
        """Return one profile."""
        return self.call("GET", f"/_standin/profiles/{external_id}").json()

    def custom(self, external_id: str = "u") -> Json:
        """Return the custom attributes of one profile."""
        attributes: Json = self.profile(external_id)["custom_attributes"]
        return attributes

    def counters(self) -> Json:
        """Return the counters."""
        return self.call("GET", "/_standin/counters").json()

    def triggers(self) -> list[Json]:
        """Return the messages sent."""
        sent: list[Json] = self.call("GET", "/_standin/triggers").json()["triggers"]
        return sent

    def send(self, recipients: list[Any] | None = None, **body: Any) -> Reply:
        """Trigger the campaign `c1`."""
        given = {} if recipients is None else {"recipients": recipients}
        return self.call("POST", "/campaigns/trigger/send", {"campaign_id": "c1", **given, **body})


class ActionIqDriver:
    """Calls an ActionIQ stand-in the way a client does."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.site = ActionIq(clock=self.clock)

    def call(
        self, method: str, path: str, body: object = None, key: str = "aiq_xxxxxxxxxxxxxxxxxxxx"
    ) -> Reply:
        """Send one request."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        path, _, query = path.partition("?")
        pairs = dict(one.split("=", 1) for one in query.split("&")) if query else {}
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        return self.site.handle(Request(method, path, pairs, headers, raw))

    def send(self, *records: Any, destination: str = "dest-12345", **more: Any) -> Reply:
        """Post records to a destination of the known account."""
        path = f"/v1/accounts/your-account-id/destinations/{destination}/records"
        return self.call("POST", path, {"records": list(records)}, **more)

    def control(self, method: str, path: str, body: object = None) -> Json:
        """Call the control API."""
        reply = self.call(method, f"/_standin/{path}", body)
        assert reply.status < 300, reply
        return reply.json()


@pytest.fixture
def braze() -> BrazeDriver:
    """Return a fresh Braze account."""
    return BrazeDriver()


@pytest.fixture
def actioniq() -> ActionIqDriver:
    """Return a fresh ActionIQ account."""
    return ActionIqDriver()
