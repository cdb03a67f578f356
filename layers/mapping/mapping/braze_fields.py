"""What Braze calls things: standard fields, trait names, reserved names, limits (user attributes object)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from mapping import braze_values as value

MAX_EXTERNAL_ID_BYTES: Final = 987
MAX_KEY_BYTES: Final = 255
MEMBERSHIP_PREFIX: Final = "AIQ_"
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StandardField:
    """A profile field Braze knows: `check` gives the value to send or None, `takes` says it in words."""

    takes: str
    check: Callable[[Any], Any]
    type: str = "string"


STANDARD_ATTRIBUTES: Final[dict[str, StandardField]] = {
    "first_name": StandardField("text", value.text),
    "last_name": StandardField("text", value.text),
    "email": StandardField("text", value.filled_text),
    "phone": StandardField("text or number, E.164 recommended", value.phone),
    "dob": StandardField(
        "date `YYYY-MM-DD`; the time of a longer ISO 8601 value is cut off", value.date, "date"
    ),
    "gender": StandardField("`M` `F` `O` `N` `P`, or male, female, other, unknown in any case", value.gender),
    "home_city": StandardField("text", value.text),
    "country": StandardField("text, ISO 3166-1 alpha-2 recommended", value.filled_text),
    "language": StandardField("ISO 639-1; a region behind `-` or `_` is cut off", value.language),
    "time_zone": StandardField("text, IANA name", value.filled_text),
    "current_location": StandardField(
        'object `{"longitude","latitude"}` of numbers', value.location, "object"
    ),
    "date_of_first_session": StandardField("ISO 8601 time", value.moment, "time"),
    "date_of_last_session": StandardField("ISO 8601 time", value.moment, "time"),
    "marked_email_as_spam_at": StandardField("ISO 8601 time", value.moment, "time"),
    "email_open_tracking_disabled": StandardField("boolean", value.flag, "boolean"),
    "email_click_tracking_disabled": StandardField("boolean", value.flag, "boolean"),
    "facebook": StandardField("object", value.thing, "object"),
    "twitter": StandardField("object", value.thing, "object"),
    "email_subscribe": StandardField("`opted_in` `subscribed` `unsubscribed`", value.subscription),
    "push_subscribe": StandardField("`opted_in` `subscribed` `unsubscribed`", value.subscription),
    "subscription_groups": StandardField("array of group id and state", value.groups, "array"),
}

CONSENT_ATTRIBUTES: Final = frozenset({"email_subscribe", "push_subscribe", "subscription_groups"})

# names that identify, control or import: never an attribute of ours
RESERVED_ATTRIBUTES: Final = frozenset(
    {
        "external_id",
        "braze_id",
        "user_alias",
        "alias_name",
        "alias_label",
        "app_id",
        "push_tokens",
        "push_token_import",
        "email_subscription_info",
        "_update_existing_only",
        "_merge_objects",
    }
)

# Signal's trait → Braze's standard attribute; a trait that already has the exact Braze name wins over these
TRAIT_NAMES: Final = {
    "firstName": "first_name",
    "lastName": "last_name",
    "birthday": "dob",
}

# key inside the trait `address` → standard attribute; what is left stays the custom attribute `address`
ADDRESS_NAMES: Final = {
    "city": "home_city",
    "country": "country",
}

# reserved keys of event properties → the name their value is kept under (Braze refuses the event otherwise)
PROPERTY_NAMES: Final = {
    "time": "property_time",
    "event_name": "property_event_name",
}


class FieldKind(StrEnum):
    """What a name is to Braze."""

    STANDARD = "standard"
    CUSTOM = "custom"
    CONSENT = "consent"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True)
class Field:
    """Where a trait or column goes: `problem` is the reason it may not go anywhere.

    `looks_like` is the standard attribute a custom name (`Birthdate`, `Email`) was probably meant to be.
    """

    name: str
    kind: FieldKind
    renamed: bool = False
    problem: str = ""
    standard: StandardField | None = None
    looks_like: str = ""


@lru_cache(maxsize=8192)
def trait_field(trait: str) -> Field:
    """Where a trait goes: standard names and the trait table first, everything else is a custom attribute."""
    name = TRAIT_NAMES.get(trait, trait)
    field = attribute_field(name)
    return (
        Field(name, field.kind, renamed=True, problem=field.problem, standard=field.standard)
        if name != trait
        else field
    )


@lru_cache(maxsize=8192)
def attribute_field(name: str) -> Field:
    """What an exact attribute name is; Braze strips blanks around it, so the look-up does too."""
    name = name.strip()
    if name.startswith(MEMBERSHIP_PREFIX) or name in RESERVED_ATTRIBUTES:
        return Field(name, FieldKind.RESERVED, problem="reserved_attribute")
    standard = STANDARD_ATTRIBUTES.get(name)
    if standard is not None:
        kind = FieldKind.CONSENT if name in CONSENT_ATTRIBUTES else FieldKind.STANDARD
        return Field(name, kind, standard=standard)
    looks_like = _LOOK_ALIKES.get(re.sub(r"[^a-z]", "", name.lower()), "")
    return Field(name, FieldKind.CUSTOM, problem=key_problem(name), looks_like=looks_like)


_LOOK_ALIKES: Final = (
    {name.replace("_", ""): name for name in STANDARD_ATTRIBUTES}
    | {trait.lower(): name for trait, name in TRAIT_NAMES.items()}
    | {
        "birthdate": "dob",
        "dateofbirth": "dob",
        "emailaddress": "email",
        "mail": "email",
        "phonenumber": "phone",
        "mobile": "phone",
        "givenname": "first_name",
        "surname": "last_name",
        "familyname": "last_name",
        "city": "home_city",
        "sex": "gender",
        "countrycode": "country",
        "locale": "language",
        "timezone": "time_zone",
    }
)


@lru_cache(maxsize=8192)
def key_problem(key: str) -> str:
    """Why a custom name cannot be sent: empty, over 255 bytes, or an operator's leading `$`; else empty."""
    if not key.strip():
        return "empty_key"
    if key.startswith("$"):
        return "bad_key"
    return "key_too_long" if len(key.encode(errors="replace")) > MAX_KEY_BYTES else ""


def membership_attribute(audience_id: str, split_id: str) -> str:
    """`AIQ_<Audience ID>_<Split ID>` (Braze's page on ActionIQ); raises ValueError for other ids."""
    for name, part in (("audience", audience_id), ("split", split_id)):
        if not _ID.fullmatch(part):
            raise ValueError(f"the {name} id is 1 to 64 letters, digits and hyphens")
    return f"{MEMBERSHIP_PREFIX}{audience_id}_{split_id}"
