"""A bundle with runs behind it, letters and deliveries, from which a person is erased; workers may die at any write."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bridge.flows.erase.erasing import Erasing, either, message
from bridge.flows.erase.job import Job
from bridge.flows.erase.kept_files import Documents, RunFiles
from bridge.flows.erase.kept_rows import DeliveryLines, Memories
from bridge.flows.erase.kept_snapshots import AudienceSnapshots
from bridge.flows.erase.subject import Subject
from bridge.flows.runs.runs import Later
from mapping.times import iso
from tests.unit.erase.jobs import MemoryJobs
from tests.unit.plan.world import INSTALLATION, Inline, Killed, Life, World, plain_session, row

ANN = Subject(external_id="customer-0042")
MEMBERS = [
    row("customer-0041", 1, "A"),
    row("customer-0042", 2, "Annstadt"),
    row("customer-0043", 3, "B"),
    row("customer-0046", 6, "D"),
]
AUDIENCE = f"{INSTALLATION}#a1#1"


class Threads(Inline):
    """As many as one."""

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterator[Any]:
        return iter([fn(*some) for some in zip(*iterables, strict=True)])


@dataclass
class BucketFiles:
    """The objects of the run world, two keys a page."""

    life: Life
    objects: dict[str, bytes]

    def page(self, prefix: str, after: str) -> tuple[list[str], str | None]:
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        return keys[:2], keys[1] if len(keys) > 2 else None

    def folders(self, prefix: str, after: str) -> tuple[list[str], str | None]:
        names = sorted({key[len(prefix) :].split("/")[0] for key in self.objects if key.startswith(prefix)})
        return [name for name in names if name > after], None

    def read(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def lines(self, key: str) -> Iterator[str]:
        yield from self.objects[key].decode().splitlines(keepends=True)

    def write(self, key: str, chunks: Iterable[bytes]) -> None:
        self.objects[key] = b"".join(chunks)
        self.life.wrote()

    def fetch(self, key: str, target: Path) -> None:
        target.write_bytes(self.objects[key])

    def store(self, key: str, source: Path) -> None:
        self.objects[key] = source.read_bytes()
        self.life.wrote()


@dataclass
class MemoryRows:
    """Memories, claims and delivery lines."""

    life: Life
    memories: set[tuple[str, str]] = field(default_factory=set)
    claims: set[tuple[str, str, str]] = field(default_factory=set)
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    busy: int = 0

    def forget(self, installation_id: str, *asked: Any) -> int:
        kept: set[Any] = self.memories if len(asked) == 1 else self.claims
        keys = {(installation_id, *asked[:-1], one) for one in asked[-1]} & kept
        kept -= keys
        self.life.wrote()
        return len(keys)

    def hours(self) -> list[str]:
        return sorted({key.partition("#")[0] for key in self.lines})

    def naming(self, hour: str, values: Sequence[str]) -> list[tuple[str, str, list[dict[str, Any]]]]:
        return [
            (key, INSTALLATION, lines)
            for key, lines in self.lines.items()
            if key.startswith(hour) and any(f'"{value}"' in json.dumps(lines) for value in values)
        ]

    def rewrite(self, delivery_id: str, lines: list[dict[str, Any]], was: list[dict[str, Any]]) -> bool:
        if self.busy:
            self.busy -= 1
            return False
        self.lines[delivery_id] = lines
        self.life.wrote()
        return True


class Noting(MemoryJobs):
    """Counts its writes as all others do."""

    life: Life

    def save(self, job_id: str, fields: Any, owner: str) -> bool:
        saved = super().save(job_id, fields, owner)
        self.life.wrote()
        return saved


class ErasingWorld(World):
    """Snapshots lie as the fake keeps them: `snapshots/<audience>/<version>-<run>/0`."""

    def __init__(self, kill_after: Collection[int] = ()) -> None:
        super().__init__(part_rows=2)
        self.jobs = Noting()
        self.jobs.life = Life(kill_after)
        self.rows = MemoryRows(self.jobs.life)
        self.files = BucketFiles(self.jobs.life, self.buckets.objects)
        self.noted: list[Job] = []
        self.purged: Counter[str] = Counter()
        self.seconds = 900.0
        installations = SimpleNamespace(every=lambda: [SimpleNamespace(id=INSTALLATION)])
        threads = Threads()
        self.erasing = Erasing(
            jobs=self.jobs,
            phases=(
                Memories(installations, self.rows),
                DeliveryLines(self.rows, self.rows),
                Documents(self.files, "letters/", "letters"),
                Documents(self.files, "stages/", "stages"),
                RunFiles(self.files, self.runs, self.rows, plain_session, threads),
                AudienceSnapshots(self.runs, _Snapshots(self), self.files, plain_session),
            ),
            executor=threads,
            clock=self.clock,
            noted=self.noted.append,
        )

    def lived(self) -> None:
        """Two runs of an audience, a campaign, a letter, a stage, a delivery, a memory, claims."""
        before = _lived_once()
        self.buckets.objects.update(before.buckets.objects)
        self.buckets.pointers.update(before.buckets.pointers)
        self.runs.rows.update(before.runs.rows)
        self.runs.holders.update(before.runs.holders)
        self.clock.moment = before.clock.moment
        lines = [
            {"message_id": f"m{n}", "type": "track", "name": "E", "user": f"customer-004{n}"} for n in (1, 2)
        ]
        self.rows.lines["2026-11-22T06#dlv_1"] = lines
        self.rows.memories |= {(INSTALLATION, f"external_id=customer-004{n}") for n in (1, 2)}
        self.rows.claims |= {(INSTALLATION, "event", f"m{n}") for n in (1, 2)}
        self.rows.claims |= {(INSTALLATION, "campaign", f"mail#c1#customer-004{n}") for n in (1, 2)}
        items = [{"type": "track", "userId": f"customer-004{n}"} for n in (1, 2)]
        self.buckets.objects["letters/ltr_1.json"] = json.dumps({"items": items}).encode()
        self.buckets.objects["stages/2026-11-22/dlv_1.json"] = json.dumps({"input": items}).encode()

    def run_all(self) -> None:
        """The runs."""
        for name, rows in {
            "one": MEMBERS,
            "two": [*MEMBERS[:2], MEMBERS[3], row("customer-0044", 4, "C")],
        }.items():
            self.put(name, rows)
            self.work()
            self.clock.forward(120)
        self.put("mail", MEMBERS, where="campaign=c1")
        self.work()

    def ask(self) -> None:
        job = Job.of(ANN, at=iso(self.clock()), by="Ann's lawyer")
        self.jobs.ask(job.id, job.fields())

    def receive(self, owner: str = "worker") -> Any:
        """One receive of the message; a worker that dies leaves its lease to run out."""
        work = either(self.steps.handle, lambda: self.erasing, lambda: self.seconds)
        try:
            return work(message(ANN), owner=owner, beat=lambda: None)
        except Killed:
            self.jobs.workers.clear()
            return Later(60, "died")

    def erase(self) -> None:
        """Until nothing is left to do."""
        self.ask()
        for turn in range(400):
            if not isinstance(self.receive(f"worker-{turn}"), Later):
                return
        raise AssertionError("the erasure does not come to an end")

    @property
    def job(self) -> Job:
        return Job.read(self.jobs.rows[ANN.job_id])

    def kept(self) -> str:
        """Everything but the exports, which are ActionIQ's."""
        objects = [
            body.decode() for key, body in self.buckets.objects.items() if not key.startswith("exports/")
        ]
        rows = [self.rows.lines, *map(sorted, (self.rows.memories, self.rows.claims)), self.jobs.rows]
        pointers = [pointer.model_dump() for pointer in self.buckets.pointers.values()]
        return json.dumps([objects, rows, pointers, [run.model_dump() for run in self.runs.rows.values()]])


@cache
def _lived_once() -> ErasingWorld:
    world = ErasingWorld()
    world.run_all()
    return world


class _Snapshots:
    def __init__(self, world: ErasingWorld) -> None:
        self.world = world
        self.pointer, self.flip = world.buckets.pointer, world.buckets.flip
        self.describe = world.buckets.describe

    def audiences(self) -> list[str]:
        return sorted(
            {key.split("/")[1] for key in self.world.buckets.objects if key.startswith("snapshots/")}
        )

    def folder(self, audience: str) -> str:
        return f"snapshots/{audience}/"

    def purge(self, audience: str) -> None:
        self.world.purged[audience] += 1
