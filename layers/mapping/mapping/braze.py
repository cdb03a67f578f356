"""Signal's events as Braze's event and attribute objects (`/users/track`, facts/braze.md 2)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from mapping import braze_values
from mapping.braze_fields import (
    ADDRESS_NAMES,
    MAX_EXTERNAL_ID_BYTES,
    PROPERTY_NAMES,
    STANDARD_ATTRIBUTES,
    TRAIT_NAMES,
    Field,
    FieldKind,
    attribute_field,
    key_problem,
    membership_attribute,
    trait_field,
)
from mapping.event import Event, braze_id
from mapping.installation import BrazeSettings
from mapping.outcome import ItemOutcome, filtered, rejected

__all__ = [
    "STANDARD_ATTRIBUTES",
    "TRAIT_NAMES",
    "LeftOut",
    "array_of",
    "left_out",
    "membership_attribute",
    "object_count",
    "to_objects",
    "wanted",
]

type Array = Literal["attributes", "events"]
type BrazeObject = tuple[Array, dict[str, Any]]

# type of event → the array of /users/track it becomes an object of; the other types are not mapped
ARRAYS: Final[dict[str, Array]] = {"track": "events", "identify": "attributes", "page": "events"}
UNNAMED_PAGE: Final = "Page Viewed"
MAX_PROPERTIES: Final = 256
MAX_PROPERTIES_BYTES: Final = 100_000

_NOTHING: Final[dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A trait that did not go to Braze while its neighbours did."""

    trait: str
    reason: str


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


def to_objects(event: Event, settings: BrazeSettings) -> list[BrazeObject] | ItemOutcome:
    """The objects an event becomes, or why it becomes none; never raises for a canonical event.

    An event that Braze would refuse or store in part is rejected whole, with the first reason. Only consent
    fields and empty standard fields are left out of an otherwise whole profile: `left_out` names them.
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
    if event["type"] == "identify":
        profile = _profile(event, settings, [])
        return profile if isinstance(profile, ItemOutcome) else [("attributes", target | profile)]
    return _event(event, target)


def left_out(event: Event, settings: BrazeSettings) -> tuple[LeftOut, ...]:
    """The traits of an identify that `to_objects` leaves out, for the record of the delivery."""
    notes: list[LeftOut] = []
    if event["type"] == "identify":
        _profile(event, settings, notes)
    return tuple(notes)


def _event(event: Event, target: dict[str, Any]) -> list[BrazeObject] | ItemOutcome:
    name = event["event"] if event["type"] == "track" else event.get("name", UNNAMED_PAGE)
    if len(name) > braze_values.MAX_STRING:
        return rejected("event_name_too_long", f"the event name is over {braze_values.MAX_STRING} characters")
    target["name"] = name
    target["time"] = event["timestamp"]
    if properties := event.get("properties"):
        if (refusal := _properties_problem(properties)) is not None:
            return refusal
        target["properties"] = properties if _RESERVED.isdisjoint(properties) else _renamed(properties)
    return [("events", target)]


_RESERVED: Final = frozenset(PROPERTY_NAMES)


def _properties_problem(properties: dict[str, Any]) -> ItemOutcome | None:
    nested = False
    for key, value in properties.items():
        kind = type(value)
        if kind is str:
            if len(value) > braze_values.MAX_STRING:
                return rejected("string_too_long", f"properties.{key}")
        elif kind is dict or kind is list:
            nested = True
        if reason := key_problem(key):
            return rejected(reason, f"properties.{key[:40]}")
    if len(properties) > MAX_PROPERTIES:
        return rejected("too_many_properties", f"Braze keeps the first {MAX_PROPERTIES}")
    if nested and braze_values.size(properties) > MAX_PROPERTIES_BYTES:
        return rejected(
            "properties_too_large", f"properties with arrays or objects take {MAX_PROPERTIES_BYTES} bytes"
        )
    return None


def _renamed(properties: dict[str, Any]) -> dict[str, Any]:
    """Reserved keys move to `property_<key>`, further `property_` in front while that name is taken."""
    moved = {}
    for key, value in properties.items():
        name = PROPERTY_NAMES.get(key, key)
        while name != key and name in properties:
            name = f"property_{name}"
        moved[name] = value
    return moved


def _profile(event: Event, settings: BrazeSettings, notes: list[LeftOut]) -> dict[str, Any] | ItemOutcome:
    traits: dict[str, Any] = event.get("traits", _NOTHING)
    consent = settings.consent_fields == "allow" and event["sourceKind"] != "browser"
    profile = _Profile(traits, consent, {}, notes)
    attributes = profile.attributes
    for trait, value in traits.items():
        field = trait_field(trait)
        if field.problem:
            return rejected(field.problem, f"traits.{trait[:40]}")
        if field.kind is not _CUSTOM:
            reason = profile.add(trait, field, value)
        elif trait == "address" and type(value) is dict:
            reason = profile.add_address(value)
        elif type(value) in _CHECKED and (reason := braze_values.problem(value)):
            pass
        else:
            attributes[field.name] = value
            continue
        if reason:
            return rejected(reason, f"traits.{trait}")
    return attributes or filtered("no_traits", "nothing is left to send")


_CUSTOM: Final = FieldKind.CUSTOM
_CHECKED: Final = frozenset({str, list, dict})


@dataclass(frozen=True, slots=True)
class _Profile:
    """A profile update in the making."""

    traits: dict[str, Any]
    consent: bool
    attributes: dict[str, Any]
    notes: list[LeftOut]

    def add(self, trait: str, field: Field, value: Any) -> str:
        """Take a standard attribute, or say why the whole profile is refused."""
        if field.kind is FieldKind.CONSENT and not self.consent:
            self.notes.append(LeftOut(trait, "consent_field"))
        elif field.renamed and field.name in self.traits:
            self.notes.append(LeftOut(trait, "exact_name_given"))
        elif value == "":
            self.notes.append(LeftOut(trait, "empty"))
        elif field.standard is not None and (known := field.standard.check(value)) is not None:
            self.attributes[field.name] = known
        else:
            return "string_too_long" if braze_values.problem(value) == "string_too_long" else "bad_value"
        return ""

    def add_address(self, address: dict[str, Any]) -> str:
        """Take city and country out; what is left stays the custom attribute `address`."""
        rest = {}
        for key, value in address.items():
            if (name := ADDRESS_NAMES.get(key)) is None:
                rest[key] = value
            elif reason := self.add(f"address.{key}", _address_field(name), value):
                return reason
        if rest:
            self.attributes["address"] = rest
        return braze_values.problem(rest)


@lru_cache(maxsize=len(ADDRESS_NAMES))
def _address_field(name: str) -> Field:
    field = attribute_field(name)
    return Field(name, field.kind, renamed=True, standard=field.standard)
