"""The local stack's processes and their memory, from /proc (Linux alone)."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from local.processes import Processes
from local.settings import LocalSettings

PROC = Path("/proc")
MEGABYTE = 1024 * 1024


def memory(settings: LocalSettings) -> dict[str, float]:
    """MB resident: of each function's largest process under its name, of the emulator, stand-ins and front."""
    known = Processes(settings.state / "processes", settings.logs)
    found = {name: _resident(pid) for name in known.names() if (pid := known.pid(name)) is not None}
    emulator = known.pid("emulator")
    largest: dict[str, float] = defaultdict(float)
    for pid in _children(emulator) if emulator is not None else ():
        name = _function(pid)
        if name is not None:
            largest[name] = max(largest[name], _resident(pid))
    return found | largest


def _children(parent: int) -> Iterator[int]:
    for task in (PROC / str(parent) / "task").iterdir():
        try:
            yield from map(int, (task / "children").read_text().split())
        except OSError:
            continue  # a thread that has ended meanwhile


def _function(pid: int) -> str | None:
    """`CollectFunction` of `signal-bridge-local-CollectFunction-1A2B…`; None for what is no function."""
    try:
        entries = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    names = [one for one in entries if one.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
    words = names[0].decode().split("-") if names else []
    return next((word for word in words if word.endswith("Function")), None)


def _resident(pid: int) -> float:
    try:
        pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
