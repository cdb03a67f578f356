"""A bundle in memory: stores that can be killed after any write, queues with a clock, and a Braze that remembers."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bridge.errors import BridgeError, Rejected
from bridge.flows.runs.commit import Committing
from bridge.flows.runs.healing import Healing
from bridge.flows.runs.held import Held
from bridge.flows.runs.joiners import Joiners
from bridge.flows.runs.plan import Planning
from bridge.flows.runs.readback import Readers
from bridge.flows.runs.readback_plan import ReadingPlans
from bridge.flows.runs.reconcile import Reconciled
from bridge.flows.runs.repair import Repairs
from bridge.flows.runs.rollback import Rollbacks
from bridge.flows.runs.runs import Later
from bridge.flows.runs.steps import Pace, RunSteps
from bridge.flows.runs.sync import PartSync
from mapping.braze_fields import membership_attribute
from mapping.comparison import PartFile
from mapping.export import RunPlan, run_id
from mapping.installation import Installation, Revision
from mapping.run import ColumnRecord, Halt, PartResult, Reconciling, Run, Snapshot
from mapping.times import iso
from tests.unit.plan.comparison import PlainComparison
from tests.unit.sync.gates import OpenGate

INSTALLATION = "int_" + "a" * 24
START = datetime(2026, 11, 22, 6, tzinfo=UTC)


_IDENTIFIERS = ("external_id", "external_user_id", "braze_id")


class Killed(BaseException):
    """The worker died: nothing after this instant happened."""


@dataclass
class Life:
    """Counts durable writes, of ours and of Braze's; ends the worker right after the chosen one."""

    kill_after: Collection[int] = ()
    writes: int = 0

    def wrote(self) -> None:
        self.writes += 1
        if self.writes in self.kill_after:
            raise Killed


@dataclass
class Clock:
    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Ticks:
    """A monotonic clock that moves when it is looked at: nobody waits for a back-off."""

    seconds: float = 0.0

    def __call__(self) -> float:
        self.seconds += 0.05
        return self.seconds


