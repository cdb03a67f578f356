"""How a value of each column type is read from text and written to the wire, as SQL over DuckDB."""

from mapping.braze_values import MAX_STRING
from mapping.export import ColumnType

PHYSICAL: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "VARCHAR",
    "time": "VARCHAR",
    "array": "VARCHAR",
    "object": "VARCHAR",
}
PARQUET = (
    "FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 5000, STRING_DICTIONARY_PAGE_SIZE_LIMIT 65536"
)
"""How our own files are written: ids make no dictionary, and version 2 is a third smaller in a fifth less time."""
_ZONED = r"(Z|[+-]\d{2}(:?\d{2})?)$"
_AS_BRAZE_READS = r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$"
"""ISO 8601. Of anything else with a zone (`2026-01-02 03:04:05+00`) Braze would make a text."""
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]"


def text(value: str) -> str:
    """A SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def read(source: str, kind: ColumnType, time_zone: str) -> str:
    """The typed value of a text expression, NULL when it cannot be read so; `source` is never empty text."""
    match kind:
        case "string":
            return f"CASE WHEN length({source}) <= {MAX_STRING} THEN {source} END"
        case "integer":
            whole = f"regexp_matches({source}, '^-?[0-9]{{1,15}}$')"
            return f"CASE WHEN {whole} THEN TRY_CAST({source} AS BIGINT) END"
        case "number":
            return (
                f"CASE WHEN abs(TRY_CAST({source} AS DOUBLE)) < 9007199254740992 "
                f"THEN TRY_CAST({source} AS DOUBLE) END"
            )
        case "boolean":
            return (
                f"CASE WHEN lower({source}) IN ('true','t','1') THEN true "
                f"WHEN lower({source}) IN ('false','f','0') THEN false END"
            )
        case "date":
            day = f"left({source}, 10)"  # of a time, too: what is called a date is sent as one
            return (
                f"CASE WHEN {_is_day(source)} THEN {source} "
                f"WHEN {_is_moment(source)} AND {_is_day(day)} THEN {day} END"
            )
        case "time":
            return _time(source, time_zone)
        case "array" | "object":
            fits = f"json_valid({source}) AND json_type({source}) = '{kind.upper()}'"
            # A null inside an object costs the whole of it at Braze; a merge patch has none.
            bare = f"json_merge_patch('{{}}', {source})" if kind == "object" else f"json({source})"
            holds = f"contains({source}, 'null')"
            return f"CASE WHEN {fits} THEN CASE WHEN {holds} THEN {bare} ELSE json({source}) END::VARCHAR END"


def write(value: str, kind: ColumnType) -> str:
    """The JSON text of a typed value, `null` for NULL: whole numbers carry no fraction."""
    match kind:
        case "integer" | "boolean":
            return f"coalesce({value}::VARCHAR, 'null')"
        case "number":
            return (
                f"coalesce(CASE WHEN {value} = trunc({value}) THEN {value}::BIGINT::VARCHAR "
                f"ELSE {value}::VARCHAR END, 'null')"
            )
        case "array" | "object":
            return f"coalesce({value}, 'null')"
        case "string" | "date" | "time":
            return f"coalesce(to_json({value})::VARCHAR, 'null')"


def cast(value: str, kind: ColumnType) -> str:
    """A value of an older snapshot under the type the attribute has now; NULL when it does not fit."""
    return f"TRY_CAST({value} AS {PHYSICAL[kind]})"


def propose(source: str) -> str:
    """A type for an untyped CSV column, from all its values; digits with a leading 0, or many, stay text."""
    return (
        f"CASE WHEN count({source}) = 0 THEN 'string' "
        f"WHEN bool_and(lower({source}) IN ('true','false')) THEN 'boolean' "
        f"WHEN bool_and(regexp_matches({source}, '^-?(0|[1-9][0-9]{{0,8}})(\\.[0-9]+)?$')) THEN 'number' "
        f"WHEN bool_and({_is_day(source)}) THEN 'date' "
        f"WHEN bool_and(coalesce({_time(source, 'UTC')} IS NOT NULL, false)) THEN 'time' ELSE 'string' END"
    )


def _is_day(source: str) -> str:
    # The length first: it is a tenth of the work, and settles it for every time.
    return (
        f"strlen({source}) = 10 AND regexp_matches({source}, '{_DAY}') "
        f"AND TRY_CAST({source} AS DATE) IS NOT NULL"
    )


def _is_moment(source: str) -> str:
    return f"regexp_matches({source}, '{_MOMENT}')"


def _time(source: str, time_zone: str) -> str:
    # Braze reads a time without a zone as UTC; days, and zoned times that it understands, pass unchanged.
    parsed, moment = f"TRY_CAST({source} AS TIMESTAMP)", f"TRY_CAST({source} AS TIMESTAMPTZ)"
    local = f"timezone({text(time_zone)}, {parsed})"
    return (
        f"CASE WHEN {_is_day(source)} THEN {source} "
        f"WHEN length({source}) > 40 OR NOT {_is_moment(source)} THEN NULL "
        f"WHEN regexp_matches({source}, '{_ZONED}') THEN "
        f"CASE WHEN {moment} IS NULL THEN NULL WHEN regexp_matches({source}, '{_AS_BRAZE_READS}') THEN {source} "
        f"ELSE {_utc(moment)} END WHEN {parsed} IS NOT NULL THEN {_utc(local)} END"
    )


def _utc(moment: str) -> str:
    return f"strftime(timezone('UTC', {moment}), '%Y-%m-%dT%H:%M:%S.%g') || 'Z'"
