"""In-memory collaborators of the delivery flow, each with the behaviour of the real one."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from urllib3 import HTTPResponse

from bridge.errors import Retryable
from bridge.stores import delivery_changes as changes
from bridge.stores import delivery_rows as rows
from bridge.stores.pauses import Pause
from mapping.braze_memory import Kept
from mapping.delivery import DeliveryMessage
from mapping.installation import Installation

Answering = Callable[[Any], tuple[int, Any] | tuple[int, Any, Mapping[str, str]] | Exception]


class FakeVendor:
    """The network: `answers` is asked with each request's parsed body; `requests` keeps (url, headers, body)."""

    def __init__(self, answers: Answering) -> None:
        self.answers = answers
        self.requests: list[tuple[str, Mapping[str, str], Any]] = []

    def urlopen(
        self, method: str, url: str, redirect: bool = True, *, body: bytes | None, headers: Any, **_: Any
    ) -> HTTPResponse:
        read = json.loads(body) if body else None
        self.requests.append((url, dict(headers), read))
        found = self.answers(read)
        if isinstance(found, Exception):
            raise found
        raw = found[1] if isinstance(found[1], bytes) else json.dumps(found[1]).encode()
        told = found[2] if len(found) > 2 else {}
        return HTTPResponse(BytesIO(raw), told, status=found[0], preload_content=False)


class FakeClock:
    """Stands still until it is told to go on."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class FakeInstallations:
    known: dict[str, Installation] = field(default_factory=dict)

    def get(self, installation_id: str) -> Installation | None:
        return self.known.get(installation_id)


@dataclass
class FakeSecrets:
    """`stale` is what a cached read gives; `reads` counts the fresh ones."""

    values: dict[str, str]
    stale: dict[str, str] | None = None
    reads: int = 0

    def get(self, catalog_key: str, owner_id: str, *, fresh: bool = False) -> dict[str, str]:
        if fresh:
            self.reads += 1
            self.stale = None
        return self.stale or self.values


class FakeDeliveries:
    """The real rows in a dict: the updates are the store's own expressions, carried out here."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def begin(
        self, message: DeliveryMessage, *, now: datetime, lease_until: datetime, stood_still: float
    ) -> rows.Begin:
        row = self.rows.get(message.delivery_id)
        if row is None:
            self.rows[message.delivery_id] = rows.fresh(message, now, lease_until, rows.RETENTION)
            return rows.Begin("started", version=1)
        begin = rows.judge(row, message.replay_of, now, stood_still)
        if begin.verdict in rows.HANDS_OFF:
            return begin
        self._apply(message.delivery_id, changes.taken(begin, message.replay_of, lease_until))
        return begin.next_version()

    def record_sent(self, delivery_id: str, version: int, **told: Any) -> rows.Begin | None:
        if self.version(delivery_id) != version:
            return None
        change = changes.sent(
            told["now"],
            told["lease_until"],
            told["finished"],
            counts=told["counts"],
            stood_still=told["stood_still"],
        )
        self._apply(delivery_id, change)
        return rows.begin_of(self.rows[delivery_id], "started")

    def finish(self, delivery_id: str, version: int, record: Mapping[str, Any], *, now: datetime) -> bool:
        if self.version(delivery_id) != version:
            return False
        self._apply(delivery_id, changes.outcome(record, now, rows.RETENTION))
        return True

    def version(self, delivery_id: str) -> int:
        return int(self.rows[delivery_id]["version"]["N"])

    def shown(self, delivery_id: str) -> dict[str, Any]:
        return rows.shown(self.rows[delivery_id])

    def _apply(self, delivery_id: str, change: changes.Change) -> None:
        row, values = self.rows[delivery_id], {**change.values, ":one": {"N": "1"}}
        sets, _, removes = change.expression.removeprefix("SET ").partition(" REMOVE ")
        for term in re.split(r", (?=[#\w]+ = )", sets):
            name, value = term.split(" = ", 1)
            row[change.names.get(name, name)] = _value(value, row, values)
        for name in filter(None, removes.split(", ")):
            row.pop(change.names.get(name, name), None)


def _value(text: str, row: dict[str, Any], values: Mapping[str, Any]) -> Any:
    if " + " in text:
        name, more = text.split(" + ")
        return {"N": str(int(row[name]["N"]) + int(values[more]["N"]))}
    if text.startswith("if_not_exists"):
        name, otherwise = text.removeprefix("if_not_exists(").removesuffix(")").split(", ")
        return row.get(name, values[otherwise])
    return values[text]


