"""What a reconcile asks DuckDB: whom to look at, and what was found to differ."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from bridge.diff import columns as sql
from bridge.diff import wire
from bridge.diff.wire import Cutter
from mapping.comparison import Compared, Drifted, DriftSample, Old, Sampling

SAMPLES = 10
"""People shown for each attribute and kind of difference."""
_RECORD = (
    "{user: 'VARCHAR', unknown: 'BOOLEAN', "
    "cells: 'STRUCT(name VARCHAR, kind VARCHAR, ours VARCHAR, braze VARCHAR)[]'}"
)


def cut(connection: duckdb.DuckDBPyConnection, old: Old, sampling: Sampling, cutter: Cutter) -> Compared:
    """A line for everybody to look at: what Braze should hold of them. The same salt picks the same people."""
    line, some = _line(old, sampling), ""
    if sampling.joined:
        some = f" WHERE s.member AND s.id IN (SELECT id FROM {_parquet(sampling.joined)} WHERE joined)"
    if sampling.most is None:
        for path in old.files:
            _cut(connection, f"SELECT {line} AS line FROM {_parquet([path])} s{some}", cutter)
    elif old.files:
        picked = f"ORDER BY md5({sql.text(sampling.salt)} || s.id), s.id LIMIT {sampling.most}"
        _cut(connection, f"SELECT {line} AS line FROM {_parquet(old.files)} s{some} {picked}", cutter)
    return Compared(parts=cutter.finish(), lines=cutter.lines)


def _cut(connection: duckdb.DuckDBPyConnection, query: str, cutter: Cutter) -> None:
    connection.execute(f"CREATE OR REPLACE TABLE reading AS {query}")
    cutter.cut("reading", "line")
    connection.execute("DROP TABLE reading")


def _line(old: Old, sampling: Sampling) -> str:
    opening = sql.text('{"' + sampling.identifier + '":')
    member = wire.member(sampling.attribute, "s.member::VARCHAR")
    held = wire.pairs(
        [
            (c.name, f"s.{c.field}", c.type, f"s.member AND s.{c.field} IS NOT NULL")
            for c in old.columns
            if c.name in sampling.names
        ]
    )
    return wire.joined((opening, "to_json(s.id)::VARCHAR", member, *held, "'}'"))


def gather(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], target: Path, *, with_unknown: bool
) -> Drifted:
    """Count what the readers wrote, each person once, and write whom and what a repair has to send."""
    if not files:
        return Drifted()
    read = ", ".join(sql.text(str(path)) for path in files)
    connection.execute(
        'CREATE OR REPLACE TABLE drift AS SELECT "user" AS id, '
        "any_value(unknown) AS unknown, any_value(cells) AS cells "
        f"FROM read_json([{read}], format='newline_delimited', columns={_RECORD}) "
        'WHERE "user" IS NOT NULL GROUP BY "user"'
    )
    connection.execute(
        "CREATE OR REPLACE VIEW cells AS SELECT id, unnest(cells, recursive := true) FROM drift WHERE NOT unknown"
    )
    counted = connection.execute(
        "SELECT name, kind, count(*) FROM cells GROUP BY name, kind ORDER BY name, kind"
    ).fetchall()
    shown = connection.execute(
        "SELECT id, name, kind, ours, braze FROM cells QUALIFY "
        f"row_number() OVER (PARTITION BY name, kind ORDER BY md5(id)) <= {SAMPLES} ORDER BY name, kind, md5(id)"
    ).fetchall()
    unknown = connection.execute(
        f"SELECT id FROM drift WHERE unknown ORDER BY md5(id) LIMIT {SAMPLES}"
    ).fetchall()
    wanted = "kind <> 'only_at_braze'"
    people = f"SELECT id, true AS member, false AS unknown, list(name) AS names FROM cells WHERE {wanted} GROUP BY id"
    if with_unknown:
        people += " UNION ALL SELECT id, true, true, [] FROM drift WHERE unknown"
    connection.execute(f"COPY ({people}) TO {sql.text(str(target))} ({sql.PARQUET})")
    totals = connection.execute(
        "SELECT (SELECT count(*) FROM drift WHERE unknown), (SELECT count(DISTINCT id) FROM cells), "
        f"(SELECT count(*) FROM read_parquet({sql.text(str(target))}))"
    ).fetchall()[0]
    connection.execute("DROP VIEW cells")
    connection.execute("DROP TABLE drift")
    return Drifted(
        unknown=int(totals[0]),
        people=int(totals[1]),
        to_repair=int(totals[2]),
        cells={(str(name), str(kind)): int(n) for name, kind, n in counted},
        samples=tuple(DriftSample(*map(str, row)) for row in shown),
        unknown_samples=tuple(str(row[0]) for row in unknown),
    )


def held(connection: duckdb.DuckDBPyConnection, old: Old, drift: Path, attribute: str, target: Path) -> Old:
    """The snapshot's rows of those that drifted as Braze holds them: what differs is as good as not there."""

    def differs(name: str) -> str:
        return f"(d.unknown OR list_contains(d.names, {sql.text(name)}))"

    fields = "".join(
        f", CASE WHEN {differs(c.name)} THEN NULL ELSE s.{c.field} END AS {c.field}" for c in old.columns
    )
    connection.execute(
        f"COPY (SELECT s.id, CASE WHEN {differs(attribute)} THEN NOT s.member ELSE s.member END AS member{fields} "
        f"FROM {_parquet(old.files)} s JOIN {_parquet([drift])} d ON d.id = s.id) "
        f"TO {sql.text(str(target))} ({sql.PARQUET})"
    )
    return Old((target,), old.columns, same_hashing=False)


def _parquet(files: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(sql.text(str(path)) for path in files)}])"
