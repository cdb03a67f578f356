"""Committed snapshots, every version that is kept, without the person: one audience at a time, never beside a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.flows.erase.kept_files import Files, Rewritten, rewritten
from bridge.flows.erase.subject import Subject
from bridge.flows.runs.comparing import UNKNOWN, Sessions
from mapping.run import Run, Snapshot


class Runs(Protocol):
    """Who has an audience."""

    def get(self, run_id: str) -> Run | None: ...
    def holder(self, audience: str) -> str | None: ...
    def take_audience(self, audience: str, run_id: str, expected: str | None) -> bool: ...
    def supersede(self, run_id: str, by: str) -> bool: ...


class Snapshots(Protocol):
    """Pointers and files of committed snapshots."""

    def audiences(self) -> list[str]:
        """All that ever committed one that is still kept, in order."""

    def folder(self, audience: str) -> str: ...
    def pointer(self, audience: str) -> Snapshot | None: ...
    def flip(self, audience: str, snapshot: Snapshot, expected: int | None) -> bool: ...
    def describe(self, snapshot: Snapshot) -> None: ...
    def purge(self, audience: str) -> None:
        """Delete what was there before something was written in its place."""


@dataclass(frozen=True, slots=True)
class AudienceSnapshots:
    """Takes the audience as a run does, so that neither reads what the other half wrote."""

    runs: Runs
    snapshots: Snapshots
    files: Files
    sessions: Sessions

    def units(self, after: str) -> tuple[list[str], str | None]:
        """Audiences, one at a time."""
        left = [one for one in self.snapshots.audiences() if one > after]
        return left[:1], left[0] if len(left) > 1 else None

    def erase(self, unit: str, subject: Subject) -> Mapping[str, int] | None:
        """None while a run has the audience."""
        job = subject.job_id
        holder_id = self.runs.holder(unit)
        holder = self.runs.get(holder_id) if holder_id and holder_id != job else None
        if holder and not holder.ended:
            waits = holder.status == "waiting_approval" and self.runs.supersede(holder.id, job)
            if not waits:
                return None
        if not self.runs.take_audience(unit, job, holder_id):
            return None
        removed = self._rewrite(unit, subject)
        # The run before has it again, so that the next one waits until Braze has settled.
        if holder_id and holder_id != job:
            self.runs.take_audience(unit, holder_id, job)
        return {"snapshots": removed} if removed else {}

    def _rewrite(self, audience: str, subject: Subject) -> int:
        pointer = self.snapshots.pointer(audience)
        identifier = pointer.identifier if pointer else "external_id"
        ids = [value for kind, value in subject.named().items() if kind == identifier]
        if not ids:
            return 0
        removed = 0
        now: dict[str, Rewritten] = {}
        after: str | None = ""
        while after is not None:
            keys, after = self.files.page(self.snapshots.folder(audience), after)
            for key in keys:
                if not key.endswith(".parquet"):
                    continue
                done = rewritten(self.files, self.sessions, key, ids)
                removed += bool(done.removed)
                if pointer and key.startswith(pointer.prefix):
                    now[key.removeprefix(pointer.prefix)] = done
        self.snapshots.purge(audience)
        if pointer:
            self._recount(audience, pointer, now)
        return removed

    def _recount(self, audience: str, pointer: Snapshot, now: Mapping[str, Rewritten]) -> None:
        whole = [one for name, one in now.items() if name != UNKNOWN]
        counts = {
            "rows": sum(one.rows for one in whole),
            "members": sum(one.members for one in whole),
            "unknown": now[UNKNOWN].rows if UNKNOWN in now else 0,
        }
        if counts != {name: getattr(pointer, name) for name in counts}:
            counted = pointer.model_copy(update=counts)
            self.snapshots.describe(counted)
            self.snapshots.flip(audience, counted, pointer.version)
