"""Lines in wire form and the parts they are cut into."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256

import duckdb

from bridge.diff import columns as sql
from mapping.comparison import Emit, PartFile, StageColumn
from mapping.export import ColumnType

CHUNK_PARTS = 16
AT_ONCE = 2
SAMPLES = 5


def joined(pieces: Sequence[str]) -> str:
    """SQL for one text of many, NULL ones left out: a chain of || would copy what it has at every link."""
    return f"concat({', '.join(pieces)})"


def member(name: str, value: str) -> str:
    """SQL for `,"name":value`, the value being SQL text for JSON."""
    return joined((sql.text("," + json.dumps(name) + ":"), value))


def pairs(columns: Sequence[tuple[str, str, ColumnType, str]]) -> list[str]:
    """SQL for each of (name, value, type, condition): with a leading comma, NULL when the condition fails."""
    return [
        f"CASE WHEN {condition} THEN {member(name, sql.write(value, kind))} END"
        for name, value, kind, condition in columns
    ]


def properties(columns: Sequence[StageColumn]) -> str:
    """SQL for a JSON object of what is not null."""
    found = pairs([(c.name, c.field, c.type, f"{c.field} IS NOT NULL") for c in columns])
    return joined(("'{'", f"substr({joined(found)}, 2)" if found else "''", "'}'"))


class Cutter:
    """Cuts the lines of table after table into parts of `part_rows`; the last part alone may be shorter."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, part_rows: int, emit: Emit) -> None:
        self._connection = connection
        self._part_rows = part_rows
        self._emit = emit
        self._open: list[bytes] = []
        self._open_rows = 0
        self.lines = 0

    def place(self) -> tuple[str, str]:
        """SQL for the part and line (from 0) of a row of the table that is cut next."""
        row = f"({self.lines} + rowid)"
        return f"({row} // {self._part_rows} + 1)::INTEGER", f"({row} % {self._part_rows})::INTEGER"

    def samples(self, table: str, line: str, condition: str, kind: str) -> list[tuple[str, str]]:
        """A few lines, named by their kind; none once the first table's have been taken."""
        most = 0 if self.lines else SAMPLES
        found = self._connection.execute(
            f"SELECT {line} FROM (SELECT * FROM {table} WHERE {condition} LIMIT {most})"
        ).fetchall()
        return [(kind, str(one)) for (one,) in found]

    def cut(self, table: str, line: str) -> None:
        """Write a line (SQL) for each row of a table, in their order; no row of it was ever deleted."""
        total = int(self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
        for number, rows, text in self._pieces(table, line, total):
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

    def _pieces(self, table: str, line: str, total: int) -> Iterator[tuple[int, int, bytes]]:
        part, _ = self.place()

        def piece(start: int, end: int) -> list[tuple[int, int, bytes]]:
            return (
                self._connection.cursor()
                .execute(
                    f"SELECT part, count(*), encode(string_agg(line, chr(10) ORDER BY row)) FROM "
                    f"(SELECT {part} AS part, rowid AS row, {line} AS line FROM {table} "
                    f"WHERE rowid >= {start} AND rowid < {end}) GROUP BY part ORDER BY part",
                )
                .fetchall()
            )

        # A piece is one row group, which DuckDB works on in one thread: so there are several pieces at once.
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ahead: deque[Future[list[tuple[int, int, bytes]]]] = deque()
            for start, end in self._ranges(total):
                ahead.append(pool.submit(piece, start, end))
                if len(ahead) > AT_ONCE:
                    yield from ahead.popleft().result()
            while ahead:
                yield from ahead.popleft().result()

    def _ranges(self, total: int) -> Iterator[tuple[int, int]]:
        start = 0
        while start < total:
            whole = start + CHUNK_PARTS * self._part_rows
            end = min(total, whole - (self.lines + start) % self._part_rows)
            yield start, end
            start = end

    def _close(self, number: int) -> None:
        body = b"\n".join((*self._open, b""))
        self._emit(PartFile(number, self._open_rows, body, sha256(body).hexdigest()))
        self._open, self._open_rows = [], 0
