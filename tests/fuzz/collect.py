"""Requests as bytes, and what holds of every answer: only what is described, and it says what was queued.

A case is a request as people write one down: `POST /v1/batch?query`, headers, an empty line, the body.
A line of the head that begins with `!` says what happens to the request on its way:
`!gzip` packs the body, `!sign` signs it, `!text` hands it over as text, `!full` has the queue take nothing.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bridge.flows.authorize import signature
from bridge.flows.events.activate import Activator
from bridge.flows.events.activation_door import ActivationDoor
from bridge.flows.events.decode import MAX_BODY_BYTES
from bridge.flows.events.front_door import FrontDoor
from local.settings import ROOT
from mapping.event import normalise
from tests.unit.collect.builders import (
    HMAC_SECRET,
    NOW,
    FakeExports,
    FakeInstallations,
    FakeLog,
    FakeQueue,
    FakeSecrets,
    FakeSource,
    FakeSources,
    FakeTokens,
    installation,
)

STAMP = str(int(NOW.timestamp() * 1000))
MESSAGE_BYTES = 1024 * 1024
TOO_LONG = 10_000  # positions that a full queue does not take


class Keys(FakeSources):
    """Write keys short enough for chance to keep them whole."""

    known: Mapping[str, FakeSource] = {
        "dk_s": FakeSource("src_server"),
        "dk_b": FakeSource("src_browser", kind="browser"),
        "dk_t": FakeSource("src_test", test=True),
        "dk_o": FakeSource("src_off", enabled=False),
    }


@dataclass(frozen=True)
class Case:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    on_the_way: frozenset[str]

    @classmethod
    def of(cls, data: bytes) -> "Case":
        head, _, body = data.partition(b"\n\n")
        first, *lines = head.decode("latin-1").split("\n")
        method, _, target = first.partition(" ")
        path, _, query = target.partition("?")
        pairs = (line.partition(":") for line in lines if not line.startswith("!"))
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        orders = frozenset(line for line in lines if line.startswith("!"))
        sent = gzip.compress(body, 1, mtime=0) if "!gzip" in orders else body
        if "!sign" in orders:
            headers |= {"x-timestamp": STAMP, "x-signature": signature(HMAC_SECRET, STAMP, sent)}
        return cls(method, path, query, headers, sent, orders)

    @property
    def event(self) -> dict[str, Any]:
        """As the gateway hands it over (HTTP API, payload format 2.0)."""
        binary = "!text" not in self.on_the_way
        body = base64.b64encode(self.body).decode() if binary else self.body.decode("utf-8", "replace")
        http = {"method": self.method, "sourceIp": "192.0.2.1"}
        return {
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.headers,
            "requestContext": {"http": http, "requestId": "req-1", "stage": "$default"},
            "body": body,
            "isBase64Encoded": binary,
        }

    @property
    def operation(self) -> str | None:
        """The described path that this one is, None for a path that nobody described."""
        path = self.path.rstrip("/") or "/"
        if path.startswith("/v1/pixel/"):
            return "/v1/pixel/{type}"
        if path.startswith("/v1/projects/") and path.endswith("/settings"):
            return "/v1/projects/{writeKey}/settings"
        return path if path in described() and not path.startswith("/v1/admin/") else None


@cache
def described() -> dict[str, dict[str, frozenset[int]]]:
    """Statuses by path and method, as docs/openapi.json has them."""
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    return {
        path: {
            method.upper(): frozenset(map(int, operation["responses"]))
            for method, operation in operations.items()
            if "responses" in operation
        }
        for path, operations in paths.items()
    }


@dataclass
class Behind:
    """What stands behind the front door."""

    events: FakeQueue = field(default_factory=FakeQueue)
    braze: FakeQueue = field(default_factory=FakeQueue)
    exports: FakeExports = field(default_factory=FakeExports)
    log: FakeLog = field(default_factory=FakeLog)

    def door(self) -> FrontDoor:
        keys, secrets = Keys(), FakeSecrets()
        activator = Activator(
            self.log, FakeInstallations({"int_1": installation(id="int_1")}), self.braze, self.exports
        )
        activations = ActivationDoor(FakeTokens(), keys, secrets, activator)
        return FrontDoor(keys, secrets, self.events, activations, lambda: NOW, lambda: "{}")

    @property
    def taken(self) -> int:
        """Everything that will be sent on."""
        items = sum(len(message["items"]) for message in self.braze.documents)
        lines = sum(body.count(b"\n") for key, body in self.exports.files.items() if key.endswith(".jsonl"))
        return len(self.events.events) + items + lines


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever else went wrong, unless the request got a right answer."""
    case, behind = Case.of(data), Behind()
    if "!full" in case.on_the_way:
        behind.events.full = behind.braze.full = set(range(TOO_LONG))
    reply = behind.door().answer(case.event)
    _is_described(case, reply["statusCode"])
    assert all(isinstance(text, str) for text in reply["headers"].values())
    if reply["isBase64Encoded"]:
        assert (reply["headers"]["Content-Type"], behind.taken) == ("image/gif", 1)
    elif reply["body"]:
        _says_what_was_taken(case, reply["statusCode"], json.loads(reply["body"]), behind)
    _is_fit_for_the_queue(behind)
    if reply["statusCode"] == 202:
        before = behind.taken
        assert behind.door().answer(case.event) == reply
        assert behind.taken == before, "the same order again sends nothing again"


