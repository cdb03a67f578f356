"""Who joins, who leaves, and which attribute of whom changes, against the last committed snapshot."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from bridge.diff import columns as sql
from bridge.diff import wire
from bridge.diff.staging import Bit
from mapping.comparison import Compared, Old, Sending, StageColumn

_MASK_BITS = 60
KINDS = ("join", "leave", "stay")


class Comparison:
    """One export against one snapshot, partition by partition; writes the parts and the change files."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        left_out: Mapping[str, Bit],
        columns: Sequence[StageColumn],
        old: Old | None,
        sending: Sending,
        *,
        full: bool,
    ) -> None:
        self._connection = connection
        self._left_out = left_out
        self._columns = tuple(columns)
        self._old = old
        self._sending = sending
        self._full = full
        self._kept = tuple(
            c for c in (old.columns if old else ()) if c.field not in {d.field for d in columns}
        )

    def run(self, partitions: int, cutter: wire.Cutter, directory: Path) -> Compared:
        """Compare every partition; change files are `changes-0000.parquet` and so on in `directory`."""
        found = Compared()
        for partition in range(partitions):
            self._connection.execute(
                f"CREATE OR REPLACE TABLE changes AS {self._changes(partition, partitions)}"
            )
            self._count(found)
            part, place = cutter.place()
            fields = "".join(f", {name}" for name in self._fields())
            self._connection.execute(
                f"COPY (SELECT {part} AS part, {place} AS line, id, member, "
                f"kind = 'join' AS joined{fields} FROM changes) "
                f"TO {sql.text(str(directory / f'changes-{partition:04d}.parquet'))} ({sql.PARQUET})",
            )
            line = self._line()
            for kind in KINDS:
                found.samples += cutter.samples("changes", line, f"kind = '{kind}'", kind)
            cutter.cut("changes", line)
        self._connection.execute("DROP TABLE changes")
        found.parts, found.lines = cutter.finish(), cutter.lines
        return found

    def _fields(self) -> tuple[str, ...]:
        return (*(c.field for c in self._columns), *(c.field for c in self._kept))

    def _changes(self, partition: int, partitions: int) -> str:
        different = [f"d_{c.field}" for c in self._columns]
        anything = " OR ".join(["was IS DISTINCT FROM member AND (was OR member)", *different])
        masks = "".join(
            f", {' + '.join(f'({d})::BIGINT * {1 << bit}' for bit, d in chunk)} AS m{number}"
            for number, chunk in enumerate(_chunks(different))
        )
        return (
            f"SELECT id, member, {', '.join((*self._fields(), 'kind'))}{masks} "
            f"FROM (SELECT *, CASE WHEN member AND NOT was THEN 'join' WHEN was AND NOT member THEN 'leave' "
            f"ELSE 'stay' END AS kind FROM ({self._joined(partition, partitions)})) "
            f"WHERE NOT spoiled AND ({anything})"
        )

    def _joined(self, partition: int, partitions: int) -> str:
        absent = "false" if self._full else "coalesce(s.member, false)"
        fields = "".join(
            f", CASE WHEN {self._given(c)} THEN e.{c.field} ELSE {self._was(c)} END AS {c.field}, "
            f"{self._given(c)} AND e.{c.field} IS DISTINCT FROM {self._was(c)} AS d_{c.field}"
            for c in self._columns
        )
        kept = "".join(f", s.{c.field}" for c in self._kept)
        # Without a snapshot there is nobody to look for: DuckDB then joins nothing at all.
        join = "FULL" if self._old and self._old.files else "LEFT"
        return (
            f"SELECT coalesce(e.id, s.id) AS id, coalesce(s.member, false) AS was, "
            f"e.fault IS NOT NULL AS spoiled, "
            f"CASE WHEN e.op IS NULL THEN {absent} ELSE e.op = 'add' END AS member{fields}{kept} "
            f"FROM (SELECT * FROM stage WHERE {_usable()}{_bucket('id', partition, partitions)}) e "
            f"{join} JOIN {rows_of(self._old, partition, partitions)} s ON e.id = s.id"
        )

    def _given(self, column: StageColumn) -> str:
        # A value that cannot be used is as good as not given: what was sent before stays.
        # Of a snapshot that is gone back to, non-members (op `left`) carry their values, too.
        present = "e.op IS NOT NULL AND e.op IN ('add', 'left')"
        bit = self._left_out.get(column.field)
        return f"({present} AND (e.{bit.mask} & {bit.value}) = 0)" if bit else f"({present})"

    def _was(self, column: StageColumn) -> str:
        known = {c.field: c for c in (self._old.columns if self._old else ())}.get(column.field)
        if known is None:
            return f"NULL::{sql.PHYSICAL[column.type]}"
        if sql.PHYSICAL[known.type] == sql.PHYSICAL[column.type]:
            return f"s.{column.field}"
        return sql.cast(f"s.{column.field}", column.type)

    def _line(self) -> str:
        sending = self._sending
        fields = [c.field for c in self._columns]
        given = {
            name: f"(m{number} & {1 << bit}) <> 0"
            for number, chunk in enumerate(_chunks(fields))
            for bit, name in chunk
        }
        joins = wire.member(sending.attribute, sql.text("true"))
        leaves = wire.member(sending.attribute, sql.text(sending.on_leave))
        membership = f"CASE kind WHEN 'join' THEN {joins} WHEN 'leave' THEN {leaves} END"
        changed = wire.pairs([(c.name, c.field, c.type, given[c.field]) for c in self._columns])
        close = ',"_update_existing_only":true}' if sending.update_existing_only else "}"
        opening = sql.text('{"' + sending.identifier + '":')
        return wire.joined((opening, "to_json(id)::VARCHAR", membership, *changed, sql.text(close)))

    def _count(self, found: Compared) -> None:
        bits = [
            f"count(*) FILTER ((m{number} & {1 << bit}) <> 0), "
            f"count(*) FILTER ((m{number} & {1 << bit}) <> 0 AND kind = 'stay')"
            for number, chunk in enumerate(_chunks([c.field for c in self._columns]))
            for bit, _ in chunk
        ]
        kinds = ", ".join(f"count(*) FILTER (kind = '{kind}')" for kind in KINDS)
        row = self._connection.execute(f"SELECT {', '.join([kinds, *bits])} FROM changes").fetchall()[0]
        found.joined += row[0]
        found.left += row[1]
        found.changed += row[2]
        for column, total, stayers in zip(self._columns, row[3::2], row[4::2], strict=True):
            found.changed_of[column.name] = found.changed_of.get(column.name, 0) + total
            found.stayers_changed_of[column.name] = found.stayers_changed_of.get(column.name, 0) + stayers


