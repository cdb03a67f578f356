"""A journey's order carried out: a campaign or events for BrazeQueue, or a delta export for a run.

The order's id is taken first and its answer kept last. Whoever sends it again gets the kept answer; if the
first call died in between, everything is sent once more under the same ids, which delivery and runs know.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bridge.errors import Problem
from bridge.flows.events.activation_rows import (
    Refused,
    Row,
    last_of_each_user,
    member,
    read_rows,
    recipient,
    track_event,
)
from bridge.flows.events.orders import AudienceSettings, CampaignSettings, EventSettings, Order, settings_of
from mapping.delivery import CampaignOrder, DeliveryMessage, delivery_id, frame
from mapping.export import ExportPart, Manifest
from mapping.installation import Installation
from mapping.json_values import encode
from mapping.packing import BRAZE_OBJECTS, BRAZE_RECIPIENTS, MESSAGE_BYTES, pack
from mapping.times import iso

SEND_WITHIN = timedelta(hours=1)


class Begun(Protocol):
    """The first call with an id: what it asked for, when, and its answer if it got that far."""

    @property
    def digest(self) -> str: ...
    @property
    def begun_at(self) -> datetime: ...
    @property
    def answer(self) -> str | None: ...


class ActivationLog(Protocol):
    """Remembers orders by id; both raise Retryable."""

    def begin(self, activation_id: str, digest: str, now: datetime) -> Begun: ...
    def finish(self, activation_id: str, answer: str) -> None: ...


class Installations(Protocol):
    """Finds what is installed."""

    def get(self, installation_id: str) -> Installation | None: ...


class LaneQueue(Protocol):
    """Takes what it can and gives back the positions of the bodies it did not take."""

    def offer(self, bodies: Sequence[str], *, group: str | None = None) -> Sequence[int]: ...


class Exports(Protocol):
    """Writes a file of an export; raises Retryable."""

    def put(self, key: str, body: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Planned:
    """What an order comes to: queue bodies, files in the order they must appear, and its rows' fate."""

    accepted: int
    refused: Sequence[Refused]
    messages: Sequence[str] = ()
    files: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True, slots=True)
class Activator:
    """Carries out orders with what it was handed."""

    log: ActivationLog
    installations: Installations
    braze_queue: LaneQueue
    exports: Exports

    def carry_out(self, order: Order, now: datetime) -> str:
        """The answer's body. Raises Problem 404, 409, 422 or 503, and Retryable."""
        self._check_installation(order.integration_id)
        plan_order(order, now)  # an order that cannot be planned must not take its id
        begun = self.log.begin(order.activation_id, order.digest, now)
        if begun.digest != order.digest:
            raise Problem(409, "ACTIVATION_CONFLICT", "This activation_id was used for another order.")
        if begun.answer is not None:
            return begun.answer
        planned = plan_order(order, begun.begun_at)
        for key, body in planned.files:
            self.exports.put(key, body)
        if planned.messages and self.braze_queue.offer(planned.messages, group=order.integration_id):
            raise Problem(503, "QUEUE_UNAVAILABLE", "The activation is not complete; send it again.")
        answer = _answer(order, planned)
        self.log.finish(order.activation_id, answer)
        return answer

    def _check_installation(self, integration_id: str) -> None:
        found = self.installations.get(integration_id)
        if found is None:
            raise Problem(404, "INTEGRATION_NOT_FOUND", "There is no such integration.")
        if found.catalog_key != "braze":
            raise Problem(422, "WRONG_INTEGRATION", "Activations go to a Braze integration.")
        if not found.enabled:
            raise Problem(422, "INTEGRATION_DISABLED", "The integration is disabled.")


def plan_order(order: Order, begun_at: datetime) -> Planned:
    """Pure: the same order and time give the same ids and bytes. Raises Problem 422."""
    rows, refused = read_rows(order.rows)
    if order.kind == "campaign":
        return _campaign(order, rows, refused, begun_at)
    if order.kind == "event":
        return _events(order, rows, refused, begun_at)
    return _audience(order, rows, refused, begun_at)


