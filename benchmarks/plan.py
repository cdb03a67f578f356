"""How long a plan takes: `python -m benchmarks.plan [members] [directory]`, 6 attributes, 7 % of members changed.

Beside it a bare DuckDB full join over the same files under the same memory limit: the plan also types and
checks every value, finds duplicates, writes parts in wire form with their sha256, the change file, and the
new snapshot. Each of the three runs in a process of its own, whose peak memory is what the kernel says.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "layers" / name) for name in ("mapping", "bridge")]

import duckdb

from bridge.diff import Session
from bridge.diff.session import HASHING
from mapping.comparison import Old, PartFile, Refused, Sending, SourceFile, StageColumn
from mapping.export import ColumnType
from mapping.run import Column

MEMORY_MB = 2_048
"""What the whole process may take; DuckDB gets what `audience_plan` of that size gives it."""
TYPES: dict[str, ColumnType] = {
    "city": "string",
    "plan": "string",
    "orders": "integer",
    "value": "number",
    "vip": "boolean",
    "last_order": "date",
}
COLUMNS = [StageColumn(name, name, kind, f"v{at}") for at, (name, kind) in enumerate(TYPES.items())]
KEPT = tuple(Column(name=c.name, type=c.type, field=c.field) for c in COLUMNS)
STEPS = ("inspect", "load", "compare", "snapshot")
RESULTS = ROOT / ".local" / "bench.json"


def limit(megabytes: int) -> str:
    """DuckDB's share of a function's memory, as in functions/audience_plan/app.py."""
    return f"{int((megabytes - 512) * 0.8)}MB"


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


def bare_join(export: Path, snapshot: Sequence[Path], memory: str, spill: Path) -> None:
    """The least anybody would have to do: read both sides and find out whose values differ."""
    names = ", ".join(f"'{name}': 'VARCHAR'" for name in ("external_id", *TYPES))
    physical = ("VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR")
    differs = " OR ".join(
        f"TRY_CAST(e.{c.name} AS {sql}) IS DISTINCT FROM s.{c.field}"
        for c, sql in zip(COLUMNS, physical, strict=True)
    )
    connection = duckdb.connect(config={"memory_limit": memory, "temp_directory": str(spill)})
    connection.execute(
        f"SELECT count(*) FROM read_csv('{export}', auto_detect=false, header=true, delim=',', "  # noqa: S608
        f"columns={{{names}}}) e FULL JOIN read_parquet({[str(path) for path in snapshot]}) s "
        f"ON e.external_id = s.id WHERE {differs}",
    ).fetchall()
    connection.close()


def plan(export: Path, directory: Path, old: Old | None, memory: str) -> dict[str, Any]:
    """One run without the network: seconds by step, and the files of the snapshot it ends with."""
    directory.mkdir()
    session = Session(directory, memory_limit=memory)
    parts: list[int] = []
    seconds: dict[str, float] = {}

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
        written = session.commit(old, session.change_files(), KEPT, Refused(frozenset(), ()))
    session.close()
    return {"seconds": seconds, "lines": sum(parts), "snapshot": [str(path) for path in written.files]}


def phase(name: str, root: Path, memory: str) -> dict[str, Any]:
    """What one of the child processes does."""
    began = time.perf_counter()
    found: dict[str, Any] = {}
    snapshot = [Path(path) for path in sorted(map(str, (root / "first").glob("p-*.parquet")))]
    if name == "first":
        found = plan(root / "first.csv", root / "first", None, memory)
    elif name == "daily":
        old = Old(tuple(snapshot), KEPT, same_hashing=True)
        found = plan(root / "second.csv", root / "daily", old, memory)
    else:
        bare_join(root / "second.csv", snapshot, memory, root / "spill")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        **found,
        "wall": time.perf_counter() - began,
        "processor": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def measure(members: int, directory: str | None, megabytes: int) -> dict[str, dict[str, Any]]:
    """First run, daily run and bare join, one after the other over the same files."""
    with TemporaryDirectory(dir=directory) as root:
        generate(Path(root, "first.csv"), members, 0.0)
        generate(Path(root, "second.csv"), members, 0.07)
        found = {}
        for name in ("first", "daily", "join"):
            command = [sys.executable, __file__, "--phase", name, "--memory", str(megabytes), "0", root]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - itself
            found[name] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure, or be one of the processes that are measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("members", nargs="?", type=int, default=10_000_000)
    arguments.add_argument("directory", nargs="?", help="where the files go (they are removed)")
    arguments.add_argument("--memory", type=int, default=MEMORY_MB, help="megabytes of the whole process")
    arguments.add_argument("--phase", choices=("first", "daily", "join"), help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.phase:
        print(json.dumps(phase(asked.phase, Path(asked.directory), limit(asked.memory))))
        return
    show(asked.members, measure(asked.members, asked.directory, asked.memory), asked.memory)


def show(members: int, found: dict[str, dict[str, Any]], megabytes: int) -> None:
    """Print the figures, and keep them for `make bench`."""
    for name, said in (("first", "first run"), ("daily", "7 % changed")):
        one = found[name]
        told = ", ".join(f"{step} {one['seconds'][step]:.2f} s" for step in STEPS)
        spent = sum(one["seconds"].values())
        print(f"{members:,} members, {said}: {spent:.2f} s ({told}), {one['lines']:,} lines")
    for name, one in found.items():
        print(f"  {name}: {one['processor']:.1f} s of processor, peak memory {one['peak_mb']:,.0f} MB")
    total, join = sum(found["daily"]["seconds"].values()), found["join"]["wall"]
    peak = max(found[name]["peak_mb"] for name in ("first", "daily"))
    print(f"bare full join: {join:.2f} s; the plan takes {total / join:.2f} times that")
    print(f"{HASHING} had {limit(megabytes)} of {megabytes} MB; load of the machine {os.getloadavg()[0]:.1f}")
    size = f"plan {members:,} x 6"
    keep(
        [
            (f"{size}, first run", round(sum(found["first"]["seconds"].values()), 2), "s", None),
            (f"{size}, 7 % changed", round(total, 2), "s", None),
            (f"{size}, 7 % changed / bare full join", round(total / join, 2), "x", 3),
            (f"{size}, peak memory", round(peak), "MB", megabytes),
        ]
    )


def keep(rows: Sequence[tuple[str, float, str, float | None]]) -> None:
    """Write down name, value, unit and target; less is better."""
    named = [
        {"name": name, "value": value, "unit": unit, "target": target, "better": "lower"}
        for name, value, unit, target in rows
    ]
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    new = {row["name"] for row in named}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([*(row for row in kept if row["name"] not in new), *named], indent=2))


if __name__ == "__main__":
    main()
