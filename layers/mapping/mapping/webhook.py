"""Signal's events for a webhook: the canonical events themselves, without what was said to us alone."""

from typing import Any, Final, Literal

from pydantic import Field

from mapping.destination import Wants
from mapping.event import ERASED, Event
from mapping.installation import Installation, Settings
from mapping.outcome import ItemOutcome, filtered

MOST_EVENTS: Final = 100

# what goes out of a canonical event, in this order, under the same names; what is absent stays absent
FIELDS: Final = (
    "type",
    "messageId",
    "event",
    "name",
    "userId",
    "anonymousId",
    "groupId",
    "previousId",
    "timestamp",
    "originalTimestamp",
    "receivedAt",
    "sourceId",
    "properties",
    "traits",
    "context",
)


class WebhookSettings(Settings):
    """Where the events go and how a request proves that it is ours; no secret is in here."""

    url: str
    method: Literal["POST", "PUT"] = "POST"
    authentication: Literal["none", "bearer", "basic", "hmac"] = "none"
    basic_user: str = ""
    batch_size: int = Field(default=MOST_EVENTS, ge=1, le=MOST_EVENTS)
    payload: Literal["canonical"] = "canonical"


def wants(installation: Installation) -> Wants:
    """Every event, up to `batch_size` in a request."""
    return Wants(lambda _: None, max_objects=WebhookSettings.of(installation).batch_size)


def to_event(event: Event, _settings: WebhookSettings) -> dict[str, Any] | ItemOutcome:
    """The event as the receiver gets it; nothing is sent of one that was erased while its delivery waited."""
    if event["type"] == ERASED:
        return filtered("not_mapped")
    return {name: event[name] for name in FIELDS if name in event}
