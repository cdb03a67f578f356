"""One DuckDB database in a directory of its own, for one plan or commit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from bridge.diff import orders, readback, restoring, snapshot
from bridge.diff import unknown as people
from bridge.diff.audience import Comparison
from bridge.diff.stage import Stage
from bridge.diff.stopping import Stopping
from bridge.diff.wire import Cutter
from bridge.errors import Retryable
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
from mapping.run import Column

IDS_PER_PARTITION = 10_000_000
HASHING = f"duckdb-{duckdb.__version__}"


class Session:
    """Everything asked of DuckDB; files beyond `memory_limit` (as "2GB") go to the directory."""

    def __init__(self, directory: Path, *, memory_limit: str, threads: int | None = None) -> None:
        self.directory = directory
        self.hashing = HASHING
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(directory / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        if threads:
            settings["threads"] = threads
        self._connection = duckdb.connect(config=settings)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._stopping = Stopping()
        self._stage: Stage | None = None
        self._columns: tuple[StageColumn, ...] = ()

    def close(self) -> None:
        """Let go of the database; its files go with the directory."""
        self._connection.close()

    def interrupt(self) -> None:
        """Stop what is running, from another thread; it raises Retryable("interrupted") there."""
        self._stopping.ask()
        self._connection.interrupt()

    def inspect(self, files: Sequence[SourceFile]) -> tuple[SourceColumn, ...]:
        """The columns of the export; raises Rejected when a part cannot be read."""
        with _interruptible():
            self._stage = Stage(self._connection, files, self._stopping.going)
            return self._stage.inspect()

    def propose(self, names: Sequence[str]) -> dict[str, ColumnType]:
        """Types for columns that nobody has typed, from their values."""
        with _interruptible():
            return self._opened().propose(names) if names else {}

    def load(
        self,
        columns: Sequence[StageColumn],
        *,
        identifier: str,
        time_zone: str,
        ops: bool,
        collapse: bool,
        attributes: bool = True,
    ) -> Staged:
        """Read the export into typed rows."""
        self._columns = tuple(columns)
        with _interruptible():
            return self._opened().load(
                columns,
                identifier=identifier,
                time_zone=time_zone,
                ops=ops,
                collapse=collapse,
                attributes=attributes,
            )

    def rejects(self) -> Iterator[Reject]:
        """Every row and value that `load` could not use."""
        with _interruptible():
            yield from self._opened().rejects()

    def restore(self, wished: Old, columns: Sequence[StageColumn], only: Path | None = None) -> Staged:
        """Take a snapshot, or its rows of those a file names, for what is wished, instead of an export."""
        self._columns = tuple(columns)
        with _interruptible():
            self._stage = Stage(self._connection, (), self._stopping.going)
            staged, self._stage.left_out = restoring.load(self._connection, wished, columns, only)
            return staged

    def reading(self, old: Old, sampling: Sampling, *, part_rows: int, emit: Emit) -> Compared:
        """Write the parts of a reconcile."""
        with _interruptible():
            return readback.cut(self._connection, old, sampling, Cutter(self._connection, part_rows, emit))

    def gather(self, files: Sequence[Path], target: Path, *, with_unknown: bool) -> Drifted:
        """Count what a reconcile found; whom and what to repair goes to `target`."""
        with _interruptible():
            return readback.gather(self._connection, files, target, with_unknown=with_unknown)

    def retry(self, unknown: Old) -> int:
        """Stage those Braze did not know whom a delta does not name; how many they are."""
        with _interruptible():
            return people.retry(self._connection, unknown, self._columns)

    def still(self, unknown: Old, changes: Sequence[Path], columns: Sequence[Column]) -> int:
        """After `commit`: write `unknown.parquet`, those Braze did not know and did not take; how many they are."""
        with _interruptible():
            return people.still(self._connection, unknown, changes, columns, self.directory)

    def split(self, old: Old, unknown: Old | None, drift: Path) -> tuple[Written, int]:
        """Write the snapshot without those a reading did not find, and `unknown.parquet` with them."""
        with _interruptible():
            return people.split(self._connection, old, unknown, drift, self.directory)

    def held(self, old: Old, drift: Path, attribute: str) -> Old:
        """The rows that drifted, as Braze holds them."""
        with _interruptible():
            target = self.directory / "held-0000.parquet"
            return readback.held(self._connection, old, drift, attribute, target)

    def compare(
        self, old: Old | None, sending: Sending, *, full: bool, rows: int, part_rows: int, emit: Emit
    ) -> Compared:
        """Write parts (through `emit`) and change files; `rows`, of the larger side, sets the partitions."""
        with _interruptible():
            cutter = Cutter(self._connection, part_rows, emit)
            comparison = Comparison(
                self._connection, self._opened().left_out, self._columns, old, sending, full=full
            )
            return comparison.run(max(1, -(-rows // IDS_PER_PARTITION)), cutter, self.directory)

    def recipients(self, identifier: str, *, part_rows: int, emit: Emit) -> Compared:
        """Write the parts of a campaign export."""
        with _interruptible():
            cutter = Cutter(self._connection, part_rows, emit)
            return orders.recipients(self._connection, self._columns, identifier, cutter)

    def events(self, identifier: str, *, update_existing_only: bool, part_rows: int, emit: Emit) -> Compared:
        """Write the parts of an events export."""
        with _interruptible():
            cutter = Cutter(self._connection, part_rows, emit)
            return orders.events(
                self._connection,
                self._columns,
                identifier,
                cutter,
                update_existing_only=update_existing_only,
            )

    def change_files(self) -> tuple[Path, ...]:
        """What `compare` wrote beside the parts, one per partition."""
        return tuple(sorted(self.directory.glob("changes-*.parquet")))

    def commit(
        self, old: Old | None, changes: Sequence[Path], columns: Sequence[Column], refused: Refused
    ) -> Written:
        """Write the new snapshot into the directory."""
        with _interruptible():
            return snapshot.build(self._connection, old, changes, columns, refused, self.directory)

    def forget(self, source: Path, ids: Sequence[str], target: Path) -> tuple[int, int, int]:
        """Write the rows of other ids to `target`, unless there are none of these: removed, rows and members left."""
        with _interruptible():
            return snapshot.without(self._connection, source, ids, target)

    def _opened(self) -> Stage:
        if self._stage is None:
            raise RuntimeError("inspect comes first")
        return self._stage


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException as error:
        raise Retryable("interrupted") from error
    except (duckdb.OutOfMemoryException, duckdb.FatalException) as error:
        raise Retryable("out_of_room", "the plan ran out of memory or disk") from error
