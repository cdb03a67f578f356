"""Fakes of everything behind the front door, and builders of what comes to it."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from bridge.flows.events.activate import Activator
from bridge.flows.events.activation_door import ActivationDoor
from bridge.flows.events.front_door import FrontDoor
from mapping.installation import Installation, Revision

EVENTS = Path(__file__).parents[3] / "events"
NOW = datetime(2026, 3, 2, 10, 15, 30, tzinfo=UTC)
SERVER_KEY = "dk_live_00000000000000000000000000000000"
BROWSER_KEY = "dk_live_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
TEST_KEY = "dk_test_00000000000000000000000000000000"
OFF_KEY = "dk_live_0ff00000000000000000000000000000"
HMAC_SECRET = "a secret of the server source"
BRAZE_ID = "int_00000000000000000000"


@dataclass(frozen=True)
class FakeSource:
    id: str
    kind: Literal["browser", "server"] = "server"
    test: bool = False
    enabled: bool = True


class FakeSources:
    known: Mapping[str, FakeSource] = {
        SERVER_KEY: FakeSource("src_server"),
        BROWSER_KEY: FakeSource("src_browser", kind="browser"),
        TEST_KEY: FakeSource("src_test", test=True),
        OFF_KEY: FakeSource("src_off", enabled=False),
    }

    def by_write_key(self, write_key: str) -> FakeSource | None:
        return self.known.get(write_key)


class FakeSecrets:
    def of_source(self, source_id: str) -> str | None:
        return HMAC_SECRET if source_id == "src_server" else None


@dataclass
class FakeQueue:
    """Takes everything but the positions named in `full`."""

    full: set[int] = field(default_factory=set)
    bodies: list[str] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)

    def offer(self, bodies: Sequence[str], *, group: str | None = None) -> tuple[int, ...]:
        self.groups.append(group)
        self.bodies += [body for number, body in enumerate(bodies) if number not in self.full]
        return tuple(number for number in range(len(bodies)) if number in self.full)

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for document in self.documents for event in document["batch"]]


@dataclass(frozen=True)
class FakeToken:
    role: str


class FakeTokens:
    def by_token(self, token: str) -> FakeToken | None:
        role = token.removeprefix("sb_")
        return FakeToken(role) if role in {"viewer", "editor", "admin", "activator"} else None


@dataclass
class FakeBegun:
    digest: str
    begun_at: datetime
    answer: str | None = None


@dataclass
class FakeLog:
    begun: dict[str, FakeBegun] = field(default_factory=dict)

    def begin(self, activation_id: str, digest: str, now: datetime) -> FakeBegun:
        return self.begun.setdefault(activation_id, FakeBegun(digest, now))

    def finish(self, activation_id: str, answer: str) -> None:
        self.begun[activation_id].answer = answer


DESCRIPTION = '{"openapi":"3.1.0"}'


@dataclass
class FakeExports:
    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, body: bytes) -> None:
        self.files[key] = body


def installation(**changes: Any) -> Installation:
    return Installation.model_validate(
        {
            "id": BRAZE_ID,
            "catalog_key": "braze",
            "name": "Braze EU",
            "config": {"rest_endpoint": "https://rest.fra-01.braze.eu"},
            "revision": Revision(id="rev_1", revision_number=1, created_at="2026-01-01T00:00:00.000Z"),
            "created_at": "2026-01-01T00:00:00.000Z",
            "updated_at": "2026-01-01T00:00:00.000Z",
        }
        | changes
    )


@dataclass
class FakeInstallations:
    known: dict[str, Installation] = field(default_factory=lambda: {BRAZE_ID: installation()})

    def get(self, installation_id: str) -> Installation | None:
        return self.known.get(installation_id)


@dataclass
class Door:
    """The front door and what stands behind it, to look at afterwards."""

    queue: FakeQueue = field(default_factory=FakeQueue)
    braze: FakeQueue = field(default_factory=FakeQueue)
    exports: FakeExports = field(default_factory=FakeExports)
    log: FakeLog = field(default_factory=FakeLog)
    installations: FakeInstallations = field(default_factory=FakeInstallations)
    now: datetime = NOW

    def __call__(self, event: dict[str, Any]) -> "Reply":
        sources, secrets = FakeSources(), FakeSecrets()
        activator = Activator(self.log, self.installations, self.braze, self.exports)
        activations = ActivationDoor(FakeTokens(), sources, secrets, activator)
        door = FrontDoor(sources, secrets, self.queue, activations, lambda: self.now, lambda: DESCRIPTION)
        return Reply(door.answer(event))

    def later(self, by: timedelta) -> None:
        self.now += by


@dataclass(frozen=True)
class Reply:
    raw: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.raw["statusCode"])

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.raw["headers"])

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.raw["body"]))


def request(
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = SERVER_KEY,
    headers: Mapping[str, str] | None = None,
    query: str = "",
) -> dict[str, Any]:
    """An HTTP API event; bytes go in base64, as the gateway does with binary bodies."""
    basic = {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()} if key else {}
    raw = body if isinstance(body, bytes | str | None) else json.dumps(body)
    binary = isinstance(raw, bytes)
    named = {name.replace("_", "-").lower(): value for name, value in (headers or {}).items()}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example.com", **basic, **named},
        "requestContext": {"http": {"method": method}, "requestId": "req-1", "stage": "$default"},
        "body": base64.b64encode(raw).decode() if isinstance(raw, bytes) else raw,
        "isBase64Encoded": binary,
    }


def track(**changes: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order Completed", "userId": "u-1", "messageId": "m-1"} | changes


def example(name: str) -> dict[str, Any]:
    """One of the files that `make invoke` takes too."""
    return dict(json.loads((EVENTS / name).read_text()))
