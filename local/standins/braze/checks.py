"""Per-object checks of /users/track; each returns the texts that would stand in `errors[].type`."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.standins.braze.dates import read_time
from local.standins.braze.modes import Modes
from local.standins.braze.standard import STANDARD, BadField, read_standard
from local.standins.web import Json

type Check = Callable[[Json], list[str]]

MOST_ID_BYTES = 987
MOST_NAME = 255
MOST_PROPERTY_BYTES = 102_400
MOST_QUANTITY = 100
CURRENCY_LETTERS = 3
NO_IDENTIFIER = "'external_id' or 'braze_id' or 'user_alias' is required"
BAD_PROPERTIES = "Invalid 'properties' field"
RESERVED_IN_EVENTS = frozenset({"time", "event_name"})
RESERVED_IN_PURCHASES = RESERVED_IN_EVENTS | {"product_id", "quantity", "price", "currency"}


def identifier_error(named: Json, modes: Modes) -> str | None:
    """Return what is wrong with the identifiers, at most one thing; such an object is always dropped."""
    primaries = [key for key in ("external_id", "braze_id", "user_alias") if named.get(key) is not None]
    if len(primaries) > 1:
        return "only one of 'external_id', 'braze_id' and 'user_alias' is allowed"
    if named.get("push_token_import"):
        return "BAD_PUSH_TOKEN_IMPORT" if primaries or not named.get("push_tokens") else None
    if not primaries:
        secondary = named.get("email") or named.get("phone")
        return None if isinstance(secondary, str) else NO_IDENTIFIER
    return _primary_error(primaries[0], named[primaries[0]], modes)


def _primary_error(key: str, value: object, modes: Modes) -> str | None:
    if key == "user_alias":
        names = (
            [value.get(part) for part in ("alias_name", "alias_label")] if isinstance(value, dict) else [0]
        )
        return None if all(isinstance(one, str) and one for one in names) else NO_IDENTIFIER
    if not isinstance(value, str) or not value:
        return NO_IDENTIFIER
    if key == "external_id" and len(value.encode()) > MOST_ID_BYTES:
        return "EXTERNAL_USER_ID_TOO_LARGE"
    if key == "external_id" and value in modes.blocked_external_ids:
        return "provided external_id is blacklisted and disallowed"
    return None


def attribute_errors(sent: Json) -> list[str]:
    """Check the standard fields; custom attributes never cause an error."""
    errors = []
    for name, value in sent.items():
        if name in STANDARD:
            try:
                read_standard(name, value)
            except BadField as error:
                errors.append(str(error))
    return errors


def event_errors(sent: Json) -> list[str]:
    """Check a custom event."""
    errors = [] if _named(sent.get("name")) else ["'name' is required"]
    return [*errors, *_time_errors(sent), *_property_errors(sent, RESERVED_IN_EVENTS)]


def purchase_errors(sent: Json) -> list[str]:
    """Check a purchase."""
    errors = [] if _named(sent.get("product_id")) else ["'product_id' is required"]
    currency, price, quantity = sent.get("currency"), sent.get("price"), sent.get("quantity", 1)
    if not isinstance(currency, str) or len(currency) != CURRENCY_LETTERS:
        errors.append("'currency' is required")
    if isinstance(price, bool) or not isinstance(price, int | float):
        errors.append("'price' is required")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 < quantity <= MOST_QUANTITY:
        errors.append("'quantity' is invalid")
    return [*errors, *_time_errors(sent), *_property_errors(sent, RESERVED_IN_PURCHASES)]


CHECKS: Final[Mapping[str, Check]] = {
    "attributes": attribute_errors,
    "events": event_errors,
    "purchases": purchase_errors,
}


def _named(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_NAME


def _time_errors(sent: Json) -> list[str]:
    time = sent.get("time")
    if time is None:
        return ["'time' is required"]
    return [] if isinstance(time, str) and read_time(time) else ["'time' is invalid"]


def _property_errors(sent: Json, reserved: frozenset[str]) -> list[str]:
    properties = sent.get("properties")
    if properties is None:
        return []
    if not isinstance(properties, dict) or reserved.intersection(properties):
        return [BAD_PROPERTIES]
    if not all(_good_property(name, value) for name, value in properties.items()):
        return [BAD_PROPERTIES]
    nested = any(isinstance(value, dict | list) for value in properties.values())
    too_big = nested and len(json.dumps(properties).encode()) > MOST_PROPERTY_BYTES
    return [BAD_PROPERTIES] if too_big else []


def _good_property(name: str, value: Any) -> bool:
    return (
        _named(name) and not name.startswith("$") and not (isinstance(value, str) and len(value) > MOST_NAME)
    )
