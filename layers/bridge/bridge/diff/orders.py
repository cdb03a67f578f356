"""Campaign and events exports: every row is something to send once; there is no state to compare with."""

from collections.abc import Sequence

import duckdb

from bridge.diff import columns as sql
from bridge.diff import wire
from mapping.braze_rows import EVENT_COLUMNS
from mapping.comparison import Compared, StageColumn


def recipients(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[StageColumn],
    identifier: str,
    cutter: wire.Cutter,
) -> Compared:
    """One recipient a line (`external_user_id` of /campaigns/trigger/send), other columns as trigger properties."""
    key = "external_user_id" if identifier == "external_id" else identifier
    opening = sql.text('{"' + key + '":')
    return _cut(
        connection,
        f"{opening} || to_json(id)::VARCHAR || ',\"trigger_properties\":' "
        f"|| {wire.properties(columns)} || '}}'",
        cutter,
    )


def events(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[StageColumn],
    identifier: str,
    cutter: wire.Cutter,
    *,
    update_existing_only: bool,
) -> Compared:
    """One event a line; the columns `event_name` and `event_time` are its name and time."""
    if not columns:  # a manifest without parts
        return Compared()
    by_name = {column.name: column.field for column in columns}
    rest = [column for column in columns if column.name not in EVENT_COLUMNS]
    opening = sql.text('{"' + identifier + '":')
    close = ',"_update_existing_only":true}' if update_existing_only else "}"
    return _cut(
        connection,
        f"{opening} || to_json(id)::VARCHAR || ',\"name\":' || to_json({by_name['event_name']})::VARCHAR "
        f"|| ',\"time\":' || to_json({by_name['event_time']})::VARCHAR "
        f"|| ',\"properties\":' || {wire.properties(rest)} || {sql.text(close)}",
        cutter,
    )


def _cut(connection: duckdb.DuckDBPyConnection, line: str, cutter: wire.Cutter) -> Compared:
    # A table of its own: parts are cut by row number, and `stage` has had rows deleted.
    connection.execute("CREATE OR REPLACE TABLE orders AS SELECT * FROM stage WHERE fault IS NULL")
    samples = cutter.samples("orders", line, "true", "send")
    cutter.cut("orders", line)
    connection.execute("DROP TABLE orders")
    return Compared(parts=cutter.finish(), lines=cutter.lines, samples=samples)
