"""The table `stage`: what is wished of each user, from an export or from an older snapshot."""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb

from bridge.diff import columns as sql
from mapping.comparison import StageColumn

FAULTS = ("empty_identifier", "identifier_too_long", "invalid_op")
MASK_BITS = 60
_WIDTHS = ((8, "UTINYINT"), (16, "USMALLINT"), (32, "UINTEGER"))


class Bit(NamedTuple):
    """Where a row says that a column's value was left out: a column of `stage`, and a power of two in it."""

    mask: str
    value: int


def bits_of(columns: Sequence[StageColumn]) -> dict[str, Bit]:
    """The bit of each field."""
    return {c.field: Bit(f"b{at // MASK_BITS}", 1 << at % MASK_BITS) for at, c in enumerate(columns)}


def create(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[StageColumn], reasons: Sequence[str] = ()
) -> dict[str, Bit]:
    """Make the table: part, id, op, the fields, fault, masks; the bit of each field.

    A mask has a bit a column: the row's value of it cannot be used, and what was sent before stays.
    The table is kept uncompressed in memory, so what is the same in nearly every row is kept narrow.
    """
    bits = bits_of(columns)
    fields = "".join(f", {column.field} {sql.PHYSICAL[column.type]}" for column in columns)
    faults = ", ".join(sql.text(reason) for reason in dict.fromkeys((*FAULTS, *reasons)))
    width = next((kind for most, kind in _WIDTHS if len(columns) <= most), "BIGINT")
    masks = "".join(f", {mask} {width}" for mask in dict.fromkeys(bit.mask for bit in bits.values()))
    connection.execute(
        "CREATE OR REPLACE TABLE stage (part INTEGER, id VARCHAR, op ENUM('add', 'remove', 'left')"
        f"{fields}, fault ENUM({faults}){masks})"
    )
    return bits