@dataclass
class MemoryRuns:
    """RunStore's rules over dictionaries."""

    life: Life
    clock: Clock
    rows: dict[str, Run] = field(default_factory=dict)
    workers: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    erasures: set[str] = field(default_factory=set)
    line: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    parts: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def create(self, run: Run) -> Run:
        if run.id not in self.rows:
            self.rows[run.id] = run
            self.life.wrote()
        return self.rows[run.id]

    def get(self, run_id: str) -> Run | None:
        return self.rows.get(run_id)

    def hold(self, run_id: str, owner: str, seconds: int) -> Run | None:
        worker, until = self.workers.get(run_id, (owner, self.clock()))
        if run_id not in self.rows or (worker != owner and until >= self.clock()):
            return None
        self.workers[run_id] = (owner, self.clock() + timedelta(seconds=seconds))
        self.life.wrote()
        return self.rows[run_id]

    def let_go(self, run_id: str, owner: str) -> None:
        if self.workers.get(run_id, ("",))[0] == owner:
            del self.workers[run_id]

    def move(self, run: Run, owner: str, *, expect: Collection[str], **changes: Any) -> Run | None:
        kept = self.rows[run.id]
        if self.workers.get(run.id, ("",))[0] != owner or kept.status not in expect:
            return None
        return self._keep(kept, changes)

    def stop(self, run_id: str, halt: Halt) -> Run | None:
        kept = self.rows[run_id]
        return kept if kept.halt else self._keep(kept, {"halt": halt})

    def in_line(self, audience: str) -> list[Run]:
        waiting = [run for run in self.rows.values() if run.status == "waiting_lease"]
        return [run for run in waiting if run.audience == audience and run.origin == "export"]

    def supersede(self, run_id: str, by: str, status: str = "waiting_approval") -> bool:
        kept = self.rows[run_id]
        if kept.status != status:
            return False
        self._keep(kept, {"status": "stale", "waits_on": by, "ended_at": iso(self.clock())})
        return True

    def holder(self, audience: str) -> str | None:
        return self.holders.get(audience)

    def erasing(self, holder: str) -> bool:
        return holder in self.erasures

    def take_audience(self, audience: str, run_id: str, expected: str | None) -> bool:
        if self.holders.get(audience) != expected:
            return False
        self.holders[audience] = run_id
        self.life.wrote()
        return True

    def stand(self, audience: str, run_id: str, exported_at: str, until: datetime) -> None:
        self.line[audience, exported_at, run_id] = until
        self.life.wrote()

    def before(self, audience: str, exported_at: str) -> list[str]:
        waiting = sorted(place for place, until in self.line.items() if until > self.clock())
        return [run_id for of, at, run_id in waiting if of == audience and at < exported_at]

    def approve(self, run_id: str) -> None:
        kept = self.rows[run_id]
        assert kept.plan
        codes = tuple(wait.code for wait in kept.plan.waits_for)
        again = {"status": "planning", "ended_at": None, "report_key": None} if kept.status == "stale" else {}
        self.rows[run_id] = kept.model_copy(update={"approved": (*codes, "stale_export"), **again})

    def lease(self, run_id: str, part: int, owner: str, seconds: int) -> Any:
        row = self.parts.setdefault((run_id, part), {"ledger": "", "tries": 0, "done": False})
        worker, until = row.get("worker", (owner, self.clock()))
        mine = not row["done"] and (worker == owner or until < self.clock())
        if mine:
            row["worker"] = (owner, self.clock() + timedelta(seconds=seconds))
            row["tries"] += 1
            self.life.wrote()
        return _Row(row["done"], mine, row["ledger"], row["tries"])

    def ledgers(self, run_id: str) -> Mapping[int, str]:
        return {part: row["ledger"] for (run, part), row in self.parts.items() if run == run_id}

    def checkpoint(
        self, run_id: str, part: int, owner: str, ledger: str, seconds: int, *, progressed: bool
    ) -> bool:
        counted = {"tries": 0} if progressed else {}
        return self._part(run_id, part, owner, ledger=ledger, **counted)

    def leave(self, run_id: str, part: int, owner: str, ledger: str) -> bool:
        return self._part(run_id, part, owner, ledger=ledger, tries=0, worker=("", START))

    def finish(self, run_id: str, part: int, owner: str) -> bool:
        row = self.parts[run_id, part]
        if row["done"] or row["worker"][0] != owner:
            return False
        row["done"] = True
        self.rows[run_id] = self.rows[run_id].model_copy(
            update={"parts_done": self.rows[run_id].parts_done + 1}
        )
        self.life.wrote()
        return True

    def _part(self, run_id: str, part: int, owner: str, **changes: Any) -> bool:
        row = self.parts[run_id, part]
        if row["done"] or row["worker"][0] != owner:
            return False
        row.update(changes)
        self.life.wrote()
        return True

    def _keep(self, run: Run, changes: Mapping[str, Any]) -> Run:
        self.rows[run.id] = Run.model_validate({**run.model_dump(), **changes})
        self.life.wrote()
        return self.rows[run.id]


@dataclass(frozen=True)
class _Row:
    done: bool
    mine: bool
    ledger: str
    tries: int


