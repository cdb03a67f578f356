"""Events that go nowhere, kept to be seen: nobody wants them (filtered) or can take them (rejected)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from bridge.errors import Retryable
from bridge.flows.events.event_messages import Arrival, Refusal
from mapping.delivery import delivery_id

MAX_RECORDED = 200
"""Items of one row of live events: more would not be read by anyone, nor fit into the table."""

SHOWN_CHARS = 200

type Item = dict[str, Any]
"""`message_id, type, name, user, outcome, reason, detail, correlation_id, event` of one event."""

type Status = Literal["filtered", "rejected"]


class Recorder(Protocol):
    """Keeps a row of live events and its stages; the same id is the same row. Raises Retryable."""

    def record(
        self,
        delivery_id: str,
        integration_id: str | None,
        status: Status,
        items: Sequence[Item],
        now: datetime,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What one installation, or nobody, did not get, each event with its reason."""

    integration_id: str | None
    status: Status
    events: Sequence[tuple[Arrival | Refusal, str]]


def keep(groups: Iterable[Undelivered], recorder: Recorder, now: datetime) -> dict[str, str]:
    """Record every group; the ids of the messages whose events could not be recorded, with the reason."""
    failed: dict[str, str] = {}
    for group in groups:
        for start in range(0, len(group.events), MAX_RECORDED):
            part = group.events[start : start + MAX_RECORDED]
            key = delivery_id(group.integration_id or "", group.status, *(one.reference for one, _ in part))
            items = [_item(one, group.status, reason) for one, reason in part]
            try:
                recorder.record(key, group.integration_id, group.status, items, now)
            except Retryable as error:
                failed |= {one.message_id: error.reason for one, _ in part}
    return failed


def _item(one: Arrival | Refusal, outcome: Status, reason: str) -> Item:
    event = one.event if isinstance(one.event, dict) else {}
    shown = {
        "message_id": event.get("messageId"),
        "type": event.get("type"),
        "name": event.get("event") or event.get("name"),
        "user": event.get("userId") or event.get("anonymousId"),
    }
    text = {name: value[:SHOWN_CHARS] if isinstance(value, str) else "" for name, value in shown.items()}
    detail = one.detail if isinstance(one, Refusal) else ""
    told = {"outcome": outcome, "reason": reason, "detail": detail, "correlation_id": one.correlation_id}
    return {**text, **told, "event": one.event}
