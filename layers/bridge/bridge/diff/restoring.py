"""A committed snapshot staged as the state that is wished: members and those who had left, with their values."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from bridge.diff import columns as sql
from bridge.diff import staging
from bridge.diff.checks import value_reason
from bridge.diff.staging import Bit
from mapping.comparison import Old, StageColumn, Staged


def load(
    connection: duckdb.DuckDBPyConnection,
    wished: Old,
    columns: Sequence[StageColumn],
    only: Path | None = None,
) -> tuple[Staged, dict[str, Bit]]:
    """Fill the table `stage`; a value that does not fit the type its attribute has now is left out.

    With `only` just the people that file names are wished for.
    The bits say for which fields that happened (`Comparison` lets what was sent stay there).
    """
    bits = staging.create(connection, columns)
    masks = list(dict.fromkeys(bit.mask for bit in bits.values()))
    if wished.files:
        some = f" WHERE r.id IN (SELECT id FROM read_parquet({sql.text(str(only))}))" if only else ""
        connection.execute(f"INSERT INTO stage {_rows(wished, columns, bits, masks)}{some}")
    return _counted(connection, columns, bits)


def _rows(wished: Old, columns: Sequence[StageColumn], bits: Mapping[str, Bit], masks: Sequence[str]) -> str:
    known = {column.name: column for column in wished.columns}
    was = {c.field: known[c.source].field for c in columns}
    now = {c.field: f"r.{was[c.field]}" for c in columns}
    unfit: dict[str, list[str]] = {mask: ["0::BIGINT"] for mask in masks}
    for column in columns:
        if sql.PHYSICAL[known[column.source].type] == sql.PHYSICAL[column.type]:
            continue
        before, bit = now[column.field], bits[column.field]
        now[column.field] = cast = sql.cast(before, column.type)
        unfit[bit.mask].append(
            f"CASE WHEN {before} IS NOT NULL AND {cast} IS NULL THEN {bit.value} ELSE 0 END"
        )
    files = ", ".join(sql.text(str(path)) for path in wished.files)
    values = "".join(f", {value}" for value in now.values())
    return (
        f"SELECT 0, r.id, CASE WHEN r.member THEN 'add' ELSE 'left' END{values}, NULL"
        f"{''.join(f', {" + ".join(found)}' for found in unfit.values())} FROM read_parquet([{files}]) r"
    )


def _counted(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[StageColumn], bits: Mapping[str, Bit]
) -> tuple[Staged, dict[str, Bit]]:
    counts = "".join(
        f", count({c.field}), count(*) FILTER (({bits[c.field].mask} & {bits[c.field].value}) <> 0)"
        for c in columns
    )
    row = connection.execute(f"SELECT count(*), count(*) FILTER (op = 'add'){counts} FROM stage").fetchall()[
        0
    ]
    values = {c.field: int(n) for c, n in zip(columns, row[2::2], strict=True)}
    unfit = {c: int(n) for c, n in zip(columns, row[3::2], strict=True) if n}
    staged = Staged(
        rows={0: int(row[0])},
        rejected={},
        examples=(),
        duplicates=0,
        usable=int(row[0]),
        members=int(row[1]),
        values=values,
        rejected_values={value_reason(column): n for column, n in unfit.items()},
    )
    return staged, {column.field: bits[column.field] for column in unfit}
