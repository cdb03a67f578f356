"""Lines of an export that went out without an answer and are not sent again by themselves: letters of the Braze lane.

What is held there goes out on a replay, as a delivery of its own: in time, or not at all.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mapping.braze_rows import RECIPIENT_NAMES
from mapping.delivery import CampaignOrder, DeliveryMessage, delivery_id
from mapping.export import RunPlan
from mapping.packing import BRAZE_OBJECTS, BRAZE_RECIPIENTS, MESSAGE_BYTES, pack
from mapping.times import iso

REASON = "no_answer"
DETAIL = (
    "the request went out and no answer came: what it held may have arrived, and is sent again by a replay"
)


class Letters(Protocol):
    """The dead-letter queue of the Braze lane; raises Retryable."""

    def send(
        self, bodies: Sequence[str], *, group: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Held:
    """Files held lines; the same lines make the same deliveries, so that filing twice sends nothing twice."""

    letters: Letters
    clock: Callable[[], datetime]

    def file(self, plan: RunPlan, part: int, lines: Mapping[int, bytes]) -> None:
        """A letter for as many lines as one request takes."""
        numbers = sorted(lines)
        now = iso(self.clock())
        campaign = _order(plan) if plan.kind == "campaign" else None
        items = [_recipient(lines[at]) if campaign else _event(plan, lines[at], part, at) for at in numbers]
        most = BRAZE_RECIPIENTS if campaign else BRAZE_OBJECTS
        packs = pack(items, max_items=most, max_objects=most, max_bytes=MESSAGE_BYTES, count=lambda _: 1)
        for positions in packs:
            message = DeliveryMessage(
                delivery_id=delivery_id(
                    plan.integration_id,
                    "held",
                    plan.run_id,
                    str(part),
                    *(str(numbers[at]) for at in positions),
                ),
                integration_id=plan.integration_id,
                kind="campaign" if campaign else "events",
                created_at=now,
                items=[items[at] for at in positions],
                campaign=campaign,
                send_before=plan.send_before,
                correlation_ids=(plan.run_id,),
            )
            told = {"reason": REASON, "outcome": "unknown", "detail": DETAIL}
            named = {"integration_id": plan.integration_id, "delivery_id": message.delivery_id}
            self.letters.send([message.body()], group=plan.integration_id, attributes=told | named)


def _order(plan: RunPlan) -> CampaignOrder:
    return CampaignOrder(
        campaign_id=plan.campaign_id or "",
        order_id=plan.export_id,
        send_before=plan.send_before or "",
        send_to_existing_only=plan.details.get("send_to_existing_only"),
    )


def _recipient(line: bytes) -> dict[str, Any]:
    """A recipient's line as the row of an order."""
    told = json.loads(line)
    named = {name: told[wire] for name, wire in RECIPIENT_NAMES.items() if wire in told}
    return {**told.get("trigger_properties", {}), **named}


def _event(plan: RunPlan, line: bytes, part: int, number: int) -> dict[str, Any]:
    """An event's line as the canonical event it would have been."""
    told = json.loads(line)
    user = (
        {"userId": told["external_id"]}
        if "external_id" in told
        else {"context": {"braze_id": told["braze_id"]}}
    )
    return {
        "type": "track",
        "event": told["name"],
        **user,
        "properties": told.get("properties", {}),
        "timestamp": told["time"],
        "receivedAt": plan.exported_at,
        "messageId": f"{plan.run_id}:{part}:{number}",
        "sourceId": "export",
        "sourceKind": "server",
    }
