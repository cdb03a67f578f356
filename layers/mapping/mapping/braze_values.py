"""Which values Braze stores in full: a total function a kind, None being "no such value"."""

import re
from datetime import datetime
from typing import Any, Final

from mapping.json_values import encode

MAX_STRING: Final = 255
MAX_ARRAY: Final = 500
MAX_OBJECT_BYTES: Final = 50_000
MAX_ARRAY_BYTES: Final = 100_000

_ARRAY_OPERATORS: Final = frozenset({"add", "remove", "$add", "$remove", "$update"})
_OPERATORS: Final = _ARRAY_OPERATORS | {"inc"}
_FOUND_BY: Final = frozenset({"$identifier_key", "$identifier_value"})
_ITEM_KEYS: Final = {"$remove": _FOUND_BY, "$update": _FOUND_BY | {"$new_object"}}
_LAST_YEAR: Final = 3000
_GENDERS: Final = {"male": "M", "female": "F", "other": "O", "unknown": "N"} | {g.lower(): g for g in "MFONP"}
_STATES: Final = frozenset({"opted_in", "subscribed", "unsubscribed"})
_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?", re.ASCII)
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z0-9_-]+)?", re.ASCII)


def text(value: Any) -> str | None:
    """Text of at most 255 characters."""
    return value if isinstance(value, str) and len(value) <= MAX_STRING else None


def filled_text(value: Any) -> str | None:
    """Text of 1 to 255 characters."""
    return text(value) or None


def phone(value: Any) -> str | None:
    """A number's digits, or text as it stands."""
    return filled_text(str(value) if type(value) is int else value)


def date(value: Any) -> str | None:
    """`YYYY-MM-DD` out of an ISO 8601 date or time, its time cut off."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        return datetime.fromisoformat(found[1]).date().isoformat() if found else None
    except ValueError:
        return None


def moment(value: Any) -> str | None:
    """An ISO 8601 time as it stands, in the form and of the years that Braze reads."""
    return value if isinstance(value, str) and _is_time(value) else None


def gender(value: Any) -> str | None:
    """Braze's letter for a gender."""
    return _GENDERS.get(value.strip().lower()) if isinstance(value, str) else None


def language(value: Any) -> str | None:
    """The two-letter language of a locale such as `en-GB`."""
    found = _LANGUAGE.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1].lower() if found else None


def flag(value: Any) -> bool | None:
    """A boolean and nothing that looks like one."""
    return value if isinstance(value, bool) else None


def thing(value: Any) -> dict[str, Any] | None:
    """An object Braze has room for."""
    return value if isinstance(value, dict) and not problem(value) else None


def location(value: Any) -> dict[str, Any] | None:
    """An object of two numbers: `BAD_LOCATION_UPDATE` otherwise."""
    if not isinstance(value, dict):
        return None
    point = (value.get("longitude"), value.get("latitude"))
    return (
        value if all(isinstance(part, int | float) and not isinstance(part, bool) for part in point) else None
    )


def subscription(value: Any) -> str | None:
    """One of the three subscription states."""
    return value if isinstance(value, str) and value in _STATES else None


def groups(value: Any) -> list[Any] | None:
    """Subscription groups: each an object with its id and one of two states."""
    if not isinstance(value, list) or not value:
        return None
    return value if all(_is_group(group) for group in value) else None


def _is_group(group: Any) -> bool:
    if not isinstance(group, dict) or not isinstance(group.get("subscription_group_id"), str):
        return False
    return group.get("subscription_state") in ("subscribed", "unsubscribed")


def problem(value: Any) -> str:
    """Why Braze would not store a custom value in full, or an empty string."""
    if isinstance(value, str):
        return "string_too_long" if len(value) > MAX_STRING else ""
    if isinstance(value, dict):
        return _operator_problem(value) or _object_problem(value) or _nested_problem(value)
    if isinstance(value, list):
        return _array_problem(value)
    return ""


def _object_problem(value: dict[str, Any]) -> str:
    limit = MAX_ARRAY_BYTES if value.keys() <= _ARRAY_OPERATORS else MAX_OBJECT_BYTES
    return "object_too_large" if len(encode(value)) > limit else ""


def _operator_problem(value: dict[str, Any]) -> str:
    """Numbers know `inc`, arrays of plain values `add` and `remove`, arrays of objects `$add`, `$remove`, `$update`."""
    if not value or not value.keys() <= _OPERATORS:
        return ""
    if "inc" in value:
        return "" if len(value) == 1 and type(value["inc"]) is int else "wrong_operator"
    if len({operator.startswith("$") for operator in value}) > 1:
        return "wrong_operator"
    return "" if all(_works(operator, items) for operator, items in value.items()) else "wrong_operator"


def _works(operator: str, items: Any) -> bool:
    if not isinstance(items, list):
        return False
    if not operator.startswith("$"):
        return not any(isinstance(item, dict | list) for item in items)
    keys = _ITEM_KEYS.get(operator)
    return all(isinstance(item, dict) and (keys is None or item.keys() == keys) for item in items)


def _nested_problem(value: Any) -> str:
    """What makes Braze drop the whole attribute without a word: a time it cannot read, a key it does not take."""
    if isinstance(value, list):
        return next(filter(None, map(_nested_problem, value)), "")
    if not isinstance(value, dict):
        return ""
    if value.keys() == {"$time"}:
        return "" if moment(value["$time"]) else "bad_time"
    known = _OPERATORS | _ITEM_KEYS["$update"]
    if any(" " in key or (key.startswith("$") and key not in known) for key in value):
        return "bad_key"
    if any(len(key) > MAX_STRING for key in value):
        return "key_too_long"
    return next(filter(None, map(_nested_problem, value.values())), "")


def _is_time(value: str) -> bool:
    """ISO 8601 with its hyphens and colons; Python's own years end at 9999, Braze's at 3000."""
    try:
        return _TIME.fullmatch(value) is not None and datetime.fromisoformat(value).year <= _LAST_YEAR
    except ValueError:
        return False


def _array_problem(values: list[Any]) -> str:
    plain = not any(isinstance(item, dict) for item in values)
    if plain and len(values) > MAX_ARRAY:
        return "array_too_long"
    if any(isinstance(item, str) and len(item) > MAX_STRING for item in values):
        return "string_too_long"
    return "array_too_large" if len(encode(values)) > MAX_ARRAY_BYTES else _nested_problem(values)


def size(value: Any) -> int:
    """Bytes of a value as compact JSON."""
    return len(encode(value))
