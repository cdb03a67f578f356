"""The files of an export as relations of text columns, whatever their format."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from bridge.diff import bounds
from bridge.diff.columns import text
from bridge.diff.stopping import Going
from bridge.errors import Rejected
from mapping.comparison import SourceColumn, SourceFile
from mapping.export import ColumnType, file_format

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_HEADER_LINES = 50
_FAULTS = tuple(
    re.compile(said, re.MULTILINE)
    for said in (
        r"^Expected Number of Columns: \d+ Found: \d+$",
        r"^Value with unterminated quote found",
        r"^Invalid unicode",
        r"^Maximum line size of \d+ bytes exceeded",
    )
)
"""What DuckDB says of a line after it has quoted it; the quoted line is nobody's to see."""
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
    """SQL that yields one row per record in file order, and each column of it as text (NULL when empty).

    `lenient` reads what `sql` stumbles over with an error that `is_mixed` knows.
    """

    sql: str
    values: dict[str, str]
    columns: tuple[SourceColumn, ...]
    lenient: str = ""


def is_mixed(error: duckdb.Error) -> bool:
    """Whether the strict reader of CSV met line ends of several kinds."""
    return "state machine" in str(error)


def unreadable(source: SourceFile, error: Exception) -> Rejected:
    """The reason a run is blocked with; the vendor text is cut so that no row's values are repeated."""
    if isinstance(error, duckdb.NotImplementedException) and "Unknown TimeZone" in str(error):
        return Rejected("bad_manifest", "time_zone: not a name of the IANA database, such as Europe/Berlin")
    said, _, quoted = str(error).partition("Original Line")
    said = said.split("\n\n", 1)[0].strip().replace("\n", " ")[:300]
    why = next((found[0] for fault in _FAULTS if (found := fault.search(quoted))), "")
    return Rejected("unreadable_part", f"{source.key}: {said}{why and f': {why}'}")


def relation(connection: duckdb.DuckDBPyConnection, source: SourceFile, going: Going) -> Relation:
    """Read what the file says of itself; raises Rejected when it cannot be read."""
    form, _ = file_format(source.key)
    try:
        if form == "parquet":
            return _parquet(connection, source)
        if form == "jsonl":
            return _jsonl(connection, source, _packed(source))
        return _csv(connection, source, _packed(source), going)
    except (duckdb.Error, UnicodeDecodeError, csv.Error, EOFError, OSError, zlib.error) as error:
        if not bounds.of_the_file(error):
            raise
        raise unreadable(source, error) from error


def _packed(source: SourceFile) -> str:
    # By the first bytes: names say what was meant, and clients unpack or pack on the way.
    with source.path.open("rb") as file:
        head = file.read(4)
    bounds.no_archive(source, head)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")


def _csv(
    connection: duckdb.DuckDBPyConnection, source: SourceFile, compression: str, going: Going
) -> Relation:
    header = _header(connection, source, compression)
    if not header:
        raise Rejected("unreadable_part", f"{source.key}: the file has no header line")
    bounds.few_columns(source, header)
    bounds.no_endless_line(connection, source, compression, going)
    fields = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(header)))
    reading = (
        f"read_csv({text(str(source.path))}, auto_detect=false, header=true, columns={{{fields}}}, delim=',', "
        f"quote='\"', escape='\"', compression='{compression}', strict_mode="
    )
    # DuckDB's strict reader finds an unterminated quote, but cannot read mixed line ends, and silently
    # reads nothing when the header itself holds a line break.
    lenient = f"{reading}false)"
    broken = any("\n" in name or "\r" in name for name in header)
    values = {name: f"nullif(c{index}, '')" for index, name in enumerate(header)}
    columns = tuple(SourceColumn(name) for name in header)
    return Relation(
        lenient if broken else f"{reading}true)", _distinct(source, header, values), columns, lenient
    )


def _header(connection: duckdb.DuckDBPyConnection, source: SourceFile, compression: str) -> list[str]:
    if compression == "zstd":
        lines = connection.execute(
            f"SELECT coalesce(line, '') FROM read_csv({text(str(source.path))}, auto_detect=false, header=false, "
            "strict_mode=false, columns={'line': 'VARCHAR'}, delim='\x01', quote='', escape='', "
            f"compression='zstd') LIMIT {_HEADER_LINES}",
        ).fetchall()
        return next(csv.reader(io.StringIO("\n".join(line for (line,) in lines), newline="")), [])
    opened = gzip.open if compression == "gzip" else open
    with opened(source.path, "rt", encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(bounds.header_lines(file)), [])


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
    bounds.few_columns(source, names)
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
    bounds.few_columns(source, described)
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
