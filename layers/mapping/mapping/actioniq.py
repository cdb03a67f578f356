"""Signal's events as ActionIQ's records (the shape is ours, to be confirmed with the vendor)."""

from collections.abc import Callable
from typing import Any, Final

from mapping.destination import Wants
from mapping.event import Event
from mapping.installation import ActionIqSettings, Installation
from mapping.outcome import ItemOutcome, filtered
from mapping.packing import ACTIONIQ_RECORDS

type Record = dict[str, Any]

RECORD_TYPES: Final = {"page": "page_view", "track": "custom_event", "identify": "user_profile"}

# identifier at ActionIQ → where it is found, first match wins; values pass through untouched
IDENTIFIERS: Final[dict[str, tuple[str, ...]]] = {
    "user_id": ("userId",),
    "anonymous_id": ("anonymousId",),
    "email": ("traits.email", "properties.email"),
    "phone": ("traits.phone", "properties.phone"),
}

# attribute of a page view → where it is found, first match wins; other properties keep their names
PAGE_ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "url": ("properties.url", "context.page.url"),
    "referrer": ("properties.referrer", "context.page.referrer"),
    "title": ("properties.title", "context.page.title"),
    "name": ("properties.name", "name"),
}

EVENT_NAME: Final = "event_name"

_NOTHING: Final[dict[str, Any]] = {}


def wants(installation: Installation) -> Wants:
    """≤500 records a request."""
    settings = ActionIqSettings.of(installation)
    return Wants(lambda event: wanted(event, settings), max_objects=ACTIONIQ_RECORDS)


def wanted(event: Event, _settings: ActionIqSettings) -> ItemOutcome | None:
    """None when ActionIQ wants the event, else why not; no setting narrows it yet."""
    if event["type"] not in RECORD_TYPES:
        return _NOT_MAPPED
    if "userId" in event or "anonymousId" in event or _identifiers(event):
        return None
    return _NO_IDENTIFIER


_NOT_MAPPED: Final = filtered("not_mapped")
_NO_IDENTIFIER: Final = filtered("no_actioniq_identifier")


def to_record(event: Event, settings: ActionIqSettings) -> Record | ItemOutcome:
    """The one record an event becomes, or why it becomes none; never raises for a canonical event.

    The name of a track event is the attribute `event_name`; a property of that name moves to
    `property_event_name`.
    """
    if (unwanted := wanted(event, settings)) is not None:
        return unwanted
    return {
        "record_type": RECORD_TYPES[event["type"]],
        "record_id": event["messageId"],
        "destination_id": settings.destination_id,
        "timestamp": event["timestamp"],
        "identifiers": _identifiers(event),
        "attributes": _ATTRIBUTES[event["type"]](event),
    }


def _identifiers(event: Event) -> dict[str, Any]:
    identifiers = {}
    for name, paths in _IDENTIFIER_PATHS:
        value = _first(event, paths)
        if type(value) in _SCALARS and value != "":
            identifiers[name] = value
    return identifiers


def _page(event: Event) -> dict[str, Any]:
    attributes = {}
    for name, paths in _PAGE_PATHS:
        if (value := _first(event, paths)) is not None:
            attributes[name] = value
    properties: dict[str, Any] = event.get("properties", _NOTHING)
    return attributes | properties


def _track(event: Event) -> dict[str, Any]:
    properties: dict[str, Any] = event.get("properties", _NOTHING)
    if EVENT_NAME in properties:
        name = f"property_{EVENT_NAME}"
        while name in properties:
            name = f"property_{name}"
        properties = {name if key == EVENT_NAME else key: value for key, value in properties.items()}
    return {EVENT_NAME: event["event"]} | properties


def _identify(event: Event) -> dict[str, Any]:
    traits: dict[str, Any] = event.get("traits", _NOTHING)
    return traits


def _first(event: Event, paths: tuple[tuple[str, ...], ...]) -> Any:
    for path in paths:
        value: Any = event
        for step in path:
            value = value.get(step) if type(value) is dict else None
        if value is not None:
            return value
    return None


def _steps(table: dict[str, tuple[str, ...]]) -> tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]:
    return tuple((name, tuple(tuple(path.split(".")) for path in paths)) for name, paths in table.items())


_SCALARS: Final = frozenset({str, int, float})
_IDENTIFIER_PATHS: Final = _steps(IDENTIFIERS)
_PAGE_PATHS: Final = _steps(PAGE_ATTRIBUTES)
_ATTRIBUTES: Final[dict[str, Callable[[Event], dict[str, Any]]]] = {
    "page": _page,
    "track": _track,
    "identify": _identify,
}