@dataclass
class MemoryBuckets:
    """Both buckets, the pointers and the columns."""

    life: Life
    objects: dict[str, bytes] = field(default_factory=dict)
    pointers: dict[str, Snapshot] = field(default_factory=dict)
    records: dict[str, ColumnRecord] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    lines: dict[str, dict[tuple[str, str], dict[str, Any]]] = field(default_factory=dict)
    put_at: datetime = START

    def manifest(self, key: str, etag: str) -> tuple[bytes, datetime]:
        return self._object(key), self.put_at

    def modified(self, key: str, etag: str) -> datetime:
        return self.put_at

    def download(self, key: Any, target: Path, going: Callable[[], None] = lambda: None) -> Any:
        if isinstance(key, Snapshot):
            path = target / "old.parquet"
            if f"{key.prefix}p-0000.parquet" not in self.objects:
                raise Rejected("snapshot_expired", f"{key.prefix} is not there any more")
            path.write_bytes(self.objects[f"{key.prefix}p-0000.parquet"])
            return [path]
        going()
        target.write_bytes(self._object(key))
        return sha256(self._object(key)).hexdigest()

    def put_part(self, run_id: str, attempt: int, part: PartFile) -> str:
        key = f"runs/{run_id}/plan-{attempt}/part-{part.number:05d}.jsonl"
        assert key not in self.objects, "a part is written once"
        return self._put(key, part.body)

    def put_changes(self, run_id: str, attempt: int, number: int, path: Path) -> None:
        self._put(f"runs/{run_id}/plan-{attempt}/changes-0000.parquet", path.read_bytes())

    def get_changes(self, run_id: str, attempt: int, directory: Path) -> Sequence[Path]:
        path = directory / "committed"
        path.write_bytes(self.objects[f"runs/{run_id}/plan-{attempt}/changes-0000.parquet"])
        return [path]

    def put_plan(self, plan: RunPlan) -> tuple[str, str]:
        body = plan.model_dump_json().encode()
        return self._put(f"runs/{plan.run_id}/plan-{plan.attempt}/plan.json", body), sha256(body).hexdigest()

    def get_plan(self, key: str, digest: str) -> RunPlan:
        assert sha256(self.objects[key]).hexdigest() == digest
        return RunPlan.model_validate_json(self.objects[key])

    def get_part(self, key: str) -> bytes:
        return self.objects[key]

    def put_result(self, run_id: str, result: PartResult, *, over: str | None = None) -> bool:
        if self.result_tag(run_id, result.part) != over:
            return False
        self._put(f"runs/{run_id}/results/{result.part}", result.model_dump_json().encode())
        return True

    def result_tag(self, run_id: str, part: int) -> str | None:
        found = self.objects.get(f"runs/{run_id}/results/{part}")
        return None if found is None else sha256(found).hexdigest()

    def results(self, run_id: str, parts: int) -> Sequence[PartResult]:
        bodies = [self.objects[f"runs/{run_id}/results/{part}"] for part in range(1, parts + 1)]
        return [PartResult.model_validate_json(body) for body in bodies]

    def put_page(self, run_id: str, page: str) -> None:
        self._put(f"runs/{run_id}/report.html", page.encode())

    def note(self, series: str, entry: Mapping[str, Any]) -> None:
        self.lines.setdefault(series, {})[entry["created_at"], entry["id"]] = dict(entry)
        self.life.wrote()

    def last(self, series: str, limit: int) -> Sequence[Mapping[str, Any]]:
        kept = self.lines.get(series, {})
        return [kept[place] for place in sorted(kept)][-limit:]

    def put_rejects(self, run_id: str, chunks: Iterable[bytes], *, attempt: int | None = None) -> None:
        self._put(f"runs/{run_id}/{attempt or 'all'}/rejects.csv", b"".join(chunks))

    def get_rejects(self, run_id: str, attempt: int) -> Iterator[bytes]:
        yield self.objects[f"runs/{run_id}/{attempt}/rejects.csv"]

    def results_there(self, run_id: str) -> Sequence[PartResult]:
        return [PartResult.model_validate_json(body) for body in self._under(f"runs/{run_id}/results/")]

    def put_findings(self, run_id: str, part: int, body: bytes) -> None:
        self._put(f"runs/{run_id}/findings/{part}-{sha256(body).hexdigest()}", body)

    def findings(self, run_id: str, directory: Path) -> Sequence[Path]:
        paths = []
        for number, body in enumerate(self._under(f"runs/{run_id}/findings/")):
            paths.append(directory / f"findings-{number}")
            paths[-1].write_bytes(body)
        return paths

    def put_drift(self, run_id: str, path: Path) -> None:
        self._put(f"runs/{run_id}/drift", path.read_bytes())

    def get_drift(self, run_id: str, path: Path) -> None:
        path.write_bytes(self.objects[f"runs/{run_id}/drift"])

    def _under(self, prefix: str) -> list[bytes]:
        return [body for key, body in sorted(self.objects.items()) if key.startswith(prefix)]

    def put_report(self, run_id: str, report: Mapping[str, Any]) -> str:
        return self._put(f"runs/{run_id}/report.json", json.dumps(report).encode())

    @property
    def pointers_of(self) -> list[Snapshot]:
        """Every snapshot described so far, oldest first."""
        found = [body for key, body in self.objects.items() if key.endswith("snapshot.json")]
        return sorted(map(Snapshot.model_validate_json, found), key=lambda one: one.version)

    def pointer(self, audience: str) -> Snapshot | None:
        return self.pointers.get(audience)

    def flip(self, audience: str, snapshot: Snapshot, expected: int | None) -> bool:
        known = self.pointers.get(audience)
        if (known.version if known else None) != expected:
            return False
        self.pointers[audience] = snapshot
        self.life.wrote()
        return True

    def retire(self, audience: str, current: Snapshot) -> None:
        assert self.pointers[audience] == current, "what is current never expires"
        self.retired |= {current.before} - {""}
        self.life.wrote()

    def prefix(self, audience: str, version: int, run_id: str) -> str:
        return f"snapshots/{audience}/{version}-{run_id}/"

    def upload_unknown(self, prefix: str, path: Path) -> None:
        self._put(f"{prefix}unknown", path.read_bytes())

    def download_unknown(self, snapshot: Snapshot, directory: Path) -> Path:
        path = directory / "old-unknown"
        path.write_bytes(self.objects[f"{snapshot.prefix}unknown"])
        return path

    def describe(self, snapshot: Snapshot) -> None:
        self._put(snapshot.described_at, snapshot.model_dump_json().encode())

    def described(self, audience: str, version: int, run_id: str) -> Snapshot | None:
        body = self.objects.get(f"{self.prefix(audience, version, run_id)}snapshot.json")
        return Snapshot.model_validate_json(body) if body else None

    def upload(self, prefix: str, files: Sequence[Path]) -> None:
        self._put(f"{prefix}p-0000.parquet", files[0].read_bytes())

    def columns(self, integration_id: str) -> Mapping[str, ColumnRecord]:
        return self.records

    def record_column(self, integration_id: str, record: ColumnRecord) -> None:
        before = self.records.get(record.name)
        owners = tuple(sorted({*(before.owners if before else ()), *record.owners}))
        self.records[record.name] = record.model_copy(update={"owners": owners})
        self.life.wrote()

    def _object(self, key: str) -> bytes:
        if key not in self.objects:
            raise Rejected("export_gone", f"{key} is not there any more")
        return self.objects[key]

    def _put(self, key: str, body: bytes) -> str:
        self.objects[key] = body
        self.life.wrote()
        return key


