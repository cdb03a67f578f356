"""An audience export from manifest to commit: `python -m benchmarks.audience [members] [--changed 0.02]`.

In: both workers' own code (RunSteps, DuckDB, RunMessages, PartSync, pacing, BrazeSenders, the HTTP client,
checkpoints, results, commit, report) in one process on this machine, and the stand-in for Braze in another,
which answers each request after 50 ms. Out: S3, DynamoDB, SQS and Lambda; rows, queues and pointers are kept in
memory, export, parts and snapshots there and on disk. The first run meets the stand-in that only counts, the
second the one that keeps profiles and counts data points as Braze does: after its answer, as Braze does, too.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from types import SimpleNamespace
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

import duckdb

from benchmarks._braze_worker import Quiet
from benchmarks._counting import KEY, ROWS_IN_PART, StandIn, stand_in
from benchmarks._results import keep, row
from bridge.clients.braze import BrazeClient
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.diff import Session
from bridge.flows.runs.pacing import Pacers
from bridge.flows.runs.run_messages import RunMessages
from bridge.flows.runs.senders import BrazeSenders
from bridge.flows.runs.side_by_side import AHEAD
from bridge.flows.runs.sync import PartSync
from mapping.export import RunPlan, run_id
from mapping.run import Run
from tests.unit.plan.world import INSTALLATION, MemoryBuckets, MemoryQueue, MemoryRuns, World, notification

MESSAGES, IN_FLIGHT, ROWS_IN_REQUEST = 20, 256, 75
TYPES = {"city": "string", "tier": "string", "orders": "integer", "value": "number", "vip": "boolean"}
CHANGED = ("tier", "orders")
LATENCY = {"fault": "latency", "path": "/users/track", "seconds": 0.05}
LATER = 3_600.0
"""Seconds after which the stand-in would apply what it accepted, unless it is asked to settle."""


class Hiding(MemoryQueue):
    """A queue whose messages nobody else sees."""

    def hide(self, _handle: str, _seconds: float) -> None:
        """Nothing to hide from."""


@dataclass
class Bundle:
    """Both workers, put together as their functions do it."""

    world: World
    calls: Counter[str]
    parts: PartSync
    messages: RunMessages
    planning: float = 0.0

    def carry(self, key: str, etag: str) -> float:
        """Seconds from the manifest to the commit."""
        began = time.perf_counter()
        self.calls.clear()
        self.planning = 0.0
        self.world.exports.messages.append([notification(key, etag), self.world.clock()])
        while self.world.exports.messages or self.world.parts.messages:
            while self.world.exports.messages:
                body, _ = self.world.exports.messages.pop(0)
                stepped = time.perf_counter()
                verdict = self.world.steps.handle(body, owner="plan", beat=lambda: None)
                self.planning += time.perf_counter() - stepped
                check(type(verdict).__name__ == "Finished", f"the plan says {verdict}")
            self._parts()
        return time.perf_counter() - began

    def _parts(self) -> None:
        some, self.world.parts.messages[:MESSAGES] = self.world.parts.messages[:MESSAGES], []
        records = [
            {"messageId": str(at), "receiptHandle": str(at), "body": body}
            for at, (body, _) in enumerate(some)
        ]
        answer = self.messages.handle(
            {"Records": records}, owner="sync", work=self.parts.worker(lambda: 900.0), log=Quiet()
        )
        check(not answer["batchItemFailures"], f"parts that have to come back: {answer}")


def check(holds: bool, what: str) -> None:  # noqa: FBT001 - reads like assert
    """End the benchmark when what it measures is not what it says."""
    if not holds:
        sys.exit(f"not as planned: {what}")


@contextmanager
def bundle(server: StandIn, root: Path) -> Iterator[Bundle]:
    """The whole path over one set of stores; DuckDB gets what a function of 4 GB gives it."""

    @contextmanager
    def session() -> Iterator[Session]:
        with TemporaryDirectory(dir=root) as directory:
            opened = Session(Path(directory), memory_limit="2800MB")
            yield opened
            opened.close()

    def now() -> datetime:
        return datetime.now(UTC)

    host = f"127.0.0.1:{server.port}"
    world = World(part_rows=ROWS_IN_PART, sessions=session, config={"rest_endpoint": f"http://{host}"})
    calls: Counter[str] = Counter()
    one_at_a_time(world.runs, calls)
    counted(world.buckets, calls)
    transport = Transport(AllowedHosts.of([host], "braze"), size=IN_FLIGHT)
    pacers = Pacers(time.monotonic, IN_FLIGHT)
    installations: Any = SimpleNamespace(get=lambda _id: world.nobody.installation)
    keys: Any = SimpleNamespace(current=lambda _one: {"rest_api_key": KEY}, refreshed=lambda *_: None)
    pauses: Any = world.pause
    braze = BrazeSenders(BrazeClient(transport, now), installations, keys, pauses, now, pacers)
    with (
        ThreadPoolExecutor(AHEAD) as transfers,
        ThreadPoolExecutor(IN_FLIGHT) as senders,
        ThreadPoolExecutor(MESSAGES) as side_by_side,
    ):
        world.steps = replace(world.steps, planning=replace(world.steps.planning, transfers=transfers))
        parts = replace(
            world.sync,
            senders=braze,
            monotonic=time.monotonic,
            executor=senders,
            pacers=pacers,
            pulse_seconds=1.0,
        )
        queue: Any = Hiding(world.life, world.clock)
        yield Bundle(world, calls, parts, RunMessages(queue, queue, time.monotonic, side_by_side))


def one_at_a_time(runs: MemoryRuns, calls: Counter[str]) -> None:
    """Rows that many threads write change one after the other, as a table's conditional writes do."""
    lock = Lock()

    def alone(name: str, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with lock:
            calls[name] += 1
            return work(*arguments, **named)

    for name in ("get", "holder", "take_audience", "hold", "move", "lease", "checkpoint", "leave", "finish"):
        setattr(runs, name, partial(alone, name, getattr(runs, name)))


def counted(buckets: MemoryBuckets, calls: Counter[str]) -> None:
    """Count what would be a request to S3."""
    lock = Lock()

    def noted(name: str, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with lock:
            calls[name] += 1
        return work(*arguments, **named)

    for name in ("manifest", "download", "upload", "put_part", "put_changes", "put_plan", "put_result",
                 "put_report", "get_part", "get_plan", "get_changes"):  # fmt: skip
        setattr(buckets, name, partial(noted, name, getattr(buckets, name)))


def generate(members: int, changed: float, path: Path) -> bytes:
    """The export as CSV; of the changed ones two attributes differ."""
    other = f"hash(i * 7919) % 10000 < {round(changed * 10_000)}"
    duckdb.execute(
        "COPY (SELECT 'customer-' || lpad(i::VARCHAR, 9, '0') AS external_id, 'city ' || (i % 997) AS city, "  # noqa: S608
        f"CASE WHEN {other} THEN 'gold' ELSE 'free' END AS tier, (i % 19) + ({other})::INTEGER AS orders, "
        f"(i % 100003) / 100.0 AS value, i % 3 = 0 AS vip FROM range({members}) t(i)) TO '{path}' (HEADER)",
    )
    return path.read_bytes()


def put(world: World, name: str, body: bytes, rows: int) -> tuple[str, str]:
    """Everything of an export but the word that it is there; key and ETag of the manifest."""
    prefix = f"exports/{INSTALLATION}/audience=42/split=1/{name}/"
    part = {"key": f"{prefix}part-1.csv", "rows": rows, "sha256": sha256(body).hexdigest()}
    attributes = {column: {"type": kind} for column, kind in TYPES.items()}
    manifest = {"parts": [part], "attributes": attributes, "exported_at": f"2026-11-22T06:00:0{name[-1]}Z"}
    world.buckets.objects[part["key"]] = body
    world.buckets.objects[f"{prefix}manifest.json"] = json.dumps(manifest).encode()
    return f"{prefix}manifest.json", name


def main() -> None:
    """A first run, then one with changes; what left is compared with what had to."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("members", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("--changed", type=float, default=0.02)
    arguments.add_argument(
        "--counts", type=Path, help="where to write the requests counted, for benchmarks.cost"
    )
    asked = arguments.parse_args()
    with TemporaryDirectory() as root, stand_in() as server, bundle(server, Path(root)) as under_test:
        seconds: list[float] = []
        counts: list[dict[str, Any]] = []
        for number, changed in enumerate((0.0, asked.changed), 1):
            body = generate(asked.members, changed, Path(root, "export.csv"))
            key, etag = put(under_test.world, f"export-{number}", body, asked.members)
            server.call("POST", "reset")
            server.call("PUT", "modes", {"counting": number == 1, "apply_delay": LATER, "faults": [LATENCY]})
            seconds.append(under_test.carry(key, etag))
            server.call("POST", "settle")
            run = under_test.world.run(run_id(key, etag))
            exactly(asked.members, number, run, server.call("GET", "counters"))
            counts.append(
                {
                    "members": asked.members,
                    "parts": run.parts,
                    "seconds_planning": round(under_test.planning, 1),
                    "seconds_sending": round(seconds[-1] - under_test.planning, 1),
                    "calls": dict(sorted(under_test.calls.items())),
                }
            )
    if asked.counts:
        asked.counts.write_text(
            json.dumps(dict(zip(("first", "daily"), counts, strict=True)), indent=2) + "\n"
        )
    show(asked.members, asked.changed, seconds)


def exactly(members: int, number: int, run: Run, counted: dict[str, Any]) -> None:
    """The run is done, and Braze got one request for 75 lines, one data point for each change, nothing else."""
    check(run.status == "done" and run.plan is not None, f"the run ended as {run.status}")
    plan = cast("RunPlan", run.plan)
    lines = members if number == 1 else plan.changed
    points = lines * (1 + len(TYPES)) if number == 1 else lines * len(CHANGED)
    check(plan.data_points == points, f"{plan.data_points} data points planned, {points} changed")
    least = -(-lines // ROWS_IN_REQUEST)
    sent = counted["requests"]["/users/track"]
    check(sent == {"201": least}, f"{sent} requests, not {least}")
    check(counted["attributes"] == lines, f"{counted['attributes']} objects for {lines} changes")
    check(number == 1 or counted["data_points"] == points, f"{counted['data_points']} points at Braze")
    print(f"run {number}: {lines:,} lines, {least:,} requests, {points:,} data points: no more, no less")


def show(members: int, changed: float, seconds: Sequence[float]) -> None:
    """Print the figures, and keep them for `make bench`."""
    first, second = seconds
    named = f"audience {members:,} x {len(TYPES)}, 50 ms"
    print(f"manifest to commit, load of the machine {os.getloadavg()[0]:.1f}")
    keep(
        [
            row(f"{named}, first run", round(first, 2), "s", None, "lower"),
            row(f"{named}, members/s", round(members / first), "members/s", 40_000),
            row(f"{named}, {changed:.0%} changed", round(second, 2), "s", None, "lower"),
            row(f"{named}, first / {changed:.0%} changed", round(first / second, 1), "x", 10),
        ]
    )


if __name__ == "__main__":
    main()