def _campaign(order: Order, rows: list[Row], refused: list[Refused], now: datetime) -> Planned:
    settings = settings_of(CampaignSettings, order)
    kept, superseded = last_of_each_user(rows)
    campaign = CampaignOrder(
        campaign_id=settings.campaign_id,
        order_id=order.activation_id,
        send_before=iso(settings.send_before or now + SEND_WITHIN),
        send_to_existing_only=settings.send_to_existing_only,
    )
    items, bad = _parted([recipient(row) for row in kept])
    messages = _messages(order, items, BRAZE_RECIPIENTS, now, campaign)
    return Planned(len(items), _sorted(refused + superseded + bad), messages)


def _events(order: Order, rows: list[Row], refused: list[Refused], now: datetime) -> Planned:
    settings = settings_of(EventSettings, order)
    events, bad = _parted([track_event(row, order.activation_id, settings.event_name, now) for row in rows])
    send_before = iso(settings.send_before) if settings.send_before else None
    messages = _messages(order, events, BRAZE_OBJECTS, now, send_before=send_before)
    return Planned(len(events), _sorted(refused + bad), messages)


def _audience(order: Order, rows: list[Row], refused: list[Refused], now: datetime) -> Planned:
    settings = settings_of(AudienceSettings, order)
    kept, superseded = last_of_each_user(rows)
    lines, bad = _parted([member(row, settings.identifier) for row in kept])
    files = _export_files(order, settings, lines, now) if lines else []
    return Planned(len(lines), _sorted(refused + superseded + bad), files=files)


def _export_files(
    order: Order, settings: AudienceSettings, lines: Sequence[dict[str, Any]], now: datetime
) -> list[tuple[str, bytes]]:
    """The part, then the manifest: it is what starts the run."""
    audience = f"audience={settings.audience_id}/split={settings.split_id}"
    folder = f"exports/{order.integration_id}/{audience}/{order.export_id}"
    part = b"".join(encode(line) + b"\n" for line in lines)
    key = f"{folder}/part-00001.jsonl"
    manifest = Manifest(
        parts=(ExportPart(key=key, rows=len(lines), sha256=hashlib.sha256(part).hexdigest()),),
        mode="delta",
        exported_at=now,
        **settings.model_dump(exclude={"audience_id", "split_id"}),
    )
    return [(key, part), (f"{folder}/manifest.json", manifest.model_dump_json(exclude_none=True).encode())]


def _messages(
    order: Order,
    items: Sequence[dict[str, Any]],
    limit: int,
    now: datetime,
    campaign: CampaignOrder | None = None,
    send_before: str | None = None,
) -> list[str]:
    texts = [encode(item).decode("ascii") for item in items]
    packs = pack(
        items,
        max_items=limit,
        max_objects=limit,
        max_bytes=MESSAGE_BYTES,
        count=lambda _: 1,
        sizes=[len(text) for text in texts],
    )
    bodies = []
    for number, positions in enumerate(packs):
        message = DeliveryMessage(
            delivery_id=delivery_id(order.integration_id, "activation", order.activation_id, str(number)),
            integration_id=order.integration_id,
            kind="campaign" if campaign else "events",
            created_at=iso(now),
            items=[],
            campaign=campaign,
            send_before=send_before,
            correlation_ids=(order.export_id,),
        )
        bodies.append(frame(message, [texts[position] for position in positions]))
    return bodies


def _parted(made: Sequence[dict[str, Any] | Refused]) -> tuple[list[dict[str, Any]], list[Refused]]:
    items = [item for item in made if isinstance(item, dict)]
    return items, [row for row in made if isinstance(row, Refused)]


def _answer(order: Order, planned: Planned) -> str:
    rejected = [{"index": row.index, "reason": row.reason} for row in planned.refused]
    answer = {"activation_id": order.activation_id, "accepted": planned.accepted, "rejected": rejected}
    return json.dumps(answer)


def _sorted(refused: Sequence[Refused]) -> list[Refused]:
    return sorted(refused, key=lambda row: row.index)
