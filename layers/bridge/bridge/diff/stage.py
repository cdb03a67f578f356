"""An export staged in DuckDB: typed values, one row a user, and every row that cannot be used named."""

from collections.abc import Sequence

import duckdb

from bridge.diff import columns as sql
from bridge.diff.sources import Relation, relation, unreadable
from bridge.errors import Rejected
from mapping.comparison import RejectedRow, SourceColumn, SourceFile, StageColumn, Staged
from mapping.export import ColumnType, file_format

MAX_ID_BYTES = 987  # facts/braze.md 2.2
SHOWN = 1_000


class Stage:
    """The table `stage`: part, id, op, the fields, fault; its rowid keeps the order of the files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile]) -> None:
        self._connection = connection
        self._files = tuple(files)
        self._relations: dict[int, Relation] = {}

    def inspect(self) -> tuple[SourceColumn, ...]:
        """The columns of the export; every part has to have the same ones, in any order."""
        found: dict[str, SourceColumn] = {}
        for number, source in enumerate(self._files):
            self._relations[source.number] = described = relation(self._connection, source)
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
        proposed: dict[str, ColumnType] = {}
        for name in names:
            union = " UNION ALL ".join(
                f"SELECT {described.values[name]} AS v FROM {described.sql}"
                for described in self._relations.values()
                if name in described.values
            )
            found = f"SELECT {sql.propose('v')} FROM ({union}) WHERE v IS NOT NULL"
            proposed[name] = self._connection.execute(found).fetchall()[0][0]
        return proposed

    def load(
        self,
        columns: Sequence[StageColumn],
        *,
        identifier: str,
        time_zone: str,
        ops: bool,
        collapse: bool,
    ) -> Staged:
        """Fill the table; of several rows of one user the last stays when `collapse` says so."""
        fields = "".join(f", {column.field} {sql.PHYSICAL[column.type]}" for column in columns)
        self._connection.execute(
            f"CREATE OR REPLACE TABLE stage (part INTEGER, id VARCHAR, op VARCHAR{fields}, fault VARCHAR)",
        )
        rows: dict[int, int] = {}
        for source in self._files:
            rows[source.number] = self._insert(source, columns, identifier, time_zone, ops=ops)
        rejected, examples = self._faults()
        duplicates = self._collapse() if collapse else 0
        usable, members, values = self._counts(columns)
        return Staged(rows, rejected, examples, duplicates, usable, members, values)

    def _insert(
        self,
        source: SourceFile,
        columns: Sequence[StageColumn],
        identifier: str,
        time_zone: str,
        *,
        ops: bool,
    ) -> int:
        described = self._relations[source.number]
        read = {column.field: described.values.get(column.source, "NULL::VARCHAR") for column in columns}
        raw = "".join(f", {value} AS r_{name}" for name, value in read.items())
        op = f"lower({described.values['op']})" if ops else "'add'"
        typed = "".join(f", {sql.read(f'r_{c.field}', c.type, time_zone)} AS {c.field}" for c in columns)
        user = described.values.get(identifier, "NULL::VARCHAR")
        query = (
            f"INSERT INTO stage SELECT {source.number}, id, op{''.join(f', {c.field}' for c in columns)}, "
            f"{_fault(columns)} FROM (SELECT *{typed} FROM (SELECT "
            f"{user} AS id, {op} AS op{raw} FROM {described.sql}))"
        )
        try:
            return int(self._connection.execute(query).fetchall()[0][0])
        except duckdb.InterruptException:
            raise
        except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException) as error:
            raise unreadable(source, error) from error

    def _faults(self) -> tuple[dict[str, int], tuple[RejectedRow, ...]]:
        counts = self._connection.execute(
            "SELECT fault, count(*) FROM stage WHERE fault IS NOT NULL GROUP BY fault ORDER BY fault",
        ).fetchall()
        if not counts:
            return {}, ()
        shown = self._connection.execute(
            "SELECT part, rowid - (SELECT min(rowid) FROM stage f WHERE f.part = s.part) + 1, fault "
            f"FROM stage s WHERE fault IS NOT NULL ORDER BY rowid LIMIT {SHOWN}",
        ).fetchall()
        keys = {source.number: source.key for source in self._files}
        return dict(counts), tuple(RejectedRow(keys[part], row, fault) for part, row, fault in shown)

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


def _fault(columns: Sequence[StageColumn]) -> str:
    values = "".join(
        f" WHEN op = 'add' AND r_{column.field} IS NOT NULL AND {column.field} IS NULL "
        f"THEN {sql.text(('value_too_long:' if column.type == 'string' else 'invalid_value:') + column.name)}"
        for column in columns
    )
    return (
        "CASE WHEN id IS NULL OR trim(id) = '' THEN 'empty_identifier' "
        f"WHEN strlen(id) > {MAX_ID_BYTES} THEN 'identifier_too_long' "
        f"WHEN op IS NULL OR op NOT IN ('add', 'remove') THEN 'invalid_op'{values} END"
    )
