"""One audience_sync worker with its stores in memory, in a process of its own."""

import heapq
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks._counting import KEY
from bridge.clients.braze import BrazeClient
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.flows.runs.ledger import lines_of
from bridge.flows.runs.pacing import SPEED, Pacer
from bridge.flows.runs.run_messages import RunMessages
from bridge.flows.runs.senders import BrazeSenders
from bridge.flows.runs.sync import PartSync
from mapping.export import PartRef, RunPlan
from mapping.installation import Installation
from mapping.run import PartResult, PlanRef, Run

MESSAGES = 20
"""Parts that are worked on side by side."""
CACHED = 2.0
"""Seconds a worker believes the pause it read."""
SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Memory:
    """Runs, rows of parts, part files, queues, installations and keys, as the worker knows them."""

    run: Run
    plan: RunPlan
    installation: Installation
    paused_until: Path
    ledgers: dict[int, str] = field(default_factory=dict)
    results: dict[int, PartResult] = field(default_factory=dict)
    hidden: dict[str, float] = field(default_factory=dict)
    _read: tuple[float, datetime | None] = (0.0, None)

    def get(self, _id: str) -> Any:
        """The run, or the pause: every worker of the test reads the same file, at most every two seconds."""
        if _id != self.installation.id:
            return self.run
        if time.monotonic() - self._read[0] > CACHED:
            self._read = (time.monotonic(), self._until())
        return SimpleNamespace(until=self._read[1], stood_still=0.0)

    def _until(self) -> datetime | None:
        kept = self.paused_until.read_text() if self.paused_until.exists() else ""
        return datetime.fromisoformat(kept) if kept else None

    def pause(self, _id: str, until: datetime, _reason: str, *, now: datetime) -> None:  # noqa: ARG002 - the store's signature
        if (self._until() or until) <= until:
            self.paused_until.write_text(until.isoformat())

    def stop(self, _run_id: str, halt: object) -> None:
        raise RuntimeError(halt)

    def lease(self, _run: str, part: int, _owner: str, _seconds: int) -> Any:
        done, ledger = part in self.results, self.ledgers.get(part, "")
        return SimpleNamespace(done=done, mine=True, ledger=ledger, tries=0)

    def checkpoint(
        self,
        _run: str,
        part: int,
        _owner: str,
        ledger: str,
        _seconds: int,
        *,
        progressed: bool,  # noqa: ARG002 - nobody dies here
    ) -> bool:
        self.ledgers[part] = ledger
        return True

    def leave(self, _run: str, part: int, _owner: str, ledger: str) -> bool:
        self.ledgers[part] = ledger
        return True

    def finish(self, _run: str, _part: int, _owner: str) -> bool:
        return True

    def get_plan(self, _key: str, _sha256: str) -> RunPlan:
        return self.plan

    def get_part(self, key: str) -> bytes:
        return Path(key).read_bytes()

    def put_result(self, _run: str, result: PartResult) -> bool:
        self.results[result.part] = result
        return True

    def hide(self, handle: str, seconds: float) -> None:
        self.hidden[handle] = time.monotonic() + seconds

    def send(self, *_: object, **__: object) -> None:
        raise RuntimeError("a dead letter, or a commit")

    def current(self, _installation: object) -> dict[str, str]:
        return {"rest_api_key": KEY}

    def refreshed(self, *_: object) -> None:
        return None


@dataclass(slots=True)
class TimedPacer(Pacer):
    """Adds up how long it stood still."""

    stood_still: float = 0.0
    until: float = 0.0

    def pause(self, seconds: float) -> bool:
        now = time.monotonic()
        self.stood_still += max(0.0, now + seconds - max(now, self.until))
        self.until = max(self.until, now + seconds)
        return Pacer.pause(self, seconds)


class Quiet:
    """No log."""

    def info(self, *_: object, **__: object) -> None:
        return

    def error(self, msg: object, **about: object) -> None:
        raise RuntimeError(msg, about)


