"""The rows of a journey's order: each is a recipient, an event or a member, or is refused with its reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mapping.braze_columns import identifier_problem
from mapping.braze_fields import attribute_field
from mapping.braze_rows import to_recipient
from mapping.event import Event, InvalidEvent, normalise
from mapping.json_values import InvalidValue, clean_object
from mapping.outcome import ItemOutcome

IDENTIFIERS: tuple[Literal["external_id", "braze_id"], ...] = ("external_id", "braze_id")
EVENT_NAME, EVENT_TIME, EVENT_ID = "event_name", "event_time", "event_id"
OPERATION = "op"


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that leads to nothing."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row that addresses one profile by one identifier; `columns` is everything else, without nulls."""

    index: int
    identifier: Literal["external_id", "braze_id"]
    user: str
    columns: dict[str, Any]


def read_row(index: int, raw: Any) -> Row | Refused:
    """Exactly one identifier: with two, nobody can say whether they mean the same person."""
    if not isinstance(raw, dict):
        return Refused(index, "not_an_object")
    try:
        columns = clean_object(raw)
    except (InvalidValue, RecursionError) as error:
        return Refused(index, getattr(error, "code", "too_deep"))
    given = {name: _identifier(columns.pop(name)) for name in IDENTIFIERS if name in columns}
    filled = [(name, value) for name, value in given.items() if value != ""]
    if len(filled) > 1:
        return Refused(index, "two_identifiers")
    if not filled:
        return Refused(index, "no_identifier")
    name, user = filled[0]
    if problem := identifier_problem(user):
        return Refused(index, problem)
    return Row(index, name, str(user), columns)


def read_rows(raws: Sequence[Any]) -> tuple[list[Row], list[Refused]]:
    """The rows that lead to something, and those that do not."""
    rows: list[Row] = []
    refused: list[Refused] = []
    for index, raw in enumerate(raws):
        row = read_row(index, raw)
        if isinstance(row, Row):
            rows.append(row)
        else:
            refused.append(row)
    return rows, refused


def last_of_each_user(rows: Iterable[Row]) -> tuple[list[Row], list[Refused]]:
    """One row per user: the last wins, as it does inside one request to Braze; the others are named."""
    rows = list(rows)
    last = {(row.identifier, row.user): row.index for row in rows}
    kept = [row for row in rows if last[row.identifier, row.user] == row.index]
    dropped = [row for row in rows if last[row.identifier, row.user] != row.index]
    return kept, [Refused(row.index, "superseded") for row in dropped]


def recipient(row: Row) -> dict[str, Any] | Refused:
    """An item of a campaign's delivery: the identifier, and every other column as a trigger property."""
    item = {row.identifier: row.user, **row.columns}
    mapped = to_recipient(item)
    return Refused(row.index, mapped.reason) if isinstance(mapped, ItemOutcome) else item


def track_event(row: Row, activation_id: str, event_name: str | None, now: datetime) -> Event | Refused:
    """A canonical event; its message id is the row's `event_id` or made of the order's."""
    columns = dict(row.columns)
    raw = {
        "type": "track",
        "event": columns.pop(EVENT_NAME, event_name),
        "timestamp": columns.pop(EVENT_TIME, None),
        "messageId": columns.pop(EVENT_ID, None),
        "properties": columns,
        **({"userId": row.user} if row.identifier == "external_id" else {"context": {"braze_id": row.user}}),
    }
    message_id = f"{activation_id}:{row.index}"
    try:
        return normalise(raw, received_at=now, fallback_id=message_id, source_id="activation")
    except InvalidEvent as error:
        return Refused(row.index, error.code)


def member(row: Row, identifier: str) -> dict[str, Any] | Refused:
    """A line of a delta export: the identifier, `op` and the attributes."""
    if row.identifier != identifier:
        return Refused(row.index, "other_identifier")
    if row.columns.get(OPERATION, "add") not in ("add", "remove"):
        return Refused(row.index, "bad_op")
    problems = [attribute_field(name).problem for name in row.columns if name != OPERATION]
    if problem := next(filter(None, problems), ""):
        return Refused(row.index, problem)
    return {row.identifier: row.user, OPERATION: "add", **row.columns}


def _identifier(value: Any) -> Any:
    """Numbers become text: a journey's ids may be numeric. Blank text is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() and value if isinstance(value, str) else value
