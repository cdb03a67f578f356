"""Ingest with everything behind it faked, and builders of messages and installations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge.errors import Retryable
from bridge.flows.events.event_messages import Message
from bridge.flows.events.ingest import Ingest
from mapping.delivery import DeliveryMessage
from mapping.installation import Installation, Revision

EVENTS = Path(__file__).parents[3] / "events"
NOW = datetime(2026, 3, 2, 10, 15, 31, tzinfo=UTC)
SENT = datetime(2026, 3, 2, 10, 15, 30, 500_000, tzinfo=UTC)
BRAZE = "int_b0000000000000000000"
ACTIONIQ = "int_a0000000000000000000"
WEBHOOK = "int_e0000000000000000000"


@dataclass
class FakeQueue:
    """Takes everything but the bodies whose position is in `full`."""

    full: set[int] = field(default_factory=set)
    bodies: list[str] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    attributes: list[Mapping[str, str]] = field(default_factory=list)

    def offer(
        self, bodies: Sequence[str], *, group: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> tuple[int, ...]:
        self.groups.append(group)
        self.attributes.append(attributes or {})
        self.bodies += [body for number, body in enumerate(bodies) if number not in self.full]
        return tuple(number for number in range(len(bodies)) if number in self.full)

    @property
    def messages(self) -> list[DeliveryMessage]:
        return [DeliveryMessage.model_validate_json(body) for body in self.bodies]

    @property
    def ids(self) -> list[str]:
        return [item["messageId"] for message in self.messages for item in message.items]


@dataclass(frozen=True)
class Recorded:
    delivery_id: str
    integration_id: str | None
    status: str
    items: list[dict[str, Any]]

    @property
    def reasons(self) -> list[str]:
        return [item["reason"] for item in self.items]


@dataclass
class FakeRecorder:
    rows: list[Recorded] = field(default_factory=list)
    away: bool = False

    def record(
        self,
        delivery_id: str,
        integration_id: str | None,
        status: str,
        items: Sequence[dict[str, Any]],
        now: datetime,
    ) -> None:
        if self.away:
            raise Retryable("table_unavailable")
        self.rows.append(Recorded(delivery_id, integration_id, status, list(items)))

    def reasons(self, integration_id: str | None, status: str = "filtered") -> list[str]:
        found = [row for row in self.rows if (row.integration_id, row.status) == (integration_id, status)]
        return [reason for row in found for reason in row.reasons]


@dataclass
class Bench:
    """One ingest worker and what it left behind."""

    installations: list[Installation] = field(default_factory=lambda: [actioniq(), braze()])
    actioniq: FakeQueue = field(default_factory=FakeQueue)
    braze: FakeQueue = field(default_factory=FakeQueue)
    webhook: FakeQueue = field(default_factory=FakeQueue)
    letters: FakeQueue = field(default_factory=FakeQueue)
    recorder: FakeRecorder = field(default_factory=FakeRecorder)
    away: bool = False
    reasons: dict[str, str] = field(default_factory=dict)

    def all(self) -> list[Installation]:
        if self.away:
            raise Retryable("table_unavailable")
        return self.installations

    def take(self, *bodies: Any) -> set[str]:
        """Each body is one message, called `sqs-0`, `sqs-1`, …; text goes in as it is. Which come again."""
        lanes = {"actioniq": self.actioniq, "braze": self.braze, "webhook": self.webhook}
        messages = [message(number, body) for number, body in enumerate(bodies)]
        self.reasons = Ingest(self, lanes, self.letters, self.recorder, lambda: NOW).take(messages)
        return set(self.reasons)


def message(number: int, body: Any) -> Message:
    return Message(f"sqs-{number}", body if isinstance(body, str) else json.dumps(body), SENT)


def _installation(**fields: Any) -> Installation:
    return Installation.model_validate(
        {
            "revision": Revision(id="rev_1", revision_number=1, created_at="2026-01-01T00:00:00.000Z"),
            "created_at": "2026-01-01T00:00:00.000Z",
            "updated_at": "2026-01-01T00:00:00.000Z",
        }
        | fields
    )


def braze(config: Mapping[str, Any] | None = None, **changes: Any) -> Installation:
    known = {"rest_endpoint": "https://rest.fra-01.braze.eu"}
    fields = {"id": BRAZE, "catalog_key": "braze", "name": "Braze EU", "config": known | dict(config or {})}
    return _installation(**fields | changes)


def actioniq(config: Mapping[str, Any] | None = None, **changes: Any) -> Installation:
    known = {"account_id": "acc", "destination_id": "dest"}
    fields = {"id": ACTIONIQ, "catalog_key": "actioniq", "name": "AIQ", "config": known | dict(config or {})}
    return _installation(**fields | changes)


def webhook(config: Mapping[str, Any] | None = None, **changes: Any) -> Installation:
    known = {"url": "https://hooks.example.com"}
    fields = {"id": WEBHOOK, "catalog_key": "webhook", "name": "Hook", "config": known | dict(config or {})}
    return _installation(**fields | changes)


def track(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-1",
        "messageId": f"m-{number}",
    } | changes


def frame(*events: Any, **head: Any) -> dict[str, Any]:
    """A message as collect sends it."""
    known = {"source_id": "src_1", "source_kind": "server", "received_at": "2026-03-02T10:15:30.000+00:00"}
    return known | head | {"batch": list(events)}


def example(name: str) -> list[str]:
    """The bodies of one of the files that `make invoke` takes too."""
    return [record["body"] for record in json.loads((EVENTS / name).read_text())["Records"]]
