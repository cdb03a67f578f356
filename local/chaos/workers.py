"""The function processes of this stack's emulator, and their sudden end."""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"/ministack-lambda-[^/]*?-([A-Za-z]+)Function-[^/]*/_worker\.py$")


@dataclass(frozen=True, slots=True)
class Worker:
    """One process that runs one function."""

    pid: int
    function: str


@dataclass(frozen=True, slots=True)
class Workers:
    """Children of the emulator `pid` whose code lies under its folder `state`, and no others."""

    pid: int
    state: Path
    proc: Path = Path("/proc")

    def running(self) -> list[Worker]:
        """All there are at this moment, by pid."""
        return sorted(self._found(), key=lambda worker: worker.pid)

    def kill(self, worker: Worker) -> bool:
        """SIGKILL; False when it is gone, or another process has its number."""
        if worker not in self.running():
            return False
        try:
            os.kill(worker.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def _found(self) -> Iterator[Worker]:
        for folder in self.proc.glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                script = (folder / "cmdline").read_bytes().decode().rstrip("\0").split("\0")[-1]
            except (OSError, ValueError, IndexError):
                continue
            name = _NAME.search(script)
            if parent == self.pid and script.startswith(str(self.state)) and name:
                yield Worker(int(folder.name), name[1])