@dataclass
class MemoryQueue:
    """Messages with the moment they are seen again."""

    life: Life
    clock: Clock
    messages: list[list[Any]] = field(default_factory=list)

    def send(self, bodies: Sequence[str], *, group: str | None = None) -> None:
        self.messages += [[body, self.clock()] for body in bodies]
        self.life.wrote()


@dataclass
class MemoryLetters:
    """The dead-letter queue of the Braze lane: bodies with their attributes."""

    life: Life
    sent: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def send(
        self, bodies: Sequence[str], *, group: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> None:
        self.sent += [(body, attributes or {}) for body in bodies]
        self.life.wrote()


@dataclass
class Braze:
    """Keeps profiles and messages; `script` may fail a request, before or after it is applied."""

    life: Life
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: list[list[dict[str, Any]]] = field(default_factory=list)
    data_points: int = 0
    refuse: Callable[[dict[str, Any]], str] = lambda _line: ""
    script: list[BridgeError | None] = field(default_factory=list)
    applies_failures: bool = False
    only: set[str] | None = None  # whom it knows, where profiles are not created

    def __call__(self, plan: RunPlan) -> Any:
        return self.request

    def request(self, lines: Sequence[bytes]) -> Mapping[int, str]:
        failure = self.script.pop(0) if self.script else None
        if failure and not self.applies_failures:
            raise failure
        objects = [json.loads(line) for line in lines]
        reasons = {at: reason for at, line in enumerate(objects) if (reason := self.refuse(line))}
        self.sent.append(objects)
        for at, line in enumerate(objects):
            if at not in reasons:
                self._apply(dict(line))
        self.life.wrote()
        if failure:
            raise failure
        return reasons

    def _apply(self, line: dict[str, Any]) -> None:
        if line.pop("_update_existing_only", False) and self.only is not None:
            user = next(line[name] for name in _IDENTIFIERS if name in line)
            if user not in self.only and user not in self.profiles:
                return
        user = next(found for name in _IDENTIFIERS if (found := line.pop(name, None)))
        self.data_points += len(line)
        profile = self.profiles.setdefault(user, {})
        for name, value in line.items():
            profile[name] = value
            if value is None:
                del profile[name]


@dataclass(frozen=True)
class Exported:
    users: Mapping[str, Mapping[str, Any]]
    unknown: frozenset[str]
    rate: None = None


@dataclass
class Exports:
    """Reads profiles back; `script` may fail a request."""

    braze: Braze
    asked: list[list[str]] = field(default_factory=list)
    script: list[BridgeError | None] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    def export(
        self, endpoint: str, key: Any, ids: Sequence[str], fields: Sequence[str], *, identifier: str
    ) -> Exported:
        failure = self.script.pop(0) if self.script else None
        if failure:
            raise failure
        self.asked.append(list(ids))
        known = [one for one in ids if one in self.braze.profiles and one not in self.silent]
        users = {one: {identifier: one, "custom_attributes": self.braze.profiles[one]} for one in known}
        self.braze.life.wrote()
        return Exported(users, frozenset({*ids} - {*known} - self.silent))


class Key:
    """A key that nobody changes."""

    def current(self, installation: Installation) -> Mapping[str, str]:
        return {"rest_api_key": "key"}

    def refreshed(self, installation: Installation, used: Mapping[str, str], now: datetime) -> None:
        return None


class OpenPacing:
    """Takes note of nothing."""

    def __call__(self, installation_id: str, kind: str) -> "OpenPacing":
        return self

    def sending(self) -> int:
        return 0

    def told(self, ticket: int, rate: Any) -> None: ...

    def pause(self, seconds: float) -> bool:
        return True


class Inline(Executor):
    """Runs at once, in the caller's thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        fn(*args, **kwargs)
        return Future()


class Nobody:
    """No pauses; `pauses` and `installations` of a quiet day."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.until = None
        at = iso(START)
        self.installation = Installation(
            id=INSTALLATION,
            catalog_key="braze",
            name="Braze",
            config={"rest_endpoint": "https://rest.iad-01.braze.com", **config},
            revision=Revision(id="rev_1", revision_number=1, created_at=at),
            created_at=at,
            updated_at=at,
        )

    def get(self, installation_id: str) -> Any:
        return self.installation if installation_id == self.installation.id else None


class NoPause:
    until: datetime | None = None
    stood_still: float = 0.0

    def get(self, installation_id: str) -> "NoPause":
        return self


@dataclass
class MemoryClaims:
    life: Life
    owners: dict[str, str] = field(default_factory=dict)

    def take(
        self, installation_id: str, kind: str, ids: Sequence[str], *, owner: str, now: datetime
    ) -> list[str]:
        taken = [one for one in ids if self.owners.setdefault(f"{kind}/{one}", owner) == owner]
        self.life.wrote()
        return taken

    def release(self, installation_id: str, kind: str, ids: Sequence[str], *, owner: str) -> None:
        for one in ids:
            if self.owners.get(f"{kind}/{one}") == owner:
                del self.owners[f"{kind}/{one}"]
        self.life.wrote()


class World:
    """Everything of one installation; `kill_after` names the writes after which a worker dies."""

    def __init__(
        self,
        *,
        kill_after: Collection[int] = (),
        part_rows: int = 3,
        sessions: Any = None,
        settle: int = 0,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.clock = Clock()
        self.life = Life(kill_after)
        self.runs = MemoryRuns(self.life, self.clock)
        self.buckets = MemoryBuckets(self.life)
        self.braze = Braze(self.life)
        self.exports = MemoryQueue(self.life, self.clock)
        self.parts = MemoryQueue(self.life, self.clock)
        self.pause = NoPause()
        self.claims = MemoryClaims(self.life)
        self.letters = MemoryLetters(self.life)
        self.waits: Counter[str] = Counter()
        self.measured: list[Mapping[str, Any]] = []
        self.nobody = Nobody(config or {})
        self._owners = 0
        monotonic = Ticks()
        opened = sessions or plain_session

        joiners = Joiners(self.runs, self.buckets, self.buckets, self.exports, self.clock)
        committing = Committing(
            runs=self.runs,
            parts=self.buckets,
            snapshots=self.buckets,
            sessions=opened,
            joiners=joiners,
            history=self.buckets,
            clock=self.clock,
            measured=self._measure,
        )
        self.reads = Exports(self.braze)
        self.steps = RunSteps(
            runs=self.runs,
            line=self.runs,
            planning=Planning(
                exports=self.buckets,
                rollbacks=Rollbacks(self.runs, self.buckets),
                repairs=Repairs(self.runs, self.buckets),
                readings=ReadingPlans(
                    self.runs, self.buckets, self.buckets, membership_attribute, part_rows, monotonic
                ),
                parts=self.buckets,
                snapshots=self.buckets,
                installations=self.nobody,
                campaigns=lambda installation, campaign_id: (),
                sessions=opened,
                membership=membership_attribute,
                monotonic=monotonic,
                part_rows=part_rows,
            ),
            committing=committing,
            reconciled=Reconciled(
                runs=self.runs,
                parts=self.buckets,
                sessions=opened,
                committing=committing,
                joiners=joiners,
                exports=self.exports,
                clock=self.clock,
            ),
            healing=Healing(self.runs, self.buckets, self.runs, committing),
            parts_queue=self.parts,
            clock=self.clock,
            pace=Pace(settle=settle),
        )
        self.gate = OpenGate()
        self.sync = PartSync(
            runs=self.runs,
            rows=self.runs,
            parts=self.buckets,
            commits=self.exports,
            senders=self.braze,
            readers=Readers(self.reads, self.nobody, Key(), self.buckets, self.clock, OpenPacing()),
            claims=self.claims,
            held=Held(self.letters, self.clock),
            pauses=self.pause,
            clock=self.clock,
            monotonic=monotonic,
            executor=Inline(),
            pacers=self.gate,
            jitter=lambda most: most / 2,
            pulse_seconds=0.0,
        )

    def _measure(self, report: Mapping[str, Any]) -> None:
        # A method, where the list's own would stay the first world's in every copy of it.
        self.measured.append(report)

    def put(
        self,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        where: str = "audience=a1/split=1",
        columns: Sequence[str] = ("external_id", "n", "city"),
        twice: bool = False,
        **manifest: Any,
    ) -> str:
        """Put an export of one CSV part; the run's id."""
        prefix = f"exports/{INSTALLATION}/{where}/{name}/"
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        body = text.getvalue().encode()
        part: dict[str, Any] = {
            "key": prefix + "part-1.csv",
            "rows": len(rows),
            "sha256": sha256(body).hexdigest(),
        }
        types = {"n": {"type": "number"}, "city": {"type": "string"}}
        document: dict[str, Any] = {
            "parts": [part],
            "attributes": types,
            "exported_at": iso(self.clock()),
            **manifest,
        }
        self.buckets.objects[part["key"]] = body
        self.buckets.objects[prefix + "manifest.json"] = json.dumps(document).encode()
        self.buckets.put_at = max(self.buckets.put_at, self.clock())
        for _ in range(1 + twice):
            self.exports.messages.append([notification(prefix + "manifest.json", name), self.clock()])
        return run_id(prefix + "manifest.json", name)

    def roll_back(self, run_id: str, again: str = "") -> str:
        """What the API does when a rollback is ordered; the new run's id."""
        about, ordered = self.run(run_id), f"run_back{again}_{run_id}"
        given = about.model_dump(include={"kind", "integration_id", "audience_id", "split_id", "export_id"})
        run = Run(
            **given,
            id=ordered,
            origin="rollback",
            based_on=run_id,
            key="",
            etag="",
            status="planning",
            created_at=iso(self.clock()),
        )
        self.runs.create(run)
        self.resume(ordered)
        return ordered

    def reconcile(self, run_id: str, *, sample: int | None = None, repair: bool = False) -> str:
        """What the API does when a reconcile is ordered; the new run's id."""
        about, ordered = self.run(run_id), f"run_read{len(self.runs.rows)}"
        given = about.model_dump(include={"integration_id", "audience_id", "split_id", "export_id"})
        run = Run(
            **given,
            id=ordered,
            kind="reconcile",
            origin="reconcile",
            based_on=run_id,
            reconcile=Reconciling(sample=sample, repair=repair),
            key="",
            etag="",
            status="planning",
            created_at=iso(self.clock()),
        )
        self.runs.create(run)
        self.resume(ordered)
        return ordered

    def work(self, *, deliver_twice: bool = False, until: Callable[[], bool] = lambda: False) -> None:
        """Deliver messages until none is left, or only such as wait for a person."""
        for _ in range(2_000):
            if until():
                return
            found = self._next()
            if found is None:
                return
            queue, message = found
            if self._deliver(queue, message) and not (deliver_twice and len(message) == 2):
                queue.messages.remove(message)
            elif deliver_twice and len(message) == 2:
                message.append("again")
        raise AssertionError("the messages do not come to an end")

    def _deliver(self, queue: MemoryQueue, message: list[Any]) -> bool:
        self._owners += 1
        owner = f"worker-{self._owners}"
        try:
            if queue is self.exports:
                verdict = self.steps.handle(message[0], owner=owner, beat=lambda: None)
            else:
                verdict = self.sync.handle(
                    message[0], owner=owner, beat=lambda: None, remaining=lambda: 900.0
                )
        except Killed:
            self.gate.flying = 0  # it died with its worker
            message[1] = self.clock() + timedelta(seconds=60)
            return False
        if isinstance(verdict, Later):
            self.waits[verdict.reason] += 1
            message[1] = self.clock() + timedelta(seconds=max(1, verdict.seconds))
            return False
        return True

    def _next(self) -> tuple[MemoryQueue, list[Any]] | None:
        everything = [(queue, message) for queue in (self.parts, self.exports) for message in queue.messages]
        if not everything or self.waits["waits for approval"] > 2:
            return None
        queue, message = min(everything, key=lambda found: found[1][1])
        self.clock.moment = max(self.clock(), message[1])
        return queue, message

    def resume(self, run_id: str) -> None:
        self.waits.clear()
        self.exports.send([json.dumps({"run_id": run_id, "step": "resume"})])

    def run(self, run_id: str) -> Run:
        return self.runs.rows[run_id]

    def rejects(self, run_id: str) -> list[dict[str, str]]:
        body = self.buckets.objects[f"runs/{run_id}/all/rejects.csv"].decode()
        return list(csv.DictReader(io.StringIO(body, newline="")))

    def report(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.buckets.objects[f"runs/{run_id}/report.json"])
        return found


@contextmanager
def plain_session() -> Iterator[PlainComparison]:
    yield PlainComparison(Path(_directory().name))


@cache
def _directory() -> TemporaryDirectory[str]:
    # One for all: making and removing hundreds of directories would be most of the tests' time.
    return TemporaryDirectory()


def notification(key: str, etag: str) -> str:
    """What S3 says when an object was put."""
    found = {"key": key.replace("=", "%3D"), "eTag": etag}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": found}}]})


def row(user: str, n: Any = "", city: str = "") -> dict[str, Any]:
    """One row of an export."""
    return {"external_id": user, "n": n, "city": city}


def truth(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What Braze should hold of those in an export."""
    profiles: dict[str, dict[str, Any]] = {}
    for one in rows:
        profile: dict[str, Any] = {"AIQ_a1_1": True}
        profile |= {"n": float(one["n"])} if one["n"] != "" else {}
        profile |= {"city": one["city"]} if one["city"] else {}
        profiles[one["external_id"]] = profile
    return profiles
