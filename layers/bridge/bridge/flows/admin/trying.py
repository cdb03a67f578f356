"""A test event: the quickest way to see whether data flows."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints

from bridge.flows.admin.admin_api import Call
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import parsed
from bridge.flows.events.gateway import Answer, answer_json
from mapping.times import iso

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class TrialRequest(BaseModel):
    """Both have defaults, so that an empty object will do."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    event: Text = "Signal Bridge Test"
    user_id: Text = "signal-bridge-test"


class Queue(Protocol):
    """Takes bodies; raises Retryable when it cannot."""

    def send(self, bodies: Sequence[str], *, group: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """`events` is the queue that Signal's own events come through."""

    events: Queue
    audit: Audit
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def send(self, call: Call) -> Answer:
        """POST /v1/admin/live-events/test: one track event, delivered to every enabled installation that wants it."""
        request = parsed(TrialRequest, call.document())
        message_id, now = self.new_id("test"), iso(self.clock())
        event = {
            "type": "track",
            "event": request.event,
            "userId": request.user_id,
            "messageId": message_id,
            "timestamp": now,
            "properties": {"test": True},
            "context": {"library": {"name": "signal-bridge"}},
        }
        told = {"event": {"old": None, "new": request.event}}
        with self.audit.act(call.actor, "test_event.sent", "event", message_id, told):
            self.events.send([json.dumps(event)])
        return answer_json(
            202, {"message_id": message_id, "event": request.event, "user_id": request.user_id}
        )
