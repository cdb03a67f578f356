"""The next snapshot of an audience: the previous one plus the changes Braze accepted."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from bridge.diff import columns as sql
from bridge.diff.audience import rows_of
from mapping.comparison import Old, Refused, Written
from mapping.run import Column


def build(
    connection: duckdb.DuckDBPyConnection,
    old: Old | None,
    changes: Sequence[Path],
    columns: Sequence[Column],
    refused: Refused,
    directory: Path,
) -> Written:
    """Write `p-0000.parquet` and so on; rows that were refused keep their old state, however old it is."""
    _load(connection, "refused_lines (part INTEGER, line INTEGER)", refused.lines)
    _load(connection, "refused_parts (part INTEGER)", [(part,) for part in refused.parts])
    files: list[Path] = []
    rows = members = 0
    for partition, path in enumerate(changes):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW accepted AS {accepted(path, columns)}")
        target = directory / f"p-{partition:04d}.parquet"
        before = rows_of(old, partition, len(changes))
        connection.execute(
            f"COPY (SELECT s.id, s.member{_old_fields(old, columns)} FROM {before} s "
            f"WHERE NOT EXISTS (SELECT 1 FROM accepted a WHERE a.id = s.id) "
            f"UNION ALL SELECT * FROM accepted) TO {sql.text(str(target))} ({sql.PARQUET})",
        )
        counted = connection.execute(
            f"SELECT count(*), count(*) FILTER (member) FROM read_parquet({sql.text(str(target))})",
        ).fetchall()[0]
        rows, members = rows + counted[0], members + counted[1]
        files.append(target)
    return Written(tuple(files), rows, members)


def without(
    connection: duckdb.DuckDBPyConnection, source: Path, ids: Sequence[str], target: Path
) -> tuple[int, int, int]:
    """The rows of these ids left out of a snapshot's or a change's file: removed, rows and members left."""
    theirs = f"id IN ({', '.join(sql.text(one) for one in ids)})"
    file = f"read_parquet({sql.text(str(source))})"
    removed, rows, members = connection.execute(
        f"SELECT count(*) FILTER ({theirs}), count(*) FILTER (NOT {theirs}), "
        f"count(*) FILTER (member AND NOT {theirs}) FROM {file}"
    ).fetchall()[0]
    if removed:
        copied = f"SELECT * FROM {file} WHERE NOT {theirs}"
        connection.execute(f"COPY ({copied}) TO {sql.text(str(target))} ({sql.PARQUET})")
    return removed, rows, members


def accepted(path: Path, columns: Sequence[Column]) -> str:
    """SQL for the changes of a file that were taken, once `build` has loaded what was refused."""
    fields = "".join(f", {column.field}" for column in columns)
    return (
        f"SELECT id, member{fields} FROM read_parquet({sql.text(str(path))}) c "
        "WHERE c.part NOT IN (SELECT part FROM refused_parts) "
        "AND NOT EXISTS (SELECT 1 FROM refused_lines r WHERE r.part = c.part AND r.line = c.line)"
    )


def _old_fields(old: Old | None, columns: Sequence[Column]) -> str:
    known = {column.field: column for column in (old.columns if old else ())}
    fields = ""
    for column in columns:
        before = known.get(column.field)
        if before is None:
            fields += f", NULL::{sql.PHYSICAL[column.type]} AS {column.field}"
        elif sql.PHYSICAL[before.type] == sql.PHYSICAL[column.type]:
            fields += f", s.{column.field}"
        else:
            fields += f", {sql.cast(f's.{column.field}', column.type)} AS {column.field}"
    return fields


def _load(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[int, ...]]) -> None:
    name = table.partition(" ")[0]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    pending = list(rows)
    for start in range(0, len(pending), 5_000):
        values = ", ".join("(" + ", ".join(map(str, row)) + ")" for row in pending[start : start + 5_000])
        connection.execute(f"INSERT INTO {name} VALUES {values}")
