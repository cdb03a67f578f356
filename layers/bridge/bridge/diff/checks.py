"""Values Braze would not store as they are, told by the mapping's own checks: each distinct value is asked once."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb

from bridge.diff import bounds
from bridge.diff import columns as sql
from bridge.diff.sources import Relation
from bridge.diff.staging import Bit
from bridge.diff.stopping import Going
from mapping import braze_values
from mapping.braze_fields import STANDARD_ATTRIBUTES
from mapping.comparison import StageColumn
from mapping.json_values import InvalidValue, clean_object, encode

CHUNK = 10_000
MOST_WORDS, MOST_CHANGED = 1_000, 100
"""Up to so many values, and changes among them, a column is mended while it is read: a tenth of an update's time."""

_READ_SO = (
    braze_values.text,
    braze_values.filled_text,
    braze_values.phone,
    braze_values.flag,
    braze_values.date,
    braze_values.moment,
)
"""Checks that say no more than that the value was read as text, day, time or boolean."""


_ODD = r'[$\\]|null|NaN|Inf|"(inc|add|remove)":|"[^"]* [^"]*":'

type Check = Callable[[str], str | None]
type Words = Mapping[str, Mapping[str, str | None]]
"""By field: what a value becomes, of those that do not stay as they are."""


def value_reason(column: StageColumn) -> str:
    """Why a value of this column was not used: text of any kind can only be too long."""
    any_text = column.type == "string" and _check(column) is None
    return ("value_too_long:" if any_text else "invalid_value:") + column.name


def missing_reason(column: StageColumn) -> str:
    """Why a row without a value in this required column was not used."""
    return f"missing_value:{column.name}"


def words(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[StageColumn],
    relations: Sequence[Relation],
    time_zone: str,
) -> Words:
    """Of fields with few different values: what becomes of them, before the rows are read.

    None of a file that is at fault: its rows are read next, and that says what is wrong with which part.
    """
    found: dict[str, Mapping[str, str | None]] = {}
    for column in columns:
        condition, check = _check(column) or ("nothing to ask", None)
        union = " UNION ALL ".join(
            f"SELECT {sql.read(described.values[column.source], column.type, time_zone)} AS v FROM {described.sql}"
            for described in relations
            if column.source in described.values
        )
        if condition or check is None or not union:
            continue
        try:
            values = connection.execute(
                f"SELECT DISTINCT v FROM ({union}) WHERE v IS NOT NULL LIMIT {MOST_WORDS + 1}"
            ).fetchall()
        except duckdb.Error as error:
            if bounds.of_the_file(error):
                return {}
            raise
        changed = {value: kept for (value,) in values if (kept := check(value)) != value}
        if len(values) <= MOST_WORDS and len(changed) <= MOST_CHANGED:
            found[column.field] = changed
    return found


def mend(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[StageColumn],
    bits: Mapping[str, Bit],
    going: Going,
) -> None:
    """Put Braze's word in the place of a value (`male` is `M`), and leave out what it has no word for."""
    for column in columns:
        if (found := _check(column)) is None:
            continue
        condition, check = found
        name, bit = column.field, bits[column.field]
        values = connection.execute(
            f"SELECT DISTINCT {name} FROM stage WHERE {name} IS NOT NULL AND op = 'add'{condition}"
        )
        different: dict[str, str | None] = {}
        while chunk := values.fetchmany(CHUNK):
            going()
            different |= {value: kept for (value,) in chunk if (kept := check(value)) != value}
        if not different:
            continue
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE mended AS "
            "SELECT unnest(?::VARCHAR[]) AS found, unnest(?::VARCHAR[]) AS kept",
            [list(different), list(different.values())],
        )
        connection.execute(
            f"UPDATE stage SET {name} = kept, "
            f"{bit.mask} = {bit.mask} | CASE WHEN kept IS NULL THEN {bit.value}::BIGINT ELSE 0 END "
            f"FROM mended WHERE {name} = found AND op = 'add'",
        )


def _check(column: StageColumn) -> tuple[str, Check] | None:
    """A condition on the values that have to be asked about, and the question; None when there is none."""
    standard = STANDARD_ATTRIBUTES.get(column.name)
    is_json = column.type in ("array", "object")
    if standard is None:
        # Nothing this short breaks a limit of Braze's; it may hold what Braze would drop all for.
        doubtful = f"(strlen({column.field}) > {braze_values.MAX_STRING} OR regexp_matches({column.field}, '{_ODD}'))"
        return (f" AND {doubtful}", _fits) if is_json else None
    if standard.check in _READ_SO:
        return None
    return "", _parsed(standard.check) if is_json else standard.check


def _fits(value: str) -> str | None:
    return _told(value, lambda found: None if braze_values.problem(found) else found)


def _parsed(check: Callable[[object], object]) -> Check:
    return lambda value: _told(value, check)


def _told(value: str, check: Callable[[Any], object]) -> str | None:
    """The text as it is, or without the nulls in it: Braze drops the whole of a value that holds one."""
    found = json.loads(value)
    try:
        clean = clean_object({"": found})[""]
    except InvalidValue:
        return None
    if check(clean) is None:
        return None
    return value if clean == found else encode(clean).decode("ascii")
