"""An event's properties as Braze stores them (Braze's event object); what it would refuse or cut off is left out."""

from typing import Any, Final

from mapping import braze_values
from mapping.braze_fields import MAX_KEY_BYTES, PROPERTY_NAMES, key_problem
from mapping.outcome import LeftOut

MAX_PROPERTIES: Final = 256
MAX_PROPERTIES_BYTES: Final = 100_000

_RESERVED: Final = frozenset(PROPERTY_NAMES)


def storable(given: dict[str, Any], notes: list[LeftOut]) -> dict[str, Any]:
    """The properties that go out, reserved names renamed; `notes` is told of each that does not."""
    if _is_whole(given):
        return given if _RESERVED.isdisjoint(given) else _renamed(given)
    return _renamed(_sized(_valid(given, notes), notes))


def _is_whole(given: dict[str, Any]) -> bool:
    """Whether Braze takes all of it: nearly always, so this is asked first and looks at each value once."""
    nested = False
    for key, value in given.items():
        kind = type(value)
        if kind is str:
            if len(value) > braze_values.MAX_STRING:
                return False
        elif kind is dict or kind is list:
            nested = True
        if key_problem(key):
            return False
    if len(given) > MAX_PROPERTIES:
        return False
    return not nested or braze_values.size(given) <= MAX_PROPERTIES_BYTES


def _valid(given: dict[str, Any], notes: list[LeftOut]) -> dict[str, Any]:
    """The first 256 properties whose names and strings Braze takes."""
    kept: dict[str, Any] = {}
    for key, value in given.items():
        reason = key_problem(key)
        if not reason and type(value) is str:
            reason = braze_values.problem(value)
        if not reason and len(kept) == MAX_PROPERTIES:
            reason = "too_many_properties"
        if reason:
            notes.append(_left_out(key, reason))
        else:
            kept[key] = value
    return kept


def _sized(given: dict[str, Any], notes: list[LeftOut]) -> dict[str, Any]:
    """Arrays and objects go, the largest first, until the rest fits; without any of them there is no limit."""
    sizes = {
        key: braze_values.size({key: value}) for key, value in given.items() if type(value) in (dict, list)
    }
    over = braze_values.size(given) - MAX_PROPERTIES_BYTES
    gone = set()
    for key in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if over <= 0:
            break
        gone.add(key)
        over -= sizes[key] - 1  # without its braces, with its comma
        notes.append(_left_out(key, "properties_too_large"))
    return {key: value for key, value in given.items() if key not in gone}


def _left_out(key: str, reason: str) -> LeftOut:
    return LeftOut(f"properties.{key[:MAX_KEY_BYTES]}", reason)


def _renamed(properties: dict[str, Any]) -> dict[str, Any]:
    """Reserved keys move to `property_<key>`, further `property_` in front while that name is taken."""
    moved = {}
    for key, value in properties.items():
        name = PROPERTY_NAMES.get(key, key)
        while name != key and name in properties:
            name = f"property_{name}"
        moved[name] = value
    return moved