def at_work(
    port: int, refs: Sequence[PartRef], pauses: str, speed: float, deadline: float
) -> dict[str, float]:
    """One worker: send the parts until they are done, or the deadline is here."""
    plan_ref = PlanRef(key="plan", sha256="")
    at = "2026-11-22T06:00:00.000Z"
    run = Run(
        id="run_1", kind="audience", integration_id="int_1", export_id="e", key="k", etag="t", status="syncing",
        created_at=at, audience_id="42", split_id="1", plan_ref=plan_ref, parts=10**6,
    )  # fmt: skip
    parts = tuple(refs)
    plan = RunPlan(
        run_id="run_1", integration_id="int_1", kind="audience", export_id="e", attempt=1, exported_at=at, parts=parts
    )  # fmt: skip
    installation = Installation.model_validate(
        {
            "id": "int_1", "catalog_key": "braze", "name": "braze", "created_at": at, "updated_at": at,
            "config": {"rest_endpoint": f"http://127.0.0.1:{port}"},
            "revision": {"id": "rev_1", "revision_number": 1, "created_at": at},
        }
    )  # fmt: skip
    memory: Any = Memory(run, plan, installation, Path(pauses))
    installations = SimpleNamespace(get=lambda _id: installation)
    transport = Transport(AllowedHosts.of([f"127.0.0.1:{port}"], "braze"), size=256)

    def now() -> datetime:
        return datetime.now(UTC)

    pacer = TimedPacer(time.monotonic, speed=speed)

    def pacers(_installation_id: str, _kind: str) -> TimedPacer:
        return pacer

    sync = PartSync(
        runs=memory, rows=memory, parts=memory, commits=memory, claims=memory, held=memory, pauses=memory, clock=now,
        senders=BrazeSenders(BrazeClient(transport, now), installations, memory, memory, now, pacers),
        readers=memory, monotonic=time.monotonic, executor=ThreadPoolExecutor(256), pacers=pacers,
        jitter=lambda most: most / 2,
    )  # fmt: skip
    messages = RunMessages(memory, memory, time.monotonic, ThreadPoolExecutor(MESSAGES))
    waiting = [(0.0, number) for number in range(1, len(parts) + 1)]
    started, cpu = time.monotonic(), time.process_time()
    while waiting and time.monotonic() < deadline:
        batch = []
        while waiting and len(batch) < MESSAGES and waiting[0][0] <= time.monotonic():
            batch.append(heapq.heappop(waiting)[1])
        if not batch:
            time.sleep(0.01)
            continue
        records = [
            {"messageId": str(n), "receiptHandle": str(n), "body": json.dumps({"run_id": "run_1", "part": n})}
            for n in batch
        ]
        left = deadline - time.monotonic()
        answer = messages.handle(
            {"Records": records}, owner="w", work=sync.worker(lambda left=left: left + 20.0), log=Quiet()
        )
        for item in answer["batchItemFailures"]:
            heapq.heappush(waiting, (memory.hidden[item["itemIdentifier"]], int(item["itemIdentifier"])))
    accepted = sum(len(lines_of(result.accepted)) for result in memory.results.values())
    return {
        "accepted": accepted,
        "seconds": time.monotonic() - started,
        "cpu": time.process_time() - cpu,
        "paused": pacer.stood_still,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def workers(
    count: int,
    port: int,
    refs: Sequence[PartRef],
    pauses: Path,
    *,
    speed: float = SPEED,
    seconds: float = 900.0,
    watch: Callable[[], None] = lambda: None,
) -> list[dict[str, float]]:
    """The figures of as many workers, each in a fresh process, each with its share of the parts."""
    pauses.unlink(missing_ok=True)
    with SPAWN.Pool(count) as pool:
        pool.map(abs, range(count * 4))  # the interpreters are up, the modules read
        deadline = time.monotonic() + seconds
        shares = [(port, numbered(refs[n::count]), str(pauses), speed, deadline) for n in range(count)]
        found = pool.starmap_async(at_work, shares, chunksize=1)
        watch()
        return found.get()


def numbered(refs: Sequence[PartRef]) -> list[PartRef]:
    return [ref.model_copy(update={"number": number}) for number, ref in enumerate(refs, start=1)]
