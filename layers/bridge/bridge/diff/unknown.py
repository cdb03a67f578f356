"""People of an audience whom Braze does not know: kept beside the snapshot, and sent again with every run."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from bridge.diff import columns as sql
from bridge.diff import staging
from bridge.diff.snapshot import accepted
from mapping.comparison import Old, StageColumn, Written
from mapping.run import Column

FILE = "unknown.parquet"


def retry(connection: duckdb.DuckDBPyConnection, unknown: Old, columns: Sequence[StageColumn]) -> int:
    """Stage those whom a delta does not name as if it did; how many they are."""
    known = {column.name: column for column in unknown.columns}
    fields = "".join(f", {_value(known.get(c.name), c)}" for c in columns)
    masks = "".join(", 0" for _ in dict.fromkeys(bit.mask for bit in staging.bits_of(columns).values()))
    added = connection.execute(
        f"INSERT INTO stage SELECT 0, u.id, 'add'{fields}, NULL{masks} FROM {_parquet(unknown.files)} u "
        "WHERE u.id NOT IN (SELECT id FROM stage WHERE id IS NOT NULL)"
    ).fetchall()
    return int(added[0][0])


def _value(known: Column | None, column: StageColumn) -> str:
    if known is None:
        return f"NULL::{sql.PHYSICAL[column.type]}"
    same = sql.PHYSICAL[known.type] == sql.PHYSICAL[column.type]
    return f"u.{known.field}" if same else sql.cast(f"u.{known.field}", column.type)


def still(
    connection: duckdb.DuckDBPyConnection,
    unknown: Old,
    changes: Sequence[Path],
    columns: Sequence[Column],
    directory: Path,
) -> int:
    """After `build`: write those who were sent again and not taken; who was not sent is in the audience no more."""
    taken = " UNION ALL ".join(f"SELECT id FROM ({accepted(path, ())})" for path in changes)
    fields = "".join(f", {_kept(unknown, column)} AS {column.field}" for column in columns)
    return _write(
        connection,
        f"SELECT u.id, u.member{fields} FROM {_parquet(unknown.files)} u "
        f"WHERE u.id IN (SELECT id FROM {_parquet(changes)}) AND u.id NOT IN ({taken})",
        directory / FILE,
    )


def _kept(unknown: Old, column: Column) -> str:
    known = {one.field: one for one in unknown.columns}.get(column.field)
    if known is None:
        return f"NULL::{sql.PHYSICAL[column.type]}"
    same = sql.PHYSICAL[known.type] == sql.PHYSICAL[column.type]
    return f"u.{column.field}" if same else sql.cast(f"u.{column.field}", column.type)


def split(
    connection: duckdb.DuckDBPyConnection, old: Old, unknown: Old | None, drift: Path, directory: Path
) -> tuple[Written, int]:
    """Move whom a reading did not find out of the snapshot's files; the files, and how many are unknown now."""
    missed = f"(SELECT id FROM {_parquet([drift])} WHERE unknown)"
    files: list[Path] = []
    rows = members = 0
    for number, path in enumerate(old.files):
        target = directory / f"p-{number:04d}.parquet"
        _write(connection, f"SELECT * FROM {_parquet([path])} WHERE id NOT IN {missed}", target)
        counted = connection.execute(
            f"SELECT count(*), count(*) FILTER (member) FROM {_parquet([target])}"
        ).fetchall()[0]
        rows, members = rows + counted[0], members + counted[1]
        files.append(target)
    theirs = f"SELECT * FROM {_parquet(old.files)} WHERE id IN {missed}"
    if unknown:
        theirs += f" UNION ALL BY NAME SELECT * FROM {_parquet(unknown.files)} WHERE id NOT IN {missed}"
    return Written(tuple(files), rows, members), _write(connection, theirs, directory / FILE)


def _write(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    written = connection.execute(f"COPY ({query}) TO {sql.text(str(target))} ({sql.PARQUET})").fetchall()
    return int(written[0][0])


def _parquet(files: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(sql.text(str(path)) for path in files)}])"
