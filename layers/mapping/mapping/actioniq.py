"""Signal's events as ActionIQ's records (the shape is ours, to be confirmed with the vendor)."""

from typing import Any, Final

from mapping.event import Event
from mapping.installation import ActionIqSettings
from mapping.outcome import ItemOutcome, filtered

type Record = dict[str, Any]

RECORD_TYPES: Final = {"page": "page_view", "track": "custom_event", "identify": "user_profile"}

# identifier at ActionIQ → where it is found, first match wins; values pass through untouched
IDENTIFIERS: Final = {
    "user_id": ("userId",),
    "anonymous_id": ("anonymousId",),
    "email": ("traits.email", "properties.email"),
    "phone": ("traits.phone", "properties.phone"),
}

# attribute of a page view → where it is found, first match wins; other properties follow under their own names
PAGE_ATTRIBUTES: Final = {
    "url": ("properties.url", "context.page.url"),
    "referrer": ("properties.referrer", "context.page.referrer"),
    "title": ("properties.title", "context.page.title"),
    "name": ("properties.name", "name"),
}

EVENT_NAME: Final = "event_name"

_NOTHING: Final[dict[str, Any]] = {}


def wanted(event: Event, settings: ActionIqSettings) -> ItemOutcome | None:
    """None when ActionIQ wants the event, else why not."""
    raise NotImplementedError


def to_record(event: Event, settings: ActionIqSettings) -> Record | ItemOutcome:
    """The one record an event becomes, or why it becomes none; never raises for a canonical event."""
    raise NotImplementedError
