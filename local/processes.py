"""Background processes with pid files: only what was started here is ever stopped."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.settings import LOOPBACK, ROOT


class StackError(Exception):
    """The local stack cannot come up; the message is the one line to show."""


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the stack; `version` changes when it has to be started anew."""

    name: str
    argv: Sequence[str]
    port: int
    version: str
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Processes:
    """The stack's processes, known by the pid files in `state`."""

    state: Path
    logs: Path

    def ensure(self, service: Service, *, seconds: float = 30) -> bool:
        """Leave `service` listening on its port; true when it was started or started anew."""
        if self.start(service):
            self.wait(service, seconds=seconds)
            return True
        return False

    def start(self, service: Service) -> bool:
        """Start `service` unless it runs in this version; raises StackError when its port is taken."""
        if self.version(service.name) == service.version and listening(service.port):
            return False
        self.stop(service.name)
        if listening(service.port):
            variable = "API_PORT" if service.name == "front" else f"{service.name.upper()}_PORT"
            message = f"port {service.port} is taken by another program: free it, or set {variable}"
            raise StackError(message)
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{service.name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own argv
                service.argv,
                env=dict(service.env),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process.returncode = 0  # it outlives this program, which need not wait for it
        record = {
            "pid": process.pid,
            "birth": birth(process.pid),
            "version": service.version,
            "port": service.port,
        }
        self.state.mkdir(parents=True, exist_ok=True)
        self._file(service.name).write_text(json.dumps(record))
        return True

    def wait(self, service: Service, *, seconds: float = 30) -> None:
        """Wait until `service` listens; raises StackError when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not listening(service.port):
            if self.version(service.name) is None or time.monotonic() > deadline:
                message = f"{service.name} did not start: see {self.logs / (service.name + '.log')}"
                raise StackError(message)
            time.sleep(0.05)

    def version(self, name: str) -> str | None:
        """Return the version of the running process `name`, or None when it does not run."""
        record = self._record(name)
        return str(record["version"]) if record else None

    def pid(self, name: str) -> int | None:
        """Return the id of the running process `name`."""
        record = self._record(name)
        return int(str(record["pid"])) if record else None

    def stop(self, name: str, *, seconds: float = 5) -> bool:
        """End the process `name` and its children; true when it was running."""
        record = self._record(name)
        if record:
            _end(int(str(record["pid"])), seconds)
        self._file(name).unlink(missing_ok=True)
        return record is not None

    def names(self) -> list[str]:
        """Name every process that has a pid file."""
        return sorted(path.stem for path in self.state.glob("*.json"))

    def _file(self, name: str) -> Path:
        return self.state / f"{name}.json"

    def _record(self, name: str) -> dict[str, object] | None:
        try:
            record: dict[str, object] = json.loads(self._file(name).read_text())
        except (OSError, ValueError):
            return None
        alive = birth(int(str(record["pid"])))
        return record if alive and alive == record["birth"] else None


def listening(port: int) -> bool:
    """Say whether something accepts connections on this loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def birth(pid: int) -> str | None:
    """Return when process `pid` began, so that a reused id is not mistaken for ours; None when it has ended."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own argv
    return found.stdout.strip() or None


def _end(pid: int, seconds: float) -> None:
    """Each service leads a process group of its own, so its children end with it."""
    born = birth(pid)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, sign)
        deadline = time.monotonic() + seconds
        while birth(pid) == born and time.monotonic() < deadline:
            time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
