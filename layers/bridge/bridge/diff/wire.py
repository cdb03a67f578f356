"""Lines in wire form and the parts they are cut into."""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256

import duckdb

from bridge.diff import columns as sql
from mapping.comparison import Emit, PartFile, StageColumn
from mapping.export import ColumnType

CHUNK_PARTS = 16


def member(name: str, value: str) -> str:
    """SQL for `,"name":value`, the value being SQL text for JSON."""
    return f"{sql.text(',' + json.dumps(name) + ':')} || {value}"


def pairs(columns: Sequence[tuple[str, str, ColumnType, str]]) -> str:
    """SQL for those of (name, value, type, condition) whose condition holds, each with a leading comma."""
    pieces = [
        f"CASE WHEN {condition} THEN {member(name, sql.write(value, kind))} ELSE '' END"
        for name, value, kind, condition in columns
    ]
    return " || ".join(pieces) or "''"


def properties(columns: Sequence[StageColumn]) -> str:
    """SQL for a JSON object of what is not null."""
    found = pairs([(c.name, c.field, c.type, f"{c.field} IS NOT NULL") for c in columns])
    return f"'{{' || substr({found}, 2) || '}}'"


class Cutter:
    """Cuts the lines of table after table into parts of `part_rows`; the last part alone may be shorter."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, part_rows: int, emit: Emit) -> None:
        self._connection = connection
        self._part_rows = part_rows
        self._emit = emit
        self._open: list[str] = []
        self._open_rows = 0
        self.lines = 0

    def place(self) -> tuple[str, str]:
        """SQL for the part and line (from 0) of a row of the table that is cut next."""
        row = f"({self.lines} + rowid)"
        return f"({row} // {self._part_rows} + 1)::INTEGER", f"({row} % {self._part_rows})::INTEGER"

    def cut(self, table: str) -> None:
        """Take the lines of a table in the order of its rows, which has had no row deleted."""
        total = int(self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
        for number, rows, text in self._pieces(table, total):
            self._open.append(text)
            self._open_rows += rows
            if self._open_rows == self._part_rows:
                self._close(number)
        self.lines += total

    def finish(self) -> int:
        """Close the last part; how many parts there are."""
        if self._open_rows:
            self._close(-(-self.lines // self._part_rows))
        return -(-self.lines // self._part_rows)

    def _pieces(self, table: str, total: int) -> Iterator[tuple[int, int, str]]:
        part, _ = self.place()
        step = CHUNK_PARTS * self._part_rows
        start = 0
        while start < total:
            end = min(total, start + step - (self.lines + start) % self._part_rows)
            yield from self._connection.execute(
                f"SELECT {part} AS part, count(*), string_agg(line, chr(10) ORDER BY rowid) FROM {table} "
                f"WHERE rowid >= {start} AND rowid < {end} GROUP BY part ORDER BY part",
            ).fetchall()
            start = end

    def _close(self, number: int) -> None:
        body = "\n".join(self._open).encode() + b"\n"
        self._emit(PartFile(number, self._open_rows, body, sha256(body).hexdigest()))
        self._open, self._open_rows = [], 0
