"""Rows of campaign exports, and of activations, as Braze's recipients; the columns of events exports."""

from typing import Any, Final

from mapping import braze_values
from mapping.braze_columns import identifier_problem
from mapping.json_values import InvalidValue, clean_object
from mapping.outcome import ItemOutcome, rejected

MAX_TRIGGER_BYTES: Final = 50_000

# identifier column → its name in a recipient; external_id wins where a row has both
RECIPIENT_NAMES: Final = {"external_id": "external_user_id", "braze_id": "braze_id"}

# column of an events export → what it is of the event; other columns are properties
EVENT_COLUMNS: Final = {"event_name": "name", "event_time": "time"}


# what makes Braze create an unknown recipient: it asks for attributes beside the flag, and this one sets none
CREATING: Final[dict[str, Any]] = {
    "send_to_existing_only": False,
    "attributes": {"_update_existing_only": False},
}


def to_recipient(row: object, *, existing_only: bool = True) -> dict[str, Any] | ItemOutcome:
    """`{"external_user_id"|"braze_id", "trigger_properties"}` of a row: every other column is a property."""
    if not isinstance(row, dict):
        return rejected("not_an_object", "a row is an object")
    try:
        columns = clean_object(row)
    except InvalidValue as problem:
        return rejected(problem.code, problem.detail)
    if isinstance(identifier := _identifier(columns), ItemOutcome):
        return identifier
    name, value = identifier
    properties = {key: value for key, value in columns.items() if key not in RECIPIENT_NAMES}
    if properties and braze_values.size(properties) > MAX_TRIGGER_BYTES:
        return rejected("trigger_properties_too_large", f"trigger_properties take {MAX_TRIGGER_BYTES} bytes")
    recipient = addressed({RECIPIENT_NAMES[name]: value}, existing_only=existing_only)
    return recipient | {"trigger_properties": properties} if properties else recipient


def addressed(recipient: dict[str, Any], *, existing_only: bool) -> dict[str, Any]:
    """Unless `existing_only`, Braze creates who is unknown by external id; an unknown braze_id is nobody."""
    return recipient if existing_only or "external_user_id" not in recipient else recipient | CREATING


def _identifier(row: dict[str, Any]) -> tuple[str, str] | ItemOutcome:
    for name in RECIPIENT_NAMES:
        value = row.get(name)
        if value is not None and value != "":
            text = str(value) if type(value) is int else value
            problem = identifier_problem(text)
            return rejected(problem, name) if problem else (name, str(text))
    return rejected("empty_identifier", "external_id or braze_id is required")
