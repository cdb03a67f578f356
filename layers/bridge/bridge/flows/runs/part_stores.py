"""What sending a part needs from outside: its row, its run, the installation's pause, the way to Braze."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bridge.flows.runs.pump import Gate, Sender
from mapping.export import RunPlan
from mapping.run import Halt, Run


class PartRow(Protocol):
    """A part as its row says: `mine` when this worker may go on, `tries` counts workers in a row that left no word."""

    @property
    def done(self) -> bool: ...
    @property
    def mine(self) -> bool: ...
    @property
    def ledger(self) -> str: ...
    @property
    def tries(self) -> int: ...


class PartRows(Protocol):
    """The rows of the parts; each write answers whether this worker still held the part."""

    def lease(self, run_id: str, part: int, owner: str, seconds: int) -> PartRow: ...
    def checkpoint(
        self, run_id: str, part: int, owner: str, ledger: str, seconds: int, *, progressed: bool
    ) -> bool: ...
    def leave(self, run_id: str, part: int, owner: str, ledger: str) -> bool: ...
    def finish(self, run_id: str, part: int, owner: str) -> bool: ...


class RunsToStop(Protocol):
    """The run, read and stopped."""

    def get(self, run_id: str) -> Run | None: ...
    def stop(self, run_id: str, halt: Halt) -> Run | None: ...


class Pause(Protocol):
    """Until when an installation is left alone, and for how many seconds it has been so far."""

    @property
    def until(self) -> datetime | None: ...
    @property
    def stood_still(self) -> float: ...


class Pauses(Protocol):
    """The pause all workers of an installation keep."""

    def get(self, installation_id: str) -> Pause: ...


class Senders(Protocol):
    """Makes the sender of a run; raises Blocked when the installation cannot be sent to."""

    def __call__(self, plan: RunPlan) -> Sender: ...


class HeldLines(Protocol):
    """Takes lines that may have arrived and are not sent again by themselves, by number; raises Retryable."""

    def file(self, plan: RunPlan, part: int, lines: Mapping[int, bytes]) -> None: ...


class PartReader(Protocol):
    """Reads lines at Braze; `keep` stores what it found since the last time."""

    def read(self, lines: Sequence[bytes]) -> Mapping[int, str]: ...
    def keep(self) -> None: ...


class Readers(Protocol):
    """Makes the reader of a reconcile's part; raises Blocked when the installation cannot be asked."""

    def __call__(self, plan: RunPlan, part: int) -> PartReader: ...


class Pacers(Protocol):
    """How fast to send in an installation's name, for each limit Braze keeps."""

    def __call__(self, installation_id: str, kind: str) -> Gate: ...
