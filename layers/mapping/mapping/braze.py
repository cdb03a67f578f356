"""Signal's events as Braze's event and attribute objects (POST `/users/track`)."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from mapping import braze_values
from mapping.braze_fields import (
    MAX_EXTERNAL_ID_BYTES,
    STANDARD_ATTRIBUTES,
    TRAIT_NAMES,
    membership_attribute,
)
from mapping.braze_profile import attributes_of
from mapping.braze_properties import storable
from mapping.destination import Wants
from mapping.event import Event, braze_id
from mapping.installation import BrazeSettings, Installation
from mapping.outcome import ItemOutcome, LeftOut, Outcome, filtered, rejected
from mapping.packing import BRAZE_OBJECTS

__all__ = [
    "STANDARD_ATTRIBUTES",
    "TRAIT_NAMES",
    "array_of",
    "left_out",
    "membership_attribute",
    "object_count",
    "to_objects",
    "wanted",
    "wants",
]

type Array = Literal["attributes", "events"]
type BrazeObject = tuple[Array, dict[str, Any]]

# type of event → the array of /users/track it becomes an object of; the other types are not mapped
ARRAYS: Final[dict[str, Array]] = {"track": "events", "identify": "attributes", "page": "events"}
UNNAMED_PAGE: Final = "Page Viewed"

_NOTHING: Final[dict[str, Any]] = {}
_LONGEST_DETAIL: Final = 255


def wants(installation: Installation) -> Wants:
    """≤75 objects a request, in each array by itself where the account still counts so."""
    settings = BrazeSettings.of(installation)
    return Wants(
        lambda event: wanted(event, settings),
        max_objects=BRAZE_OBJECTS,
        max_items=2 * BRAZE_OBJECTS,
        count=lambda event: object_count(event, settings),
        array=array_of if settings.objects_rule == "per_array" else None,
    )


def wanted(event: Event, settings: BrazeSettings) -> ItemOutcome | None:
    """None when Braze wants the event, else why not; looks at no more than type, identifiers and traits."""
    kind = event["type"]
    if kind not in ARRAYS:
        return _NOT_MAPPED
    if kind == "page" and not settings.track_pages:
        return _PAGES_OFF
    if "userId" not in event and braze_id(event) is None:
        return _NO_IDENTIFIER
    if kind == "identify" and not event.get("traits"):
        return _NO_TRAITS
    return None


_NOT_MAPPED: Final = filtered("not_mapped")
_PAGES_OFF: Final = filtered("pages_not_tracked")
_NO_IDENTIFIER: Final = filtered("no_braze_identifier")
_NO_TRAITS: Final = filtered("no_traits")


def object_count(event: Event, settings: BrazeSettings) -> int:
    """How many objects the event becomes at most: one, or none when it is filtered."""
    return 0 if wanted(event, settings) else 1


def array_of(event: Event) -> Array:
    """The array an event's object goes to, for accounts whose limit counts per array."""
    return ARRAYS.get(event["type"], "events")


def to_objects(
    event: Event, settings: BrazeSettings, notes: list[LeftOut] | None = None
) -> list[BrazeObject] | ItemOutcome:
    """The objects an event becomes, or why it becomes none; never raises for a canonical event.

    A value Braze would refuse or not store in full is left out, and the rest goes out; `notes`, an empty
    list, is told of each. Only what the whole depends on rejects the whole: the identifier and the event's name.
    """
    if (unwanted := wanted(event, settings)) is not None:
        return unwanted
    if "userId" in event:
        user = event["userId"]
        if len(user) > MAX_EXTERNAL_ID_BYTES // 4 and len(user.encode()) > MAX_EXTERNAL_ID_BYTES:
            return rejected("external_id_too_long", f"userId is over {MAX_EXTERNAL_ID_BYTES} bytes")
        target = {"external_id": user}
    else:
        target = {"braze_id": event["context"]["braze_id"]}
    if settings.update_existing_only:
        target["_update_existing_only"] = True
    noted = [] if notes is None else notes
    if event["type"] == "identify":
        return _profile(event, settings, target, noted)
    return _event(event, target, noted)


def left_out(event: Event, settings: BrazeSettings) -> tuple[LeftOut, ...]:
    """What `to_objects` leaves out of an event, for who has not mapped it."""
    notes: list[LeftOut] = []
    to_objects(event, settings, notes)
    return tuple(notes)


def _event(event: Event, target: dict[str, Any], notes: list[LeftOut]) -> list[BrazeObject] | ItemOutcome:
    name = event["event"] if event["type"] == "track" else event.get("name", UNNAMED_PAGE)
    if len(name) > braze_values.MAX_STRING:
        return rejected("event_name_too_long", f"the event name is over {braze_values.MAX_STRING} characters")
    target["name"] = name
    target["time"] = event["timestamp"]
    if (given := event.get("properties")) and (properties := storable(given, notes)):
        target["properties"] = properties
    return [("events", target)]


def _profile(
    event: Event, settings: BrazeSettings, target: dict[str, Any], notes: list[LeftOut]
) -> list[BrazeObject] | ItemOutcome:
    consent = settings.consent_fields == "allow" and event["sourceKind"] != "browser"
    attributes = attributes_of(event.get("traits", _NOTHING), notes, consent=consent)
    if settings.merge_objects and any(type(value) is dict for value in attributes.values()):
        target["_merge_objects"] = True
    return [("attributes", target | attributes)] if attributes else _nothing_left(notes)


def _nothing_left(notes: Sequence[LeftOut]) -> ItemOutcome:
    named = ", ".join(f"{note.field} ({note.reason})" for note in notes if not note.sent)
    detail = f"left out: {named}" if named else "nothing is left to send"
    return ItemOutcome(Outcome.FILTERED, "no_traits", detail[:_LONGEST_DETAIL], tuple(notes))
