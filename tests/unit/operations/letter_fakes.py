"""Dead letters, replays and lanes in memory."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.errors import Retryable
from mapping.letter import Counted, Group, ReplayJob

AT = "2026-11-22T12:00:00.000Z"


class Killed(BaseException):
    """The worker is gone."""


@dataclass
class FakeLetters:
    """Letters by id; `dies_marking` kills whoever marks, `cannot_mark` refuses."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    claimed: dict[str, str] = field(default_factory=dict)
    cannot_mark: bool = False
    dies_marking: bool = False
    read: int = 0

    def add(self, number: int = 1, body: str = "{}", **changes: Any) -> str:
        letter = {
            "id": f"ltr_{number:024x}",
            "queue": "braze",
            "reason": "unauthorized",
            "outcome": "blocked",
            "detail": "",
            "integration_id": "int_1",
            "delivery_id": None,
            "message_id": f"message-{number}",
            "receive_count": 1,
            "at": AT,
            "replayed_at": None,
        } | changes
        self.rows[letter["id"]] = letter
        self.texts[letter["id"]] = body
        return str(letter["id"])

    def _listed(self, wanted, *, replayed=False):
        found = [
            one
            for one in self.rows.values()
            if bool(one["replayed_at"]) == replayed and wanted.has(_group(one))
        ]
        return sorted(found, key=_place)

    def page(self, limit, cursor, wanted, *, replayed=False):
        found = [
            one for one in self._listed(wanted, replayed=replayed)[::-1] if _place(one) < (cursor or "~")
        ]
        return self._some(found, limit)

    def oldest(self, limit, wanted, *, after, until):
        found = [one for one in self._listed(wanted) if _place(one) > after and one["at"] <= until]
        return self._some(found, limit)

    def _some(self, found, limit):
        self.read += min(limit, len(found))
        return found[:limit], _place(found[limit - 1]) if len(found) > limit else None

    def counted(self):
        opened = Counter(
            (one["at"][:10], _group(one)) for one in self.rows.values() if not one["replayed_at"]
        )
        done = Counter((one["at"][:10], _group(one)) for one in self.rows.values() if one["replayed_at"])
        return [Counted(*key, opened[key], done[key]) for key in {**opened, **done}]

    def get(self, letter_id):
        return self.rows.get(letter_id)

    def several(self, letter_ids):
        return [self.rows[one] for one in dict.fromkeys(letter_ids) if one in self.rows]

    def bodies(self, letter_ids):
        return [self.texts.get(one) for one in letter_ids]

    def claim(self, letters, owner):
        free = [one for one in letters if self.claimed.get(one["id"], owner) == owner]
        taken = [one for one in free if not self.rows[one["id"]]["replayed_at"]]
        self.claimed |= {one["id"]: owner for one in taken}
        return taken

    def release(self, letters):
        for one in letters:
            self.claimed.pop(one["id"], None)

    def mark_replayed(self, letters):
        if self.dies_marking:
            raise Killed
        if self.cannot_mark:
            return [one["id"] for one in letters]
        for one in letters:
            self.rows[one["id"]]["replayed_at"] = AT
            self.claimed.pop(one["id"], None)
        return []


@dataclass
class FakeQueue:
    bodies: list[str] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    attributes: list[Mapping[str, str]] = field(default_factory=list)
    refuses: bool = False

    def offer(
        self,
        bodies: Sequence[str],
        *,
        group: str | None = None,
        attributes: Sequence[Mapping[str, str]] = (),
    ) -> Sequence[int]:
        if self.refuses:
            return range(len(bodies))
        self.bodies += bodies
        self.groups.append(group)
        self.attributes += attributes
        return ()

    def send(self, bodies: Sequence[str], *, group: str | None = None) -> None:
        if self.offer(bodies, group=group):
            raise Retryable("queue_unavailable")

    @property
    def documents(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]


@dataclass
class FakeJobs:
    """Replays by id, and who works on them; a worker that was killed keeps its lease until it is `expired`."""

    rows: dict[str, ReplayJob] = field(default_factory=dict)
    leases: dict[str, str] = field(default_factory=dict)

    def create(self, job):
        if job.id in self.rows:
            return False
        self.rows[job.id] = job
        return True

    def get(self, replay_id):
        return self.rows.get(replay_id)

    def open(self):
        return [one for one in self.rows.values() if one.status == "replaying"]

    def ended(self, limit, before):
        done = sorted(
            (one for one in self.rows.values() if one.status != "replaying" and one.id < (before or "~")),
            key=lambda one: one.id,
            reverse=True,
        )
        return done[:limit], done[limit - 1].id if len(done) > limit else None

    def hold(self, replay_id, owner):
        job = self.rows.get(replay_id)
        if job is None or job.status != "replaying" or self.leases.setdefault(replay_id, owner) != owner:
            return None
        return job

    def note(self, job, owner, *, replayed=0, ended=False):
        if self.leases.get(job.id) != owner:
            return None
        kept = self.rows[job.id]
        told = {"replayed": kept.replayed + replayed, "status": kept.status}
        self.rows[job.id] = job.model_copy(update=told)
        return self.end(job.id, "done") if ended and kept.status == "replaying" else self.rows[job.id]

    def let_go(self, replay_id, owner):
        if self.leases.get(replay_id) == owner:
            del self.leases[replay_id]

    def end(self, replay_id, status):
        if self.rows[replay_id].status != "replaying":
            return None
        self.rows[replay_id] = self.rows[replay_id].model_copy(update={"status": status, "ended_at": AT})
        return self.rows[replay_id]

    def expired(self):
        self.leases.clear()


@dataclass
class FakeDepths:
    lanes: dict[str, dict[str, int]] = field(default_factory=dict)

    def all(self):
        empty = {"waiting": 3, "in_flight": 1, "delayed": 0, "dead_letters": 0}
        return [{"name": "braze", **empty, **self.lanes.get("braze", {})}]


def _group(one):
    return Group(one["queue"], one["integration_id"] or "", one["outcome"], one["reason"])


def _place(one):
    return f"{one['at']}#{one['id']}"
