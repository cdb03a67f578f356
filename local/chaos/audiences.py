"""Two audiences that change all the time: one exported in full, one by deltas, and at the end both once more."""

import csv
import gzip
import hashlib
import io
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal

import requests

from local.chaos.asking import Refused, Site
from local.chaos.people import Crowd

Json = dict[str, Any]
Members = dict[str, dict[str, Any]]
ENDED = frozenset({"done", "cancelled", "blocked", "stale"})
CITIES = ("Oslo", "Bergen", "Tromsø", "Bodø")
SIZE, MOVING = 400, 20
GAP, POLL = 3.0, 0.5


@dataclass
class Audience:
    """`members` is the truth as last exported, `ever` everybody it ever held, `longest` the longest run in seconds."""

    name: str
    mode: Literal["full", "delta"]
    crowd: Crowd
    account: Any
    admin: Site
    bucket: str
    integration_id: str
    dice: Random
    members: Members = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    exports: int = 0
    ended: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0
    _until: float = float("inf")
    _halted: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def flag(self) -> str:
        """The membership's attribute at Braze."""
        return f"AIQ_{self.name}_1"

    def start(self) -> None:
        """Export and wait, over and over, in the background."""
        self._thread = threading.Thread(target=self._on, daemon=True)
        self._thread.start()

    def finish(self, until: float) -> None:
        """When the vendors are well again: everything once more in full, and the deltas' audience one delta.

        All of it in the background, and until then (of the monotonic clock) at the most.
        """
        self._until = until
        self._halted.set()

    def wait(self) -> None:
        """Until the last run has ended."""
        if self._thread is not None:
            self._thread.join()

    def _on(self) -> None:
        while not self._halted.is_set():
            self._export("full" if not self.exports else self.mode)
            self._halted.wait(GAP)
        self._export("full")
        if self.mode == "delta":
            self._export("delta")

    def _export(self, mode: Literal["full", "delta"]) -> None:
        rows = self._moved(mode)
        try:
            self.ended.append(self._end(self._appeared(self._put(mode, rows))))
        except Refused as error:
            self.wrong.append(f"{self.name}: {error}")

    def _moved(self, mode: Literal["full", "delta"]) -> list[Json]:
        """Some leave, some join, some move; what the export says of it."""
        before = {user: dict(row) for user, row in self.members.items()}
        leavers = self.dice.sample(sorted(before), min(MOVING, len(before) // 10))
        for user in leavers:
            del self.members[user]
        while len(self.members) < SIZE:
            user = self.crowd.anybody(self.dice).user
            self.members.setdefault(user, self._row())
        for user in self.dice.sample(sorted(self.members), MOVING):
            self.members[user] = self._row()
        self.ever |= self.members.keys()
        if mode == "full":
            return [{"external_id": user, **row} for user, row in self.members.items()]
        changed = [
            {"external_id": user, "op": "add", **row}
            for user, row in self.members.items()
            if before.get(user) != row
        ]
        gone = before.keys() - self.members.keys()
        return changed + [{"external_id": user, "op": "remove", "n": "", "city": ""} for user in sorted(gone)]

    def _row(self) -> dict[str, Any]:
        return {"n": self.dice.randrange(1, 1000), "city": self.dice.choice(CITIES)}

    def _put(self, mode: str, rows: Sequence[Mapping[str, Any]]) -> str:
        self.exports += 1
        export = f"{self.name}-{self.exports}"
        prefix = f"exports/{self.integration_id}/audience={self.name}/split=1/{export}"
        body = _csv(rows)
        part = {
            "key": f"{prefix}/part-1.csv.gz",
            "rows": len(rows),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        manifest = {
            "mode": mode,
            "identifier": "external_id",
            "parts": [part],
            "exported_at": datetime.now(UTC).isoformat(),
            "attributes": {
                "n": {"name": f"n_{self.name}", "type": "number"},
                "city": {"name": f"city_{self.name}", "type": "string"},
            },
        }
        s3 = self.account.s3
        s3.put_object(Bucket=self.bucket, Key=part["key"], Body=body)
        s3.put_object(Bucket=self.bucket, Key=f"{prefix}/manifest.json", Body=json.dumps(manifest).encode())
        return export

    def _appeared(self, export: str) -> str:
        while time.monotonic() < self._until:
            page = self._asked("/v1/admin/audience-runs", limit=100)
            for run in page.get("data", ()):
                if run["integration_id"] == self.integration_id and run["export_id"] == export:
                    return str(run["id"])
            time.sleep(POLL)
        raise Refused(f"no run for export {export}")

    def _end(self, run_id: str) -> str:
        began = time.monotonic()
        run: Json = {}
        while time.monotonic() < self._until:
            run = self._asked(f"/v1/admin/audience-runs/{run_id}") or run
            status = run.get("status")
            if status in ENDED:
                self.longest = max(self.longest, time.monotonic() - began)
                return str(status)
            if status == "waiting_approval":
                self.admin.once("POST", f"/v1/admin/audience-runs/{run_id}/approve", {})
            time.sleep(POLL)
        raise Refused(f"not ended after {time.monotonic() - began:.0f} s: {json.dumps(run)}")

    def _asked(self, path: str, **query: Any) -> Json:
        """What the API says now; nothing when it does not answer, for it is asked again."""
        status, answer = self.admin.once("GET", path, **query)
        return answer if status == requests.codes.ok else {}


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode(), mtime=0)
