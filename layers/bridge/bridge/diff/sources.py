"""The files of an export as relations of text columns, whatever their format."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from bridge.diff.columns import text
from bridge.errors import Rejected
from mapping.comparison import SourceColumn, SourceFile
from mapping.export import ColumnType, file_format

_COMPRESSION = {"gz": "gzip", "zst": "zstd", None: "none"}
_HEADER_LINES = 50
_JSON_TYPES: dict[str, ColumnType] = {
    "VARCHAR": "string",
    "BIGINT": "number",
    "UBIGINT": "number",
    "HUGEINT": "number",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "ARRAY": "array",
    "OBJECT": "object",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """SQL that yields one row per record in file order, and each column of it as text (NULL when empty)."""

    sql: str
    values: dict[str, str]
    columns: tuple[SourceColumn, ...]


def unreadable(source: SourceFile, error: Exception) -> Rejected:
    """The reason a run is blocked with; the vendor text is cut so that no row's values are repeated."""
    said = str(error).split("Original Line", 1)[0].split("\n\n", 1)[0].strip().replace("\n", " ")
    return Rejected("unreadable_part", f"{source.key}: {said[:300]}")


def relation(connection: duckdb.DuckDBPyConnection, source: SourceFile) -> Relation:
    """Read what the file says of itself; raises Rejected when it cannot be read."""
    form, compression = file_format(source.key)
    try:
        if form == "parquet":
            return _parquet(connection, source)
        if form == "jsonl":
            return _jsonl(connection, source, _COMPRESSION[compression])
        return _csv(connection, source, _COMPRESSION[compression])
    except (duckdb.Error, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(source, error) from error


def _csv(connection: duckdb.DuckDBPyConnection, source: SourceFile, compression: str) -> Relation:
    path = text(str(source.path))
    lines = connection.execute(
        f"SELECT coalesce(line, '') FROM read_csv({path}, auto_detect=false, header=false, "
        f"strict_mode=false, columns={{'line': 'VARCHAR'}}, delim='\x01', quote='', escape='', "
        f"compression='{compression}') LIMIT {_HEADER_LINES}",
    ).fetchall()
    header = next(csv.reader(io.StringIO("\n".join(line for (line,) in lines), newline="")), [])
    if not header:
        raise Rejected("unreadable_part", f"{source.key}: the file has no header line")
    fields = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(header)))
    base = (
        f"read_csv({path}, auto_detect=false, header=true, columns={{{fields}}}, delim=',', quote='\"', "
        f"escape='\"', compression='{compression}'"
    )
    strict = f"{base}, strict_mode={str(_is_plain(connection, base, header)).lower()})"
    values = {name: f"nullif(c{index}, '')" for index, name in enumerate(header)}
    return Relation(strict, _distinct(source, header, values), tuple(SourceColumn(name) for name in header))


def _is_plain(connection: duckdb.DuckDBPyConnection, base: str, header: Sequence[str]) -> bool:
    # DuckDB's strict reader finds an unterminated quote, but cannot read mixed line ends, and silently
    # reads nothing when the header itself holds a line break.
    if any("\n" in name or "\r" in name for name in header):
        return False
    try:
        connection.execute(
            f"SELECT count(*) FROM (SELECT * FROM {base}, strict_mode=true) LIMIT 1000)"
        ).fetchall()
    except duckdb.Error as error:
        return "state machine" not in str(error)
    return True


def _jsonl(connection: duckdb.DuckDBPyConnection, source: SourceFile, compression: str) -> Relation:
    path = text(str(source.path))
    rows = f"read_ndjson_objects({path}, compression='{compression}', maximum_object_size=1048576)"
    keys = connection.execute(
        f"SELECT key, min(position) FROM (SELECT unnest(json_keys(json)) AS key, "
        f"unnest(range(len(json_keys(json)))) AS position FROM {rows} WHERE json_type(json) = 'OBJECT') "
        f"GROUP BY key ORDER BY 2, 1",
    ).fetchall()
    names = [str(key) for key, _ in keys]
    if not names:
        return Relation(f"(SELECT NULL AS v FROM {rows})", {}, ())
    pointers = [text("/" + name.replace("~", "~0").replace("/", "~1")) for name in names]
    types = connection.execute(
        "SELECT "
        + ", ".join(f"list(DISTINCT json_type(json, {pointer}))" for pointer in pointers)
        + f" FROM {rows}",
    ).fetchall()[0]
    columns = tuple(SourceColumn(name, _one_type(found)) for name, found in zip(names, types, strict=True))
    values = {name: f"nullif(v[{index}], '')" for index, name in enumerate(names, 1)}
    sql = f"(SELECT json_extract_string(json, [{', '.join(pointers)}]) AS v FROM {rows})"
    return Relation(sql, values, columns)


def _one_type(found: Iterable[str | None] | None) -> ColumnType:
    types = {_JSON_TYPES[name] for name in found or () if name and name != "NULL"}
    return types.pop() if len(types) == 1 else "string"


def _parquet(connection: duckdb.DuckDBPyConnection, source: SourceFile) -> Relation:
    path = text(str(source.path))
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({path})").fetchall()
    names = _exact_names(connection, path, [str(row[0]) for row in described])
    values, columns = {}, []
    for name, (shown, physical, *_) in zip(names, described, strict=True):
        quoted = '"' + str(shown).replace('"', '""') + '"'
        kind = _parquet_type(str(physical))
        values[name] = f"to_json({quoted})::VARCHAR" if kind in ("array", "object") else f"{quoted}::VARCHAR"
        values[name] = f"nullif({values[name]}, '')"
        columns.append(SourceColumn(name, kind))
    return Relation(f"read_parquet({path})", _distinct(source, names, values), tuple(columns))


def _exact_names(connection: duckdb.DuckDBPyConnection, path: str, shown: list[str]) -> list[str]:
    # DuckDB renames columns that differ in case alone; the file's schema keeps their names.
    rows = connection.execute(f"SELECT name, num_children FROM parquet_schema({path})").fetchall()
    top, skip = [], 0
    for name, children in rows[1:]:
        if skip:
            skip += (children or 0) - 1
        else:
            top.append(str(name))
            skip = children or 0
    return top if len(top) == len(shown) else shown


def _parquet_type(physical: str) -> ColumnType:
    if physical.endswith("]"):
        return "array"
    if physical.startswith(("STRUCT", "MAP")):
        return "object"
    if physical == "BOOLEAN":
        return "boolean"
    if physical == "DATE":
        return "date"
    if physical.startswith("TIMESTAMP"):
        return "time"
    numeric = ("INT", "BIGINT", "UINT", "UBIGINT", "HUGEINT", "SMALLINT", "TINYINT", "USMALLINT", "UTINYINT")
    return "number" if physical.startswith((*numeric, "DOUBLE", "FLOAT", "DECIMAL")) else "string"


def _distinct(source: SourceFile, names: Sequence[str], values: dict[str, str]) -> dict[str, str]:
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise Rejected("column_twice", f"{source.key}: the column {', '.join(twice)} is there more than once")
    return values
