"""How long a plan takes: `python benchmarks/plan.py [members] [directory]`, 6 attributes, 7 % of members changed.

Beside it a bare DuckDB full join over the same files under the same memory limit: the plan also types and
checks every value, finds duplicates, writes parts in wire form with their sha256, the change file, and the
new snapshot.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "layers" / name) for name in ("mapping", "bridge")]

import duckdb

from bridge.diff import Session
from bridge.diff.session import HASHING
from mapping.comparison import Old, PartFile, Refused, Sending, SourceFile, StageColumn
from mapping.export import ColumnType
from mapping.run import Column

MEMORY = "2GB"
TYPES: dict[str, ColumnType] = {
    "city": "string",
    "plan": "string",
    "orders": "integer",
    "value": "number",
    "vip": "boolean",
    "last_order": "date",
}
COLUMNS = [StageColumn(name, name, kind, f"v{at}") for at, (name, kind) in enumerate(TYPES.items())]
RESULTS = ROOT / ".local" / "bench.json"


@contextmanager
def timed(name: str, into: dict[str, float]) -> Iterator[None]:
    """Seconds of the block."""
    start = time.perf_counter()
    yield
    into[name] = time.perf_counter() - start


def generate(path: Path, members: int, changed: float) -> None:
    """An export in CSV; of the changed ones `plan` differs."""
    duckdb.execute("SELECT setseed(0.5)")
    duckdb.execute(
        "COPY (SELECT 'customer-' || lpad(i::VARCHAR, 9, '0') AS external_id, 'city ' || (i % 997) AS city, "  # noqa: S608
        f"CASE WHEN random() < {changed} THEN 'new' ELSE 'old' END AS plan, i % 19 AS orders, "
        "(i % 100003) / 100.0 AS value, i % 3 = 0 AS vip, '2026-' || lpad((i % 12 + 1)::VARCHAR, 2, '0') || '-15' "
        f"AS last_order FROM range({members}) t(i)) TO '{path}' (FORMAT csv, HEADER)",
    )


def bare_join(export: Path, snapshot: Path) -> None:
    """The least anybody would have to do: read both sides and find out whose values differ."""
    names = ", ".join(f"'{name}': 'VARCHAR'" for name in ("external_id", *TYPES))
    differs = " OR ".join(
        f"TRY_CAST(e.{c.name} AS {sql}) IS DISTINCT FROM s.{c.field}"
        for c, sql in zip(
            COLUMNS, ("VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR"), strict=True
        )
    )
    with TemporaryDirectory() as spill:
        connection = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill})
        connection.execute(
            f"SELECT count(*) FROM read_csv('{export}', auto_detect=false, header=true, delim=',', "  # noqa: S608
            f"columns={{{names}}}) e "
            f"FULL JOIN read_parquet('{snapshot}') s ON e.external_id = s.id WHERE {differs}",
        ).fetchall()
        connection.close()


def plan(export: Path, directory: Path, old: Old | None, seconds: dict[str, float]) -> tuple[Path, ...]:
    """One run without the network; the files of the snapshot it ends with."""
    directory.mkdir()
    session = Session(directory, memory_limit=MEMORY)
    parts: list[int] = []

    def emit(part: PartFile) -> None:
        parts.append(part.rows)

    with timed("inspect", seconds):
        session.inspect([SourceFile(1, export, "export.csv")])
    with timed("load", seconds):
        staged = session.load(COLUMNS, identifier="external_id", time_zone="UTC", ops=False, collapse=True)
    with timed("compare", seconds):
        sending = Sending("AIQ_a_1", "external_id", "false", update_existing_only=False)
        session.compare(old, sending, full=True, rows=staged.usable, part_rows=7_500, emit=emit)
    with timed("snapshot", seconds):
        columns = tuple(Column(name=c.name, type=c.type, field=c.field) for c in COLUMNS)
        written = session.commit(old, session.change_files(), columns, Refused(frozenset(), ()))
    session.close()
    seconds["lines"] = sum(parts)
    return written.files


def main() -> None:
    """Generate, plan twice, join once."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("members", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("directory", nargs="?", help="where the files go (they are removed)")
    asked = arguments.parse_args()
    members = asked.members
    with TemporaryDirectory(dir=asked.directory) as root:
        first, second = Path(root, "first.csv"), Path(root, "second.csv")
        generate(first, members, 0.0)
        generate(second, members, 0.07)
        initial: dict[str, float] = {}
        files = plan(first, Path(root, "one"), None, initial)
        columns = tuple(Column(name=c.name, type=c.type, field=c.field) for c in COLUMNS)
        daily: dict[str, float] = {}
        plan(second, Path(root, "two"), Old(files, columns, same_hashing=True), daily)
        bare: dict[str, float] = {}
        with timed("join", bare):
            bare_join(second, files[0])
    show(members, initial, daily, bare["join"])


def show(members: int, initial: dict[str, float], daily: dict[str, float], join: float) -> None:
    """Print the figures, and keep them for `make bench`."""
    steps = ("inspect", "load", "compare", "snapshot")
    for name, found in (("first run", initial), ("7 % changed", daily)):
        told = ", ".join(f"{step} {found[step]:.2f} s" for step in steps)
        spent = sum(found[step] for step in steps)
        print(f"{members:,} members, {name}: {spent:.2f} s ({told}), {found['lines']:,.0f} lines")
    total = sum(daily[step] for step in steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"bare full join: {join:.2f} s; the plan takes {total / join:.1f} times that")
    print(f"peak memory {peak:,.0f} MB of {MEMORY} allowed to {HASHING}")
    rows = [
        {
            "name": f"plan {members:,} x 6, 7 % changed",
            "value": round(total, 2),
            "unit": "s",
            "target": None,
            "better": "lower",
        },
        {
            "name": "plan / bare full join",
            "value": round(total / join, 2),
            "unit": "x",
            "target": 3,
            "better": "lower",
        },
        {"name": "plan peak memory", "value": round(peak), "unit": "MB", "target": 2_048, "better": "lower"},
    ]
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    names = {row["name"] for row in rows}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([*(row for row in kept if row["name"] not in names), *rows], indent=2))


if __name__ == "__main__":
    main()
