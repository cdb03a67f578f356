"""What the operations function works with, in memory."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bridge.flows.admin.audit import Audit
from bridge.flows.admin.erase_admin import Erasures
from bridge.flows.admin.health import Health
from bridge.flows.admin.letters import LetterDesk
from bridge.flows.admin.live_events import LiveEvents
from bridge.flows.admin.operating import Operating
from bridge.flows.admin.replay import Replay
from bridge.flows.admin.replaying import Replaying
from bridge.flows.admin.replays import Replays
from bridge.flows.admin.resending import Sender
from bridge.flows.admin.run_orders import RunOrders
from bridge.flows.admin.run_reports import RunReports
from bridge.flows.admin.runs_admin import RunsAdmin
from bridge.flows.admin.statistics import Statistics
from bridge.flows.admin.trying import Trial
from mapping.installation import Installation, Revision
from mapping.run import Run, Snapshot
from tests.unit.erase.jobs import MemoryJobs
from tests.unit.install.fakes import FakeAuditLog, Ids
from tests.unit.operations.letter_fakes import FakeDepths, FakeJobs, FakeLetters, FakeQueue

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = "2026-11-22T12:00:00.000Z"


def delivery(number: int = 1, **changes: Any) -> dict[str, Any]:
    row = {
        "delivery_id": f"dlv_{number}",
        "integration_id": "int_1",
        "kind": "events",
        "status": "delivered",
        "vendor_status": 200,
        "attempt": 1,
        "events": [{"message_id": "m", "type": "track", "name": "Order Completed", "user": "u"}],
        "at": AT,
        "stages": f"stages/2026-11-22/dlv_{number}.json",
    }
    return row | changes


def installation(number: int = 1, **changes: Any) -> Installation:
    return Installation(
        id=f"int_{number}",
        catalog_key="actioniq",
        name=f"ActionIQ {number}",
        config={},
        revision=Revision(id="rev_1", revision_number=1, created_at=AT),
        created_at=AT,
        updated_at=AT,
    ).model_copy(update=changes)


def run(status: str = "waiting_approval", **changes: Any) -> Run:
    return Run(
        id="run_1",
        kind="audience",
        integration_id="int_1",
        export_id="e1",
        key="exports/int_1/audience=a/split=1/e1/manifest.json",
        etag="etag",
        status=status,  # type: ignore[arg-type]
        created_at=AT,
        audience_id="a",
        split_id="1",
    ).model_copy(update=changes)


@dataclass
class FakeDeliveries:
    rows: list[dict[str, Any]] = field(default_factory=list)

    def page(self, limit, cursor, **wanted):
        start = int(cursor or 0)
        found = [
            row
            for row in self.rows
            if all(self._has(row, name, value) for name, value in wanted.items() if value)
        ]
        more = start + limit < len(found)
        return found[start : start + limit], str(start + limit) if more else None

    @staticmethod
    def _has(row, name, value):
        if name == "type":
            return any(event["type"] == value for event in row["events"])
        if name in {"name", "user"}:
            return any(event[name].startswith(value) for event in row["events"])
        return row[name] == value

    def get(self, delivery_id):
        return next((row for row in self.rows if row["delivery_id"] == delivery_id), None)


@dataclass
class FakeStages:
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def get(self, key):
        return self.kept.get(key)


@dataclass
class FakeRuns:
    rows: list[Run] = field(default_factory=list)
    held_by: str | None = None

    def create(self, run):
        if kept := self.get(run.id):
            return kept
        self.rows.append(run)
        return run

    def holder(self, audience):
        return self.held_by

    def page(self, limit, cursor):
        start = int(cursor or 0)
        return self.rows[start : start + limit], str(start + limit) if start + limit < len(
            self.rows
        ) else None

    def get(self, run_id):
        return next((one for one in self.rows if one.id == run_id), None)

    def approve(self, run_id, by):
        return self._move(run_id, "planned", by)

    def cancel(self, run_id, by):
        return self._move(run_id, "cancelled", by)

    def _move(self, run_id, status, by, **changes):
        moved = self.get(run_id).model_copy(update={"status": status, "approved_by": by} | changes)
        self.rows = [moved if one.id == run_id else one for one in self.rows]
        return moved


@dataclass
class FakeSnapshots:
    now: Snapshot | None = None
    kept: dict[str, Snapshot] = field(default_factory=dict)

    def pointer(self, audience):
        return self.now

    def described(self, audience, version, run_id):
        return self.kept.get(run_id)


@dataclass
class FakeLinks:
    objects: dict[str, bytes]

    def url(self, key, *, name=None):
        return f"https://state/{key}?signed{f'&as={name}' if name else ''}"

    def size(self, key):
        return len(self.objects[key]) if key in self.objects else None

    def read(self, key):
        return self.objects[key]


@dataclass
class World:
    """Everything behind the operations function."""

    deliveries: FakeDeliveries = field(default_factory=FakeDeliveries)
    stages: FakeStages = field(default_factory=FakeStages)
    letters: FakeLetters = field(default_factory=FakeLetters)
    queues: dict[str, FakeQueue] = field(default_factory=lambda: defaultdict(FakeQueue))
    jobs: FakeJobs = field(default_factory=FakeJobs)
    depths: FakeDepths = field(default_factory=FakeDepths)
    runs: FakeRuns = field(default_factory=FakeRuns)
    snapshots: FakeSnapshots = field(default_factory=FakeSnapshots)
    installations: list[Installation] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    part_states: dict[str, list[tuple[int, str, bool, bool]]] = field(default_factory=dict)
    erasures: MemoryJobs = field(default_factory=MemoryJobs)
    noted: dict[str, dict[str, Any]] = field(default_factory=dict)
    paused: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    minutes: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    log: FakeAuditLog = field(default_factory=FakeAuditLog)
    now: datetime = NOW
    tick: timedelta = timedelta(0)

    def operating(self) -> Operating:
        queues = {lane: self.queues[lane] for lane in ("event", "actioniq", "braze", "export", "audience")}
        audit = Audit(self.log, lambda: NOW, Ids())
        links = FakeLinks(self.objects)
        runs = RunsAdmin(
            self.runs,
            queues["export"],
            links,
            audit,
            SimpleNamespace(states=lambda run_id: self.part_states.get(run_id, [])),
            self.clock,
        )
        sender, ids = Sender(self.letters, queues), Ids()
        return Operating(
            live_events=LiveEvents(self.deliveries, self.stages),
            letters=LetterDesk(self.letters),
            replay=Replay(self.letters, sender, audit, self.clock, ids),
            replays=Replays(self.letters, self.jobs, self.replaying(sender), audit, self.clock, ids),
            runs=runs,
            orders=RunOrders(runs, self.runs, self.snapshots, audit, self.clock),
            reports=RunReports(self.runs, links),
            erasures=Erasures(self.erasures, queues["export"], audit, self.clock),
            health=Health(
                SimpleNamespace(all=lambda: self.installations),
                SimpleNamespace(get=self.noted.get),
                SimpleNamespace(get=self._pause),
                self.depths,
                lambda: NOW,
            ),
            statistics=Statistics(
                SimpleNamespace(read=self._counted),
                self.runs,
                SimpleNamespace(all=lambda: self.installations),
                lambda: NOW,
            ),
            trial=Trial(queues["event"], audit, lambda: NOW, Ids()),
        )

    def replaying(self, sender: Sender | None = None) -> Replaying:
        """What carries replays out, in a call and by the minute."""
        sender = sender or Sender(self.letters, self.queues)
        return Replaying(self.jobs, self.letters, sender, self.depths, self.clock, Ids())

    def clock(self) -> datetime:
        """Moves a little each time it is asked."""
        self.now += self.tick
        return self.now

    def _counted(self, first: datetime, minutes: int) -> list[dict[str, dict[str, int]]]:
        moments = [first + timedelta(minutes=index) for index in range(minutes)]
        return [self.minutes.get(f"{moment:%H:%M}", {}) for moment in moments]

    def _pause(self, installation_id: str) -> Any:
        until, reason = self.paused.get(installation_id, (None, ""))
        return SimpleNamespace(until=until, reason=reason)