@dataclass
class FakeClaims:
    owners: dict[str, str] = field(default_factory=dict)
    busy: bool = False

    def take(
        self, installation_id: str, kind: str, ids: Sequence[str], *, owner: str, now: datetime
    ) -> list[str]:
        if self.busy:
            raise Retryable("claims_busy")
        return [
            one for one in ids if self.owners.setdefault(f"{installation_id}/{kind}/{one}", owner) == owner
        ]


@dataclass
class FakeProfiles:
    """`reads` and `writes` count rows; `meanwhile` is done by another worker before the next write."""

    rows: dict[str, Kept] = field(default_factory=dict)
    reads: int = 0
    writes: int = 0
    busy: bool = False
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def read(self, installation_id: str, users: Collection[str], *, now: datetime) -> dict[str, Kept]:
        if self.busy:
            raise Retryable("memory_unavailable")
        self.reads += len(users)
        return {user: self.rows.get(f"{installation_id}/{user}", Kept()) for user in users}

    def write(self, installation_id: str, kept: Mapping[str, Kept], *, now: datetime) -> list[str]:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        lost = []
        for user, one in kept.items():
            key = f"{installation_id}/{user}"
            if self.rows.get(key, Kept()).version != one.version:
                lost.append(user)
            else:
                self.rows[key] = Kept(one.memory, one.version + 1)
                self.writes += 1
        return lost


@dataclass
class FakePauses:
    pauses: dict[str, Pause] = field(default_factory=dict)

    def get(self, installation_id: str) -> Pause:
        return self.pauses.get(installation_id, Pause())

    def pause(self, installation_id: str, until: datetime, reason: str, *, now: datetime) -> None:
        before = self.get(installation_id)
        if before.until is None or before.until < until:
            start = max(now, before.until or now)
            still = before.stood_still + (until - start).total_seconds()
            self.pauses[installation_id] = Pause(until, still, reason)


@dataclass
class FakeHealth:
    notes: dict[str, tuple[str, str, int]] = field(default_factory=dict)

    def failed(
        self,
        installation_id: str,
        kind: str,
        reason: str,
        hint: str,
        *,
        now: datetime,
        verdict: str = "blocked",
    ) -> None:
        before = self.notes.get(installation_id, ("", "", 0))
        self.notes[installation_id] = (verdict, reason, before[2] + 1)

    def succeeded(self, installation_id: str, kind: str, *, now: datetime) -> None:
        self.notes[installation_id] = ("healthy", "", 0)


@dataclass
class FakeStages:
    kept: dict[str, Any] = field(default_factory=dict)
    broken: bool = False

    def put(self, delivery_id: str, stages: Mapping[str, Any], *, now: datetime) -> str | None:
        if self.broken:
            return None
        self.kept[delivery_id] = json.loads(json.dumps(stages))
        return f"stages/{now:%Y-%m-%d}/{delivery_id}.json"


@dataclass
class FakeMinutes:
    added: list[Mapping[str, Mapping[str, int]]] = field(default_factory=list)
    refuses: bool = False

    def add(self, at: datetime, counts: Mapping[str, Mapping[str, int]]) -> None:
        if self.refuses:
            raise Retryable("table_unavailable")
        self.added.append(counts)


@dataclass
class FakeSeats:
    """`taken` are (installation, number) → until."""

    taken: dict[tuple[str, int], datetime] = field(default_factory=dict)
    away: bool = False

    def take(
        self, installation_id: str, seats: int, *, now: datetime, until: datetime
    ) -> tuple[str, int] | None:
        if self.away:
            raise Retryable("table_unavailable")
        for number in range(seats):
            seat = (installation_id, number)
            if self.taken.get(seat, now) <= now:
                self.taken[seat] = until
                return seat
        return None

    def give_back(self, seat: tuple[str, int]) -> None:
        if self.away:
            raise Retryable("table_unavailable")
        self.taken.pop(seat, None)


@dataclass
class FakeQueue:
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    hidden: dict[str, float] = field(default_factory=dict)

    def send(
        self, bodies: Sequence[str], *, group: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> None:
        self.sent += [(body, dict(attributes or {})) for body in bodies]

    def hide(self, receipt_handle: str, seconds: float) -> None:
        self.hidden[receipt_handle] = seconds


START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
