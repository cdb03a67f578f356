"""The reserved profile fields: types, error codes and which of them are billed (facts 2.4, 2.13, 8).

A value of the wrong kind is either refused with Braze's code or, where none is documented, left out silently.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from local.standins.braze.dates import read_time
from local.standins.braze.places import LANGUAGES, country_code, time_zones
from local.standins.braze.values import IGNORED

type Reader = Callable[[Any], object]

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
CONSENTS = frozenset({"opted_in", "subscribed", "unsubscribed"})
GENDERS = frozenset({"M", "F", "O", "N", "P"})
SHORTEST_DEVICE, LONGEST_DEVICE = 8, 255


class BadField(Exception):
    """A standard field Braze refuses; the message is its error code."""


def _text(value: object) -> object:
    return value if isinstance(value, str) else IGNORED


def _flag(value: object) -> object:
    return value if isinstance(value, bool) else IGNORED


def _one_of(allowed: frozenset[str], code: str | None = None) -> Reader:
    def read(value: object) -> object:
        if isinstance(value, str) and value in allowed:
            return value
        if code:
            raise BadField(code)
        return IGNORED

    return read


def _email(value: object) -> object:
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        code = "EMAIL_BAD_FORMAT"
        raise BadField(code)
    return value


def _country(value: object) -> object:
    return country_code(value) if isinstance(value, str) else None


def _time_zone(value: object) -> object:
    return value if isinstance(value, str) and value in time_zones() else IGNORED


def _day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return IGNORED
    try:
        date.fromisoformat(value)
    except ValueError:
        return IGNORED
    return value


def _time(value: object) -> object:
    return (read_time(value) if isinstance(value, str) else None) or IGNORED


def _location(value: object) -> object:
    if isinstance(value, dict) and all(_number(value.get(axis)) for axis in ("longitude", "latitude")):
        return {"longitude": value["longitude"], "latitude": value["latitude"]}
    code = "BAD_LOCATION_UPDATE"
    raise BadField(code)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _object(value: object) -> object:
    return value if isinstance(value, dict) else IGNORED


def _groups(value: object) -> object:
    code = None
    if not isinstance(value, list):
        code = "BAD_SUBSCRIPTION_GROUP_ARRAY"
    elif not all(isinstance(one, dict) for one in value):
        code = "BAD_SUBSCRIPTION_GROUP_HASH"
    elif not all(_UUID.fullmatch(str(one.get("subscription_group_id"))) for one in value):
        code = "BAD_SUBSCRIPTION_GROUP_ID"
    elif not all(one.get("subscription_state") in {"subscribed", "unsubscribed"} for one in value):
        code = "BAD_SUBSCRIPTION_GROUP_STATE"
    if code:
        raise BadField(code)
    return value


def _tokens(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        code = "BAD_PUSH_TOKEN_VALUE"
        raise BadField(code)
    for one in value:
        if not isinstance(one.get("token"), str):
            code = "BAD_PUSH_TOKEN_STRING"
            raise BadField(code)
        if not isinstance(one.get("app_id"), str):
            code = "BAD_PUSH_TOKEN_APP_ID"
            raise BadField(code)
        device = one.get("device_id")
        if device is not None and not SHORTEST_DEVICE <= len(str(device).encode()) <= LONGEST_DEVICE:
            code = "BAD_DEVICE_ID"
            raise BadField(code)
    return value


def _refused(_value: object) -> object:
    code = "INVALID_ATTRIBUTE_EMAIL_SUBSCRIPTION_INFO"
    raise BadField(code)


STANDARD: Final[dict[str, Reader]] = {
    "country": _country,
    "current_location": _location,
    "date_of_first_session": _time,
    "date_of_last_session": _time,
    "marked_email_as_spam_at": _time,
    "dob": _day,
    "email": _email,
    "email_subscribe": _one_of(CONSENTS, "BAD_EMAIL_SUBSCRIPTION_STATE"),
    "push_subscribe": _one_of(CONSENTS, "BAD_PUSH_SUBSCRIPTION_STATE"),
    "email_open_tracking_disabled": _flag,
    "email_click_tracking_disabled": _flag,
    "email_subscription_info": _refused,
    "facebook": _object,
    "first_name": _text,
    "last_name": _text,
    "home_city": _text,
    "gender": _one_of(GENDERS),
    "language": _one_of(LANGUAGES),
    "phone": _text,
    "push_tokens": _tokens,
    "subscription_groups": _groups,
    "time_zone": _time_zone,
    "twitter": _object,
}
BILLABLE: Final = frozenset(
    {
        *("first_name", "last_name", "email", "gender", "home_city"),
        *("time_zone", "dob", "phone", "country", "language"),
    }
)
NOT_ATTRIBUTES: Final = frozenset(
    {
        *("external_id", "braze_id", "user_alias", "alias_name", "alias_label"),
        *("_update_existing_only", "_merge_objects", "push_token_import"),
    }
)
SHARED_BY_EMAIL: Final = frozenset({"email_subscribe", "subscription_groups"})


def read_standard(name: str, value: object) -> object:
    """Return what is stored for a field; None clears it; raise BadField where Braze names an error."""
    return None if value is None else STANDARD[name](value)
