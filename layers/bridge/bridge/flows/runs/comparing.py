"""DuckDB as the flows see it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from bridge.flows.runs.runs import Snapshots
from mapping.comparison import (
    Compared,
    Drifted,
    Emit,
    Old,
    Refused,
    Reject,
    Sampling,
    Sending,
    SourceColumn,
    SourceFile,
    StageColumn,
    Staged,
    Written,
)
from mapping.export import ColumnType
from mapping.run import Column, Snapshot


class Comparing(Protocol):
    """DuckDB, as far as a plan or a commit needs it (`bridge.diff.Session`)."""

    hashing: str
    directory: Path

    def close(self) -> None: ...
    def interrupt(self) -> None: ...
    def inspect(self, files: Sequence[SourceFile]) -> tuple[SourceColumn, ...]: ...
    def propose(self, names: Sequence[str]) -> dict[str, ColumnType]: ...
    def load(
        self,
        columns: Sequence[StageColumn],
        *,
        identifier: str,
        time_zone: str,
        ops: bool,
        collapse: bool,
        attributes: bool,
    ) -> Staged: ...
    def rejects(self) -> Iterable[Reject]: ...
    def restore(self, wished: Old, columns: Sequence[StageColumn], only: Path | None = None) -> Staged: ...
    def reading(self, old: Old, sampling: Sampling, *, part_rows: int, emit: Emit) -> Compared: ...
    def gather(self, files: Sequence[Path], target: Path, *, with_unknown: bool) -> Drifted: ...
    def retry(self, unknown: Old) -> int: ...
    def still(self, unknown: Old, changes: Sequence[Path], columns: Sequence[Column]) -> int: ...
    def split(self, old: Old, unknown: Old | None, drift: Path) -> tuple[Written, int]: ...
    def held(self, old: Old, drift: Path, attribute: str) -> Old: ...
    def compare(
        self,
        old: Old | None,
        sending: Sending,
        *,
        full: bool,
        rows: int,
        part_rows: int,
        emit: Emit,
    ) -> Compared: ...
    def recipients(self, identifier: str, *, part_rows: int, emit: Emit) -> Compared: ...
    def events(
        self, identifier: str, *, update_existing_only: bool, part_rows: int, emit: Emit
    ) -> Compared: ...
    def forget(self, source: Path, ids: Sequence[str], target: Path) -> tuple[int, int, int]: ...
    def change_files(self) -> Sequence[Path]: ...
    def commit(
        self,
        old: Old | None,
        changes: Sequence[Path],
        columns: Sequence[Column],
        refused: Refused,
    ) -> Written: ...


UNKNOWN = "unknown.parquet"
"""The file of those whom Braze does not know, in a session's directory."""

type Sessions = Callable[[], AbstractContextManager[Comparing]]


def old_snapshot(snapshots: Snapshots, pointer: Snapshot | None, session: Comparing) -> Old | None:
    """The committed snapshot on local disk."""
    if pointer is None:
        return None
    files = tuple(snapshots.download(pointer, session.directory)) if pointer.partitions else ()
    return Old(files, pointer.columns, pointer.hashing == session.hashing)


def unknown_of(snapshots: Snapshots, pointer: Snapshot | None, session: Comparing) -> Old | None:
    """Those of a snapshot whom Braze does not know, on local disk; None when there are none."""
    if pointer is None or not pointer.unknown:
        return None
    path = snapshots.download_unknown(pointer, session.directory)
    return Old((path,), pointer.columns, same_hashing=False)