def _is_described(case: Case, status: int) -> None:
    if case.operation is None:
        assert status == 404
        return
    statuses = described()[case.operation]
    if case.method.upper() == "OPTIONS":
        assert status in {204, 405}
    elif case.method.upper() not in statuses:
        assert status == 405
    else:
        assert status in statuses[case.method.upper()] - {500, 429}
        assert status != 503 or "!full" in case.on_the_way


def _says_what_was_taken(case: Case, status: int, answer: dict[str, Any], behind: Behind) -> None:
    if status == 202:
        rows = json.loads(_plain(case))["rows"]
        indices = [one["index"] for one in answer["rejected"]]
        assert len(set(indices)) == len(indices)
        assert (answer["accepted"], answer["accepted"] + len(indices)) == (behind.taken, len(rows))
    elif status == 200 and case.operation in described() and case.method.upper() == "POST":
        assert (answer["success"], answer["accepted"]) == (True, behind.taken)
        assert answer["accepted"] + len(answer["errors"]) == _sent(case)
        recorded = [one for document in behind.events.documents for one in document.get("refused", ())]
        if "!full" not in case.on_the_way:
            assert [one["index"] for one in recorded] == [one["index"] for one in answer["errors"]]
    elif status == 503:
        assert (answer.get("accepted", 0), answer["code"]) == (behind.taken, "QUEUE_UNAVAILABLE")
    else:
        assert behind.taken == 0
        if status >= 400:
            assert (answer["status"], bool(answer["code"]), bool(answer["message"])) == (status, True, True)


def _sent(case: Case) -> int:
    """How many events there are in the body, counted without the code under test."""
    document = json.loads(_plain(case))
    batch = case.operation in {"/v1/batch", "/v1/b", "/v1/import"}
    return len(document["batch"]) if batch or (case.operation == "/v1/events" and "batch" in document) else 1


def _plain(case: Case) -> bytes:
    body = case.body if "!text" not in case.on_the_way else case.body.decode("utf-8", "replace").encode()
    plain = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    assert len(plain) <= MAX_BODY_BYTES
    return plain


def _is_fit_for_the_queue(behind: Behind) -> None:
    for body in (*behind.events.bodies, *behind.braze.bodies):
        assert len(body) <= MESSAGE_BYTES
        assert body.isascii()
    for document in behind.events.documents:
        for event in document["batch"]:
            again = normalise(
                event,
                received_at=NOW,
                fallback_id="",
                source_id=document["source_id"],
                source_kind=document["source_kind"],
            )
            assert again == event, "what is queued is canonical"


__all__ = ["check"]