def rows_of(old: Old | None, partition: int, partitions: int) -> str:
    """SQL for the snapshot's rows of one partition; an empty relation when there is no snapshot."""
    if old is None or not old.files:
        fields = "".join(f", NULL::{sql.PHYSICAL[c.type]} AS {c.field}" for c in (old.columns if old else ()))
        return f"(SELECT NULL::VARCHAR AS id, NULL::BOOLEAN AS member{fields} WHERE false)"
    if old.same_hashing and len(old.files) == partitions:
        return f"read_parquet({sql.text(str(old.files[partition]))})"
    files = ", ".join(sql.text(str(path)) for path in old.files)
    return f"(SELECT * FROM read_parquet([{files}]) WHERE true{_bucket('id', partition, partitions)})"


def _bucket(name: str, partition: int, partitions: int) -> str:
    return f" AND hash({name}) % {partitions} = {partition}" if partitions > 1 else ""


def _usable() -> str:
    # A spoiled row keeps its user from leaving; only rows without a usable identifier are left out.
    return "(fault IS NULL OR fault NOT IN ('empty_identifier', 'identifier_too_long'))"


def _chunks(names: Sequence[str]) -> list[list[tuple[int, str]]]:
    return [list(enumerate(names[start : start + _MASK_BITS])) for start in range(0, len(names), _MASK_BITS)]
