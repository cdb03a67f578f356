"""Letters, stages and the files of runs, without the person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from bridge.flows.erase import scrub
from bridge.flows.erase.subject import Subject
from bridge.flows.runs.comparing import Sessions
from mapping.run import Run


class Files(Protocol):
    """The state bucket."""

    def page(self, prefix: str, after: str) -> tuple[list[str], str | None]:
        """Keys in order, and the one after which the next page begins."""

    def folders(self, prefix: str, after: str) -> tuple[list[str], str | None]:
        """Names right under a prefix, and the one after which the next page begins."""

    def read(self, key: str) -> bytes | None:
        """None when it has expired."""

    def lines(self, key: str) -> Iterator[str]:
        """A text's lines with their ends, however long it is."""

    def write(self, key: str, chunks: Iterable[bytes]) -> None:
        """In the place of what is there, as the same kind of content."""

    def fetch(self, key: str, target: Path) -> None: ...
    def store(self, key: str, source: Path) -> None: ...


class Runs(Protocol):
    """Runs, and how one that waits for a person is overtaken."""

    def get(self, run_id: str) -> Run | None: ...
    def supersede(self, run_id: str, by: str) -> bool: ...


class Claims(Protocol):
    """What was claimed once."""

    def forget(self, installation_id: str, kind: str, ids: Sequence[str]) -> int:
        """How many claims there were."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Every JSON object under a prefix; `kind` names them in the counts. One read each."""

    files: Files
    prefix: str
    kind: str

    def units(self, after: str) -> tuple[list[str], str | None]:
        """Keys."""
        return self.files.page(self.prefix, after)

    def erase(self, unit: str, subject: Subject) -> Mapping[str, int]:
        """Rewrite the object when it names the person."""
        body = self.files.read(unit)
        cleaned = scrub.document(body, subject) if body is not None else None
        if cleaned is None:
            return {}
        self.files.write(unit, (cleaned,))
        return {self.kind: 1}


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Parts, changes and rejects of runs. One that waits for a person becomes stale; one under way is waited for.

    Line numbers stay, so that results and reports still fit what they speak of.
    """

    files: Files
    runs: Runs
    claims: Claims
    sessions: Sessions
    executor: Executor

    def units(self, after: str) -> tuple[list[str], str | None]:
        """Ids of runs, one at a time."""
        names, _ = self.files.folders("runs/", after)
        return names[:1], names[0] if len(names) > 1 else None

    def erase(self, unit: str, subject: Subject) -> Mapping[str, int] | None:
        """All files of a run."""
        run = self.runs.get(unit)
        if run is not None and not run.ended:
            waits = run.status == "waiting_approval" and self.runs.supersede(unit, subject.job_id)
            if not waits:
                return None
        found = {"claims": self._recipient_claims(run, subject)}
        after: str | None = ""
        while after is not None:
            keys, after = self.files.page(f"runs/{unit}/", after)
            for counts in self._files(keys, run, subject):
                for kind, count in counts.items():
                    found[kind] = found.get(kind, 0) + count
        return {kind: count for kind, count in found.items() if count}

    def _files(self, keys: Sequence[str], run: Run | None, subject: Subject) -> Iterator[Mapping[str, int]]:
        parts = [key for key in keys if key.endswith(".jsonl")]
        yield from self.executor.map(lambda key: self._part(key, run, subject), parts)
        for key in keys:
            if key.endswith("rejects.csv"):
                yield self._rejects(key, subject)
            elif key.endswith(".parquet"):
                yield {"changes": rewritten(self.files, self.sessions, key, subject.values).removed}

    def _part(self, key: str, run: Run | None, subject: Subject) -> Mapping[str, int]:
        body = self.files.read(key)
        cleaned = scrub.lines(body, subject) if body is not None else None
        if body is None or cleaned is None:
            return {}
        pairs = zip(body.split(b"\n"), cleaned.split(b"\n"), strict=True)
        gone = [before for before, after in pairs if before != after]
        claimed = 0
        if run is not None and run.kind == "events":
            ids = [sha256(line).hexdigest() for line in gone]
            claimed = self.claims.forget(run.integration_id, "events", ids)
        self.files.write(key, (cleaned,))
        return {"lines": len(gone), "claims": claimed}

    def _rejects(self, key: str, subject: Subject) -> Mapping[str, int]:
        if not any(
            scrub.mentions(line.encode("utf-8", "surrogatepass"), subject) for line in self.files.lines(key)
        ):
            return {}
        self.files.write(key, scrub.rejects(self.files.lines(key), subject))
        return {"rejects": 1}

    def _recipient_claims(self, run: Run | None, subject: Subject) -> int:
        if run is None or run.kind != "campaign":
            return 0
        users = [("external_user_id", subject.external_id), ("braze_id", subject.braze_id)]
        forms = [form for name, user in users if user for form in (user, f"{name}={user}")]
        ids = [f"{run.export_id}#{run.campaign_id}#{form}" for form in forms]
        return self.claims.forget(run.integration_id, "campaign", ids) if ids else 0


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a file of rows held of the person, and holds now."""

    removed: int
    rows: int
    members: int


def rewritten(files: Files, sessions: Sessions, key: str, ids: Iterable[str]) -> Rewritten:
    """A Parquet file without the rows of these ids; left alone when there are none."""
    with sessions() as session:
        source, target = session.directory / "before.parquet", session.directory / "after.parquet"
        files.fetch(key, source)
        removed, rows, members = session.forget(source, sorted(ids), target)
        if removed:
            files.store(key, target)
        return Rewritten(removed, rows, members)
