"""An export staged in DuckDB: typed values, one row a user, and every row or value that cannot be used named."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from bridge.diff import bounds, checks, staging
from bridge.diff import columns as sql
from bridge.diff.checks import missing_reason, value_reason
from bridge.diff.reading import Reading
from bridge.diff.sources import Relation, is_mixed, relation, unreadable
from bridge.diff.staging import Bit
from bridge.diff.stopping import Going
from bridge.errors import Rejected
from mapping.comparison import Reject, RejectedRow, SourceColumn, SourceFile, StageColumn, Staged
from mapping.export import ColumnType, file_format

SHOWN = 1_000
FETCHED = 10_000


class Stage:
    """The files of an export in the table `stage`, whose rowid keeps their order."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile], going: Going
    ) -> None:
        self._connection = connection
        self._going = going
        self._files = tuple(files)
        self._relations: dict[int, Relation] = {}
        self.left_out: dict[str, Bit] = {}
        self._reasons: dict[str, Bit] = {}
        self._rejects = False

    def inspect(self) -> tuple[SourceColumn, ...]:
        """The columns of the export; every part has to have the same ones, in any order."""
        found: dict[str, SourceColumn] = {}
        for number, source in enumerate(self._files):
            self._relations[source.number] = described = relation(self._connection, source, self._going)
            lenient = file_format(source.key)[0] == "jsonl"
            names = {column.name for column in described.columns}
            if number and not lenient and names != set(found):
                odd = ", ".join(sorted(names ^ set(found)))
                raise Rejected("columns_differ", f"{source.key}: not the columns of the first part: {odd}")
            for column in described.columns:
                known = found.get(column.name, column)
                found[column.name] = (
                    known if known.type == column.type else SourceColumn(column.name, "string")
                )
        return tuple(found.values())

    def propose(self, names: Sequence[str]) -> dict[str, ColumnType]:
        """A type for each of these CSV columns, from all their values."""
        try:
            return {name: self._proposed_either_way(name) for name in names}
        except duckdb.Error as error:
            if not bounds.of_the_file(error):
                raise
            raise unreadable(self._files[0], error) from error

    def _proposed_either_way(self, name: str) -> ColumnType:
        try:
            return self._proposed(name)
        except duckdb.Error as error:
            if not is_mixed(error):
                raise
        self._relations = {number: _lenient(one) for number, one in self._relations.items()}
        return self._proposed(name)

    def _proposed(self, name: str) -> ColumnType:
        union = " UNION ALL ".join(
            f"SELECT {described.values[name]} AS v FROM {described.sql}"
            for described in self._relations.values()
            if name in described.values
        )
        found = f"SELECT {sql.propose('v')} FROM ({union}) WHERE v IS NOT NULL"
        kind: ColumnType = self._connection.execute(found).fetchall()[0][0]
        return kind

    def load(
        self,
        columns: Sequence[StageColumn],
        *,
        identifier: str,
        time_zone: str,
        ops: bool,
        collapse: bool,
        attributes: bool,
    ) -> Staged:
        """Fill the table; of several rows of one user the last stays when `collapse` says so.

        A bad value costs that value when columns are `attributes`, otherwise its row.
        """
        reasons = () if attributes else (*map(value_reason, columns), *map(missing_reason, columns))
        bits = staging.create(self._connection, columns, reasons)
        masks = dict.fromkeys(bit.mask for bit in bits.values())
        self.left_out = {}
        rows: dict[int, int] = {}
        relations = tuple(self._relations.values())
        words = checks.words(self._connection, columns, relations, time_zone) if attributes else {}
        select = Reading(
            columns, identifier, time_zone, ops=ops, bits=bits, attributes=attributes, words=words
        )
        for source in self._files:
            rows[source.number] = self._insert(source, select)
        if attributes:
            left = [column for column in columns if column.field not in words]
            checks.mend(self._connection, left, bits, self._going)
        rejected, examples = self._faults()
        rejected_values, value_examples = self._values_left_out(columns, bits) if attributes else ({}, ())
        self._reasons = {
            value_reason(c): bits[c.field] for c in columns if value_reason(c) in rejected_values
        }
        self._rejects = bool(rejected or rejected_values)
        if self._rejects:
            self._keep_rejects(list(masks))
        duplicates = self._collapse() if collapse else 0
        usable, members, values = self._counts(columns)
        return Staged(
            rows, rejected, examples, duplicates, usable, members, values, rejected_values, value_examples
        )

    def rejects(self) -> Iterator[Reject]:
        """Every row left out and every value not used, in the order of the files."""
        if not self._rejects:
            return
        masks = list(dict.fromkeys(bit.mask for bit in self._reasons.values()))
        keys = {source.number: source.key for source in self._files}
        found = self._connection.cursor().execute(
            f"SELECT part, row, coalesce(id, ''), fault{''.join(f', {mask}' for mask in masks)} "
            "FROM rejects ORDER BY part, row"
        )
        while rows := found.fetchmany(FETCHED):
            self._going()
            for part, row, user, fault, *bits in rows:
                if fault is not None:
                    yield Reject(keys[part], row, user, fault)
                    continue
                has = dict(zip(masks, bits, strict=True))
                yield from (
                    Reject(keys[part], row, user, reason)
                    for reason, bit in self._reasons.items()
                    if has[bit.mask] & bit.value
                )

    def _keep_rejects(self, masks: Sequence[str]) -> None:
        # Before the rows of one user are collapsed: a row that a later one supersedes was wrong all the same.
        wrong = " OR ".join(["fault IS NOT NULL", *(f"{mask} <> 0" for mask in masks)])
        self._connection.execute(
            f"CREATE OR REPLACE TABLE rejects AS SELECT part, s.rowid - first + 1 AS row, id, fault"
            f"{''.join(f', {mask}' for mask in masks)} FROM stage s "
            f"JOIN (SELECT part, min(rowid) AS first FROM stage GROUP BY part) USING (part) WHERE {wrong}"
        )

    def _insert(self, source: SourceFile, select: Reading) -> int:
        described = self._relations[source.number]
        try:
            try:
                return self._inserted(select.of(source, described))
            except duckdb.Error as error:
                if not is_mixed(error):
                    raise
                return self._inserted(select.of(source, _lenient(described)))
        except duckdb.Error as error:
            if not bounds.of_the_file(error):
                raise
            raise unreadable(source, error) from error

    def _inserted(self, query: str) -> int:
        return int(self._connection.execute(f"INSERT INTO stage {query}").fetchall()[0][0])

    def _faults(self) -> tuple[dict[str, int], tuple[RejectedRow, ...]]:
        counts = self._connection.execute(
            "SELECT fault, count(*) FROM stage WHERE fault IS NOT NULL GROUP BY fault ORDER BY fault",
        ).fetchall()
        if not counts:
            return {}, ()
        shown = self._shown("fault, coalesce(id, '')", "fault IS NOT NULL")
        return dict(counts), tuple(RejectedRow(*row) for row in shown)

    def _values_left_out(
        self, columns: Sequence[StageColumn], bits: Mapping[str, Bit]
    ) -> tuple[dict[str, int], tuple[RejectedRow, ...]]:
        named = {value_reason(column): bits[column.field] for column in columns}
        if not named:
            return {}, ()
        of_each = ", ".join(f"count(*) FILTER (({bit.mask} & {bit.value}) <> 0)" for bit in named.values())
        row = self._connection.execute(f"SELECT {of_each} FROM stage WHERE fault IS NULL").fetchall()[0]
        counts = {reason: int(n) for reason, n in zip(named, row, strict=True) if n}
        self.left_out = {c.field: bits[c.field] for c in columns if value_reason(c) in counts}
        return counts, tuple(self._bad_values({reason: named[reason] for reason in counts}))

    def _bad_values(self, named: Mapping[str, Bit]) -> Iterator[RejectedRow]:
        masks = list(dict.fromkeys(bit.mask for bit in named.values()))
        if not masks:
            return
        wrong = f"fault IS NULL AND ({' OR '.join(f'{m} <> 0' for m in masks)})"
        for key, row, user, *found in self._shown(", ".join(["id", *masks]), wrong):
            has = dict(zip(masks, found, strict=True))
            yield from (
                RejectedRow(key, row, why, user) for why, bit in named.items() if has[bit.mask] & bit.value
            )

    def _shown(self, fields: str, condition: str) -> Iterator[tuple[Any, ...]]:
        shown = self._connection.execute(
            f"SELECT part, rowid - (SELECT min(rowid) FROM stage f WHERE f.part = s.part) + 1, {fields} "
            f"FROM stage s WHERE {condition} ORDER BY rowid LIMIT {SHOWN}",
        ).fetchall()
        keys = {source.number: source.key for source in self._files}
        return ((keys[part], *rest) for part, *rest in shown)

    def _collapse(self) -> int:
        # Hashes of eight bytes find the few ids that may be there twice; only those are looked at as text.
        run = self._connection.execute
        run(
            "CREATE OR REPLACE TEMP TABLE twice AS "
            "SELECT hash(id) AS h FROM stage GROUP BY h HAVING count(*) > 1"
        )
        run(
            "CREATE OR REPLACE TEMP TABLE superseded AS "
            "SELECT s.rowid AS r, s.fault IS NULL AS counts FROM stage s JOIN (SELECT id, max(rowid) AS last "
            "FROM stage WHERE id IS NOT NULL AND hash(id) IN (SELECT h FROM twice) GROUP BY id) "
            "USING (id) WHERE s.rowid < last",
        )
        counted = run("SELECT count(*) FILTER (counts), count(*) FROM superseded").fetchall()[0]
        if counted[1]:
            run("DELETE FROM stage WHERE rowid IN (SELECT r FROM superseded)")
        return int(counted[0])

    def _counts(self, columns: Sequence[StageColumn]) -> tuple[int, int, dict[str, int]]:
        counts = "".join(f", count({column.field})" for column in columns)
        row = self._connection.execute(
            f"SELECT count(*){counts} FROM stage WHERE fault IS NULL AND op = 'add'",
        ).fetchall()[0]
        usable = self._connection.execute("SELECT count(*) FROM stage WHERE fault IS NULL").fetchall()[0][0]
        values = {column.field: int(n) for column, n in zip(columns, row[1:], strict=True)}
        return int(usable), int(row[0]), values


def _lenient(described: Relation) -> Relation:
    return replace(described, sql=described.lenient or described.sql)
