"""What Braze holds of a person beside what it should hold, value by value (Braze's page on /users/export/ids)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from mapping.braze_fields import STANDARD_ATTRIBUTES
from mapping.export import ColumnType

IDS_PER_CALL: Final = 50
"""`external_ids` takes a list; `braze_id` is one value, so these are asked one by one."""
EXPORTED: Final = frozenset(
    {
        *("country", "dob", "email", "email_subscribe", "first_name", "gender"),
        *("home_city", "language", "last_name", "phone", "push_subscribe", "time_zone"),
    }
)
"""Standard attributes that come back under their own name; others cannot be compared."""

_OPERATORS: Final = frozenset({"add", "remove", "$add", "$remove", "$update"})
_AMERICAN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EXACT: Final = timedelta(milliseconds=1)


class Kind(StrEnum):
    """How a cell differs. Of `ONLY_AT_BRAZE` the audience has no value: it may be another source's."""

    MISSING = "missing"
    DIFFERENT = "different"
    ONLY_AT_BRAZE = "only_at_braze"
    EXTRA_MEMBER = "extra_member"
    NOT_MEMBER = "not_member"


@dataclass(frozen=True, slots=True)
class Cell:
    """One attribute of one person that is not at Braze what the audience's snapshot says."""

    name: str
    kind: Kind
    ours: Any
    theirs: Any


def comparable(name: str) -> bool:
    """Whether an attribute comes back at all."""
    return name not in STANDARD_ATTRIBUTES or name in EXPORTED


def fields_to_export(identifier: str, names: Iterable[str]) -> tuple[str, ...]:
    """What to ask for: the identifier, the custom attributes (all or none), the standard ones among `names`."""
    return (identifier, "custom_attributes", *sorted(EXPORTED.intersection(names)))


def drift(
    expected: Mapping[str, Any],
    user: Mapping[str, Any],
    membership: str,
    columns: Sequence[tuple[str, ColumnType]],
) -> list[Cell]:
    """The cells that differ; `expected` is a planned line in wire form, absent is null on both sides.

    Of those who have left only that is asked: nobody keeps their other attributes any more.
    """
    held = user.get("custom_attributes")
    custom = held if isinstance(held, Mapping) else {}
    cells: list[Cell] = []
    wanted, is_member = bool(expected.get(membership)), custom.get(membership) is True
    if wanted != is_member:
        kind = Kind.EXTRA_MEMBER if is_member else Kind.NOT_MEMBER
        cells.append(Cell(membership, kind, wanted, custom.get(membership)))
    for name, type_ in columns if wanted else ():
        ours = expected.get(name)
        theirs = (user if name in STANDARD_ATTRIBUTES else custom).get(name)
        if ours is None and theirs is None:
            continue
        if ours is None:
            cells.append(Cell(name, Kind.ONLY_AT_BRAZE, ours, theirs))
        elif theirs is None:
            cells.append(Cell(name, Kind.MISSING, ours, theirs))
        elif not same(name, type_, ours, theirs):
            cells.append(Cell(name, Kind.DIFFERENT, ours, theirs))
    return cells


def same(name: str, type_: ColumnType, ours: Any, theirs: Any) -> bool:
    """Whether Braze's value is the one that was sent, in whatever form Braze gives it back."""
    match type_:
        case "boolean":
            return theirs is ours
        case "integer" | "number":
            return _is_number(theirs) and _is_number(ours) and _number(ours) == _number(theirs)
        case "date" | "time":
            return _same_time(name, ours, theirs)
        case "string":
            return _same_text(name, ours, theirs)
        case "array" | "object":
            return _is_operation(ours) or _canonical(ours) == _canonical(theirs)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return value


def _is_operation(value: Any) -> bool:
    # What adds to or removes from an array does not say what the array is afterwards.
    return isinstance(value, dict) and bool(value) and value.keys() <= _OPERATORS


def _same_time(name: str, ours: Any, theirs: Any) -> bool:
    if name == "dob":
        return str(ours)[:10] == str(theirs)[:10]
    return ours == theirs or _same_moment(ours, theirs)


def _same_text(name: str, ours: Any, theirs: Any) -> bool:
    if not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    if name in ("email", "country", "language"):
        return ours.casefold() == theirs.casefold()
    if name == "phone":
        return _digits(ours) == _digits(theirs)
    # A custom text that looks like a time becomes one at Braze, unasked.
    return ours == theirs or (name not in STANDARD_ATTRIBUTES and _same_moment(ours, theirs))


def _digits(number: str) -> str:
    return "".join(one for one in number if one.isdigit()).lstrip("0")


def _same_moment(ours: Any, theirs: Any) -> bool:
    one, other = _moment(ours), _moment(theirs)
    return one is not None and other is not None and abs(one - other) < _EXACT


def _moment(value: Any) -> datetime | None:
    """A time as Braze reads one: without a zone it is UTC."""
    if not isinstance(value, str):
        return None
    if found := _AMERICAN.fullmatch(value):
        value = f"{found[3]}-{int(found[1]):02d}-{int(found[2]):02d}"
    if not _DAY.match(value):
        return None
    try:
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _canonical(value: Any) -> Any:
    """Comparable and hashable: of a list its distinct values in no order, of an object what is not null."""
    if isinstance(value, Mapping):
        if value.keys() == {"$time"}:
            return _canonical(value["$time"])
        return ("object", frozenset((key, _canonical(one)) for key, one in value.items() if one is not None))
    if isinstance(value, list):
        return ("list", frozenset(map(_canonical, value)))
    if isinstance(value, str):
        moment = _moment(value)
        return ("time", round(moment.timestamp(), 3)) if moment else value
    if isinstance(value, bool):
        return ("flag", value)
    return _number(value) if _is_number(value) else value
