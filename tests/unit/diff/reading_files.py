"""Files as an export holds them, and what becomes of their rows."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import duckdb

from bridge.diff import Session
from mapping.comparison import PartFile, Sending, SourceFile, StageColumn, Staged
from mapping.export import ColumnType

SENDING = Sending("AIQ_a_1", "external_id", "false", update_existing_only=False)


def query(statement: str) -> list[Any]:
    """Ask a database of its own."""
    return database().execute(statement).fetchall()


@cache
def database() -> duckdb.DuckDBPyConnection:
    """One for all: opening one is most of what a question costs."""
    return duckdb.connect()


def put(session: Session, name: str, body: bytes, number: int = 1) -> SourceFile:
    """A part on disk."""
    path = session.directory / f"{number}-{name}"
    path.write_bytes(body)
    return SourceFile(number, path, f"exports/{name}")


def load(
    session: Session, files: Sequence[SourceFile], identifier: str = "external_id", **types: ColumnType
) -> Staged:
    """Read the parts as an audience's full export; a column without a type is text."""
    found = {column.name: column.type for column in session.inspect(files)}
    columns = [
        StageColumn(name, name, types.get(name) or kind or "string", f"v{number}")
        for number, (name, kind) in enumerate(found.items())
        if name not in (identifier, "op")
    ]
    return session.load(columns, identifier=identifier, time_zone="Europe/Berlin", ops=False, collapse=True)


def lines(session: Session, sending: Sending = SENDING) -> list[dict[str, Any]]:
    """What a first run sends of them, by user, without the membership."""
    parts: list[PartFile] = []
    session.compare(None, sending, full=True, rows=10, part_rows=1_000, emit=parts.append)
    found = [json.loads(line) for part in parts for line in part.body.splitlines()]
    assert all(line.pop(sending.attribute) is True for line in found)
    return sorted(found, key=lambda line: str(line[sending.identifier]))
