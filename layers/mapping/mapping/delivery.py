"""One planned vendor request as it waits in a queue."""

from collections.abc import Sequence
from hashlib import sha256
from json import dumps
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from mapping.json_values import encode


class CampaignOrder(BaseModel):
    """Which campaign is triggered, on whose order, and until when it still makes sense (ISO 8601).

    `send_to_existing_only` is the order's own word; without one the installation's setting holds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign_id: str
    order_id: str
    send_before: str
    send_to_existing_only: bool | None = None


class DeliveryMessage(BaseModel):
    """Items are canonical events (`events`) or rows of identifier and trigger properties (`campaign`).

    `correlation_ids` name the requests or queue messages that the items came in with, each once, in order.
    `send_before` is until when a journey's events still make sense (ISO 8601); a campaign's order has its own.
    """

    # A worker of this version may still run while the next one already queues: what it does not know, it leaves.
    model_config = ConfigDict(frozen=True, extra="ignore")

    delivery_id: str
    integration_id: str
    kind: Literal["events", "campaign"]
    created_at: str
    items: list[dict[str, Any]]
    campaign: CampaignOrder | None = None
    send_before: str | None = None
    replay_of: str | None = None
    correlation_ids: tuple[str, ...] = ()

    def body(self) -> str:
        """The queue body: compact ASCII JSON."""
        return frame(self, [encode(item).decode("ascii") for item in self.items])


def frame(message: DeliveryMessage, items: Sequence[str]) -> str:
    """The queue body of `message` with `items` already encoded, so that an event is encoded once."""
    head = encode(message.model_dump(exclude={"items"})).decode("ascii")
    return f'{head[:-1]},"items":[{",".join(items)}]}}'


def delivery_id(integration_id: str, *parts: str) -> str:
    """The same installation and parts give the same id, so a redelivered batch plans the same deliveries."""
    return "dlv_" + sha256(dumps([integration_id, *parts]).encode()).hexdigest()[:24]
