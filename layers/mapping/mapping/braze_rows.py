"""Rows of campaign and events exports, and of activations, as Braze's recipients and events."""

from datetime import UTC, datetime
from typing import Any, Final

from mapping import braze_values
from mapping.braze import to_objects
from mapping.braze_columns import identifier_problem
from mapping.event import InvalidEvent, normalise
from mapping.installation import BrazeSettings
from mapping.json_values import InvalidValue, clean_object
from mapping.outcome import ItemOutcome, LeftOut, rejected

MAX_TRIGGER_BYTES: Final = 50_000

# identifier column → its name in a recipient; external_id wins where a row has both
RECIPIENT_NAMES: Final = {"external_id": "external_user_id", "braze_id": "braze_id"}

# column of an events export → what it is of the event; other columns are properties
EVENT_COLUMNS: Final = {"event_name": "event", "event_time": "timestamp", "event_id": "messageId"}


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


def to_event_object(
    row: object, settings: BrazeSettings, notes: list[LeftOut] | None = None
) -> dict[str, Any] | ItemOutcome:
    """The Braze event of one row of an events export; `event_time` is required, `notes` as for `to_objects`."""
    if not isinstance(row, dict):
        return rejected("not_an_object", "a row is an object")
    if isinstance(identifier := _identifier(row), ItemOutcome):
        return identifier
    name, value = identifier
    if row.get("event_time") is None:
        return rejected("bad_timestamp", "event_time is required")
    taken = EVENT_COLUMNS.keys() | RECIPIENT_NAMES.keys()
    raw = {field: row.get(column) for column, field in EVENT_COLUMNS.items()} | {
        "type": "track",
        "properties": {key: value for key, value in row.items() if key not in taken},
        "userId" if name == "external_id" else "context": value
        if name == "external_id"
        else {"braze_id": value},
    }
    try:
        event = normalise(raw, received_at=_EPOCH, fallback_id="row")
    except InvalidEvent as problem:
        return rejected(problem.code, problem.detail)
    mapped = to_objects(event, settings, notes)
    return mapped if isinstance(mapped, ItemOutcome) else mapped[0][1]


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)  # every row brings its own time


def _identifier(row: dict[str, Any]) -> tuple[str, str] | ItemOutcome:
    for name in RECIPIENT_NAMES:
        value = row.get(name)
        if value is not None and value != "":
            text = str(value) if type(value) is int else value
            problem = identifier_problem(text)
            return rejected(problem, name) if problem else (name, str(text))
    return rejected("empty_identifier", "external_id or braze_id is required")
