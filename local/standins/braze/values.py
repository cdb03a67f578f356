"""What an incoming custom attribute value does to the stored one (facts 2.5).

Everything Braze does not understand is ignored without an error: that is what the documentation describes.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final

from local.standins.braze.dates import read_time, show_time
from local.standins.braze.modes import ForcedType

MOST_TEXT = 255
MOST_ITEMS = 500
MOST_ARRAY_BYTES = 100 * 1024
MOST_OBJECT_BYTES = 50 * 1024
TRUTHS = {"1": True, "true": True, "t": True, "0": False, "false": False, "f": False}
OPERATORS = frozenset({"$add", "$remove", "$update"})


class Fate(Enum):
    """Outcomes that are no value."""

    IGNORED = 0
    REMOVED = 1


IGNORED: Final = Fate.IGNORED
REMOVED: Final = Fate.REMOVED


class Refused(Exception):
    """A nested value holds something Braze drops."""


def settle(
    current: object, incoming: object, *, kind: ForcedType | None, forced: bool, merge: bool
) -> object:
    """Return the value to store, REMOVED or IGNORED; `current` is None where nothing is stored."""
    if incoming is None:
        return REMOVED
    if incoming == "" and kind not in {None, "string"}:
        return IGNORED
    try:
        settled = _settle(current, incoming, merge=merge)
    except Refused:
        return IGNORED
    return _coerce(settled, incoming, kind) if forced and kind else settled


def kind_of(value: object) -> ForcedType:
    """Name the type Braze detects for a stored value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, datetime):
        return "time"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, dict) else "string"


def plain(value: object) -> Any:
    """Turn a stored value into JSON; times become ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return show_time(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def _coerce(settled: object, incoming: object, kind: ForcedType) -> object:
    if settled is IGNORED:
        return IGNORED
    if kind == "boolean":
        return TRUTHS.get(str(incoming).lower(), IGNORED)
    if kind == "string" and isinstance(incoming, str):
        return incoming
    return settled if kind_of(settled) == kind else IGNORED


def _settle(current: object, incoming: object, *, merge: bool) -> object:
    if isinstance(incoming, str):
        if len(incoming) > MOST_TEXT:
            return IGNORED
        return read_time(incoming) or incoming
    if isinstance(incoming, list):
        return _whole_array(incoming)
    if isinstance(incoming, dict):
        return _from_object(current, incoming, merge=merge)
    return incoming


def _from_object(current: object, incoming: dict[str, Any], *, merge: bool) -> object:
    keys = set(incoming)
    if keys == {"inc"}:
        return _increment(current, incoming["inc"])
    if keys and keys <= {"add", "remove"} and all(isinstance(one, list) for one in incoming.values()):
        return _array_steps(current, incoming)
    if keys & OPERATORS:
        return _object_array_steps(current, incoming, merge=merge)
    if keys == {"$time"}:
        return _nested(incoming)
    fresh = _nested(incoming)
    stored = _merged(current, fresh) if merge and isinstance(current, dict) else fresh
    return stored if _size(stored) <= MOST_OBJECT_BYTES else IGNORED


def _increment(current: object, step: object) -> object:
    if isinstance(step, bool) or not isinstance(step, int) or isinstance(current, bool):
        return IGNORED
    if current is None:
        return step
    return current + step if isinstance(current, int | float) else IGNORED


def _whole_array(incoming: list[Any]) -> object:
    stored = [_nested(one) for one in incoming]
    if not any(isinstance(one, dict) for one in stored):
        stored = _unique(stored)[-MOST_ITEMS:]
    return stored if _size(stored) <= MOST_ARRAY_BYTES else IGNORED


def _array_steps(current: object, steps: dict[str, Any]) -> object:
    if current is not None and not isinstance(current, list):
        return IGNORED
    stored = list(current or [])
    for one in steps.get("add", ()):
        stored = [*_without(stored, [_nested(one)]), _nested(one)]
    stored = _without(stored, steps.get("remove", ()))[-MOST_ITEMS:]
    return stored if _size(stored) <= MOST_ARRAY_BYTES else IGNORED


def _object_array_steps(current: object, steps: dict[str, Any], *, merge: bool) -> object:
    if not set(steps) <= OPERATORS or (current is not None and not isinstance(current, list)):
        return IGNORED
    stored: list[Any] = list(current or [])
    stored += [_nested(one) for one in _listed(steps.get("$add", []))]
    for step in _listed(steps.get("$remove", [])):
        stored = [one for one in stored if not _identified(one, step)]
    for step in _listed(steps.get("$update", [])):
        fresh = _nested(step.get("$new_object"))
        stored = [_updated(one, fresh, merge=merge) if _identified(one, step) else one for one in stored]
    return stored if _size(stored) <= MOST_ARRAY_BYTES else IGNORED


def _updated(one: dict[str, Any], fresh: object, *, merge: bool) -> object:
    return _merged(one, fresh) if merge else fresh


def _listed(steps: object) -> list[dict[str, Any]]:
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise Refused
    return steps


def _identified(one: object, step: dict[str, Any]) -> bool:
    key = step.get("$identifier_key")
    return isinstance(one, dict) and key in one and one[key] == step.get("$identifier_value")


def _nested(value: object) -> Any:
    if value is None:
        raise Refused
    if isinstance(value, list):
        return [_nested(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$time"}:
        instant = read_time(value["$time"]) if isinstance(value["$time"], str) else None
        if instant is None:
            raise Refused
        return instant
    if any(len(key) > MOST_TEXT or " " in key for key in value):
        raise Refused
    return {key: _nested(one) for key, one in value.items()}


def _merged(stored: dict[str, Any], fresh: Any) -> Any:
    if not isinstance(fresh, dict):
        return fresh
    both = {
        key: _merged(stored[key], one) if isinstance(stored.get(key), dict) else one
        for key, one in fresh.items()
    }
    return {**stored, **both}


def _unique(values: Sequence[Any]) -> list[Any]:
    kept: dict[tuple[type, str], Any] = {}
    for one in values:
        kept.setdefault((type(one), json.dumps(plain(one))), one)
    return list(kept.values())


def _without(values: list[Any], gone: Sequence[Any]) -> list[Any]:
    return [one for one in values if not any(type(one) is type(bad) and one == bad for bad in gone)]


def _size(value: object) -> int:
    return len(json.dumps(plain(value)).encode())
