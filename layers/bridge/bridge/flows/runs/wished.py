"""Where the state a run is to bring about comes from: an export, an earlier snapshot, or what was found to differ."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bridge.errors import Rejected
from bridge.flows.runs.comparing import Comparing
from bridge.flows.runs.runs import Exports, Parts, Snapshots, Watch
from bridge.flows.runs.side_by_side import in_order
from mapping.comparison import Old, SourceColumn, SourceFile, StageColumn, Staged
from mapping.export import ExportPart, Manifest
from mapping.run import Run, Snapshot

type Committed = Callable[[], Old | None]


class Wished(Protocol):
    """Read once for its columns, then into the stage with those that are sent."""

    def columns(self) -> Sequence[SourceColumn]: ...
    def load(self, columns: Sequence[StageColumn]) -> Staged: ...
    def known(self, committed: Committed) -> Old | None:
        """What Braze is known to hold; `committed` gives what the last run left."""


@dataclass(slots=True)
class FromExport:
    """The parts a manifest names; raises Rejected when they are not what it says."""

    exports: Exports
    session: Comparing
    run: Run
    manifest: Manifest
    watch: Watch
    transfers: Executor | None = None
    files: Sequence[SourceFile] = ()

    def columns(self) -> Sequence[SourceColumn]:
        """Download the parts and look at their heads."""
        self.files = self._download()
        found = self.session.inspect(self.files)
        self._require(found)
        return found

    def load(self, columns: Sequence[StageColumn]) -> Staged:
        """Every row of every part."""
        staged = self.session.load(
            columns,
            identifier=self.manifest.identifier,
            time_zone=self.manifest.time_zone,
            ops=self.run.kind == "audience" and self.manifest.mode == "delta",
            collapse=self.run.kind != "events",
            attributes=self.run.kind == "audience",
        )
        self._complete(staged)
        return staged

    def known(self, committed: Committed) -> Old | None:
        """What was committed last."""
        return committed()

    def _download(self) -> list[SourceFile]:
        return in_order(self.transfers, self._one, enumerate(self.manifest.parts, 1))

    def _one(self, numbered: tuple[int, ExportPart]) -> SourceFile:
        number, part = numbered
        path = self.session.directory / f"export-{number:05d}"
        self.watch.check()
        digest = self.exports.download(part.key, path, self.watch.check)
        if part.sha256 and digest != part.sha256.lower():
            raise Rejected(
                "wrong_sha256", f"{part.key} is not the file the manifest names: put the export again"
            )
        return SourceFile(number, path, part.key)

    def _require(self, found: Sequence[SourceColumn]) -> None:
        needed: list[str] = [self.manifest.identifier]
        needed += ["op"] if self.run.kind == "audience" and self.manifest.mode == "delta" else []
        needed += ["event_name", "event_time"] if self.run.kind == "events" else []
        missing = [name for name in needed if name not in {column.name for column in found}]
        if missing and self.manifest.parts:
            raise Rejected(
                "missing_column", f"no column {', '.join(missing)} in {self.manifest.parts[0].key}"
            )

    def _complete(self, staged: Staged) -> None:
        for part, source in zip(self.manifest.parts, self.files, strict=True):
            found = staged.rows.get(source.number, 0)
            if part.rows is not None and part.rows != found:
                raise Rejected("truncated", f"{part.key} has {found} rows, the manifest says {part.rows}")


@dataclass(slots=True)
class FromSnapshot:
    """What an earlier run committed: who was a member, who had left, and the values of both."""

    snapshots: Snapshots
    session: Comparing
    snapshot: Snapshot

    def columns(self) -> Sequence[SourceColumn]:
        """The attributes the snapshot knows; later ones are left alone, as by an export without them."""
        return tuple(SourceColumn(column.name, column.type) for column in self.snapshot.columns)

    def load(self, columns: Sequence[StageColumn]) -> Staged:
        """Every row of the snapshot; raises Rejected when its files are not kept any more."""
        directory = self.session.directory / "wished"
        directory.mkdir(exist_ok=True)
        files = tuple(self.snapshots.download(self.snapshot, directory)) if self.snapshot.partitions else ()
        if self.snapshot.unknown:
            files = (*files, self.snapshots.download_unknown(self.snapshot, directory))
        same = self.snapshot.hashing == self.session.hashing
        return self.session.restore(Old(files, self.snapshot.columns, same), columns)

    def known(self, committed: Committed) -> Old | None:
        """What was committed last."""
        return committed()


@dataclass(slots=True)
class FromDrift:
    """What was committed of those whom a reconcile found to differ at Braze."""

    parts: Parts
    session: Comparing
    reconcile_id: str
    committed: Old
    membership: str

    def columns(self) -> Sequence[SourceColumn]:
        """Every attribute of the snapshot."""
        return tuple(SourceColumn(column.name, column.type) for column in self.committed.columns)

    def load(self, columns: Sequence[StageColumn]) -> Staged:
        """The rows of those who differ."""
        self.parts.get_drift(self.reconcile_id, self._drift)
        return self.session.restore(self.committed, columns, self._drift)

    def known(self, committed: Committed) -> Old | None:  # noqa: ARG002 - it is what is wished here
        """The same rows without what was found to differ: that, and no more, is sent."""
        return self.session.held(self.committed, self._drift, self.membership)

    @property
    def _drift(self) -> Path:
        return self.session.directory / "drift.parquet"
