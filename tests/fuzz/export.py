"""Exports as bytes, and what holds of every run: it ends, names what it left out, and sends what Braze can take.

A case is sections with a line `%%` between them. The first says what arrives: `audience`, `campaign`, `events` or
`drop`, and maybe `allow` (consent fields). The second is the manifest, where `@/` is the export's own folder; left
empty, it names the parts. The others are the parts: a line with the file's name and maybe `gzip`, then its bytes.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from bridge.diff import Session
from mapping.export import RunPlan, run_id
from mapping.run import Run
from tests.fuzz.export_truth import rows_of, users_of
from tests.unit.plan.world import INSTALLATION, World, notification
from tests.unit.vendor_limits import braze_faults, recipient_faults

FOLDERS = {
    "audience": f"exports/{INSTALLATION}/audience=a1/split=1/x/",
    "campaign": f"exports/{INSTALLATION}/campaign=c1/x/",
    "events": f"exports/{INSTALLATION}/events/x/",
    "drop": f"drop/{INSTALLATION}/audience=a1/split=1/",
}
ENDS = {"done", "blocked", "planned", "stale"}


@dataclass(frozen=True)
class Case:
    kind: str
    config: dict[str, Any]
    manifest: bytes
    parts: tuple[tuple[str, bytes, bytes], ...]
    """Name, bytes as they lie in the bucket, bytes before they were packed."""

    @classmethod
    def of(cls, data: bytes) -> "Case":
        sections = data.split(b"\n%%\n")
        first = sections[0].decode("latin-1").split()
        kind = next((word for word in first if word in FOLDERS), "audience")
        config = {"consent_fields": "allow"} if "allow" in first else {}
        parts = tuple({part[0]: part for part in map(_part, sections[2:6])}.values())
        manifest = sections[1].replace(b"@/", FOLDERS[kind].encode()) if len(sections) > 1 else b""
        return cls(kind, config, manifest, parts)

    @property
    def objects(self) -> dict[str, bytes]:
        """What lies in the bucket; the last one starts the run."""
        folder = FOLDERS[self.kind]
        if self.kind == "drop":
            return {folder + name: stored for name, stored, _ in self.parts[:1]}
        objects = {folder + name: stored for name, stored, _ in self.parts}
        named = json.dumps({"parts": [{"key": key} for key in objects]}).encode()
        return objects | {f"{folder}manifest.json": self.manifest.strip() or named}


def _part(section: bytes) -> tuple[str, bytes, bytes]:
    first, _, body = section.partition(b"\n")
    name, _, packing = first.decode("latin-1").partition(" ")
    return name, gzip.compress(body, 1, mtime=0) if packing == "gzip" else body, body


@cache
def session() -> Session:
    """One database for all cases: opening one is most of what a small comparison costs."""
    return Session(Path(home().name), memory_limit="400MB", threads=1)


@cache
def home() -> TemporaryDirectory[str]:
    """Gone with the process."""
    return TemporaryDirectory(prefix="fuzz-")


@contextmanager
def opened() -> Iterator[Session]:
    """As the worker opens one, with a directory of its own."""
    found = session()
    with TemporaryDirectory(dir=home().name) as directory:
        found.directory = Path(directory)
        try:
            yield found
        except duckdb.FatalException:
            session.cache_clear()
            raise


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever else went wrong, unless the run ended as a run may."""
    case = Case.of(data)
    objects = case.objects
    if not objects:
        return
    world = World(sessions=opened, config=case.config)
    world.buckets.objects |= objects
    started_by = list(objects)[-1]
    world.exports.messages.append([notification(started_by, "etag"), world.clock()])
    world.work()
    run = world.runs.rows.get(run_id(started_by, "etag"))
    if run is None:
        return
    if run.status == "waiting_approval":
        world.runs.approve(run.id)
        world.resume(run.id)
        world.work()
        run = world.run(run.id)
    assert run.status in ENDS, run.status
    if run.plan is None:
        assert run.status == "blocked"
        assert run.halt
        assert run.halt.reason.replace("_", "").isalnum(), run.halt.reason
        return
    _is_whole(world, run, case)


def _is_whole(world: World, run: Run, case: Case) -> None:
    assert run.plan_ref
    plan = world.buckets.get_plan(run.plan_ref.key, run.plan_ref.sha256)
    details = plan.details
    assert details["exported"] == details["valid"] + details["duplicates"] + plan.rejected
    rejects = world.buckets.objects[f"runs/{run.id}/{run.attempt}/rejects.csv"]
    named = sum(details["rejected_by_reason"].values()) + sum(details["rejected_values_by_reason"].values())
    assert rejects.count(b"\r\nplan,") == named, "every row and value left out is named"
    lines = [_line(line) for ref in plan.parts for line in _body(world, ref.key, ref.rows)]
    assert len(lines) == details["lines"]
    _is_counted(case, plan, run)
    for line in lines:
        assert faults_of(case.kind, line) == [], line


def _body(world: World, key: str, rows: int) -> Sequence[bytes]:
    lines = world.buckets.objects[key].removesuffix(b"\n").split(b"\n")
    assert len(lines) == rows, "a line for each row"
    return lines


def _line(line: bytes) -> dict[str, Any]:
    pairs: list[tuple[str, Any]] = json.loads(line, object_pairs_hook=list)
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), "no name twice"
    found: dict[str, Any] = json.loads(line, parse_constant=_no_constant)
    return found


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def _is_counted(case: Case, plan: RunPlan, run: Run) -> None:
    keys = {part.key for part in plan.parts}
    assert len(keys) == len(plan.parts)
    by_name = {FOLDERS[case.kind] + name: (name, body) for name, _, body in case.parts}
    read = run.key if case.kind == "drop" else None
    counted = [rows_of(*by_name[key]) for key in _named(case, read) if key in by_name]
    if None not in counted:
        assert plan.details["exported"] == sum(n for n in counted if n is not None)
    if case.kind in ("audience", "drop") and plan.mode == "full" and len(counted) == 1:
        [users] = [users_of(*by_name[key], plan.identifier) for key in _named(case, read) if key in by_name]
        if users is not None:
            assert plan.joined == len(users)


def _named(case: Case, dropped: str | None) -> list[str]:
    if dropped:
        return [dropped]
    manifest = json.loads(list(case.objects.values())[-1])
    return [part["key"] for part in manifest["parts"]]


def faults_of(kind: str, line: dict[str, Any]) -> list[str]:
    """What Braze would not take of a line, by the stand-in's rules."""
    if kind == "campaign":
        return recipient_faults(line)
    return braze_faults("events" if kind == "events" else "attributes", line)
