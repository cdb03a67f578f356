"""What the steps of a run need from outside, and how a worker holds a run while it works on it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol

from bridge.errors import Retryable
from mapping.comparison import PartFile
from mapping.export import RunPlan
from mapping.run import STARTING, ColumnRecord, Halt, PartResult, Run, RunStatus, Snapshot


@dataclass(frozen=True, slots=True)
class Finished:
    """The message can be acknowledged."""


@dataclass(frozen=True, slots=True)
class Later:
    """The message hides for this long and is then received again."""

    seconds: int
    reason: str


type Verdict = Finished | Later


class Runs(Protocol):
    """Rows of RunsTable; every write is conditional, and says by its answer whether the condition held."""

    def create(self, run: Run) -> Run:
        """The run as it is kept: the one given when its id is new."""

    def get(self, run_id: str) -> Run | None:
        """Read consistently."""

    def hold(self, run_id: str, owner: str, seconds: int) -> Run | None:
        """Take or extend the worker lease; None when another worker holds it or the run does not exist."""

    def let_go(self, run_id: str, owner: str) -> None:
        """Give the worker lease back early."""

    def move(self, run: Run, owner: str, *, expect: Collection[str], **changes: Any) -> Run | None:
        """Change the row while `owner` holds it and its status is one of `expect`; None when it is not so."""

    def stop(self, run_id: str, halt: Halt) -> Run | None:
        """Ask a run that is under way to end early; the first reason stays."""

    def supersede(self, run_id: str, by: str, status: RunStatus = "waiting_approval") -> bool:
        """Turn a run that waits, for approval or its audience, into a stale one."""

    def in_line(self, audience: str) -> Sequence[Run]:
        """The runs of exports that wait for their turn at the audience."""

    def holder(self, audience: str) -> str | None:
        """The run that last took the audience."""

    def erasing(self, holder: str) -> bool:
        """Whether the holder is an erasure that somebody works on."""

    def take_audience(self, audience: str, run_id: str, expected: str | None) -> bool:
        """Make `run_id` the audience's run when `expected` still is (None: nobody ever was)."""


class Exports(Protocol):
    """The export bucket."""

    def manifest(self, key: str, etag: str) -> tuple[bytes, datetime]:
        """Body and time of this very version; raises Rejected when it is gone or was replaced."""

    def modified(self, key: str, etag: str) -> datetime:
        """When a dropped file was put; raises Rejected when it is gone or was replaced."""

    def download(self, key: str, target: Path, going: Callable[[], None]) -> str:
        """Write the object to disk; the sha256 of its bytes. Raises Rejected when it is gone.

        `going` is called at least once a megabyte, and ends the download by raising.
        """


class Parts(Protocol):
    """Plans, parts, results and reports of runs in the state bucket."""

    def put_part(self, run_id: str, attempt: int, part: PartFile) -> str: ...
    def put_changes(self, run_id: str, attempt: int, number: int, path: Path) -> None: ...
    def get_changes(self, run_id: str, attempt: int, directory: Path) -> Sequence[Path]: ...
    def put_plan(self, plan: RunPlan) -> tuple[str, str]: ...
    def get_plan(self, key: str, sha256: str) -> RunPlan: ...
    def get_part(self, key: str) -> bytes: ...
    def put_result(self, run_id: str, result: PartResult, *, over: str | None = None) -> bool:
        """Store it where there is none, or over the one with that tag; False where another one lies."""

    def result_tag(self, run_id: str, part: int) -> str | None: ...
    def results(self, run_id: str, parts: int) -> Sequence[PartResult]: ...
    def results_there(self, run_id: str) -> Sequence[PartResult]: ...
    def findings(self, run_id: str, directory: Path) -> Sequence[Path]: ...
    def put_drift(self, run_id: str, path: Path) -> None: ...
    def get_drift(self, run_id: str, path: Path) -> None: ...
    def put_report(self, run_id: str, report: Mapping[str, Any]) -> str: ...
    def put_page(self, run_id: str, page: str) -> None: ...
    def put_rejects(self, run_id: str, chunks: Iterable[bytes], *, attempt: int | None = None) -> None:
        """Store them beside the report, or those of a plan under its attempt."""

    def get_rejects(self, run_id: str, attempt: int) -> Iterator[bytes]:
        """What a plan stored; nothing when it stored none."""


class History(Protocol):
    """A line for each run that ended, by what it is one of many of (`Run.series`)."""

    def note(self, series: str, entry: Mapping[str, Any]) -> None:
        """Keep the line; the same run's takes the place of its first."""

    def last(self, series: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """The last runs' lines, oldest first."""


class Snapshots(Protocol):
    """Pointers and files of committed snapshots, and the attributes an installation has sent."""

    def pointer(self, audience: str) -> Snapshot | None: ...
    def flip(self, audience: str, snapshot: Snapshot, expected: int | None) -> bool: ...
    def download(self, snapshot: Snapshot, directory: Path) -> Sequence[Path]: ...
    def upload(self, prefix: str, files: Sequence[Path]) -> None: ...
    def upload_unknown(self, prefix: str, path: Path) -> None: ...
    def download_unknown(self, snapshot: Snapshot, directory: Path) -> Path: ...
    def retire(self, audience: str, current: Snapshot) -> None:
        """Let the files of the version before expire from now on; doing it again only starts their time anew."""

    def prefix(self, audience: str, version: int, run_id: str) -> str: ...
    def describe(self, snapshot: Snapshot) -> None: ...
    def described(self, audience: str, version: int, run_id: str) -> Snapshot | None: ...
    def columns(self, integration_id: str) -> Mapping[str, ColumnRecord]: ...
    def record_column(self, integration_id: str, record: ColumnRecord) -> None: ...


class Outbox(Protocol):
    """A queue to send to."""

    def send(self, bodies: Sequence[str], *, group: str | None = None) -> None: ...


class Watch:
    """What a worker knows of its right to go on; `check` is called between steps."""

    def __init__(self) -> None:
        self.lost = False
        self.halt: Halt | None = None
        self.interrupt: Callable[[], None] = lambda: None

    @contextmanager
    def over(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Interrupt the work inside the block, from the heartbeat's thread, when it has to stop."""
        self.interrupt = interrupt
        try:
            yield
        finally:
            self.interrupt = lambda: None

    def check(self) -> None:
        """Raise Retryable when the lease is lost or the run was stopped."""
        if self.lost:
            raise Retryable("lease_lost", "another worker has taken the run over")
        if self.halt:
            raise Retryable("halted", self.halt.reason)


class Beat(Protocol):
    """Extends what has to be extended (the message's visibility)."""

    def __call__(self) -> None: ...


@contextmanager
def held(runs: Runs, run_id: str, owner: str, *, seconds: int, every: float, beat: Beat) -> Iterator[Watch]:
    """Keep the worker lease alive from a thread of its own, and learn there of a wish to stop."""
    watch, over = Watch(), Event()

    def tick() -> None:
        while not over.wait(every):
            try:
                beat()
                run = runs.hold(run_id, owner, seconds)
            except Exception:  # noqa: BLE001, S112 - one missed beat is made good by the next
                continue
            watch.lost = run is None
            watch.halt = run.halt if run and run.status in STARTING else None
            if watch.lost or watch.halt:
                watch.interrupt()

    thread = Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
