"""Where the stack listens."""

from pathlib import Path

import pytest

from local.processes import Processes
from local.settings import STANDINS, LocalSettings

LISTENING = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
SERVICES = {*STANDINS, "emulator", "front"}

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's table of sockets")


def parent(pid: str) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]


def family(root: int) -> set[str]:
    """The process and everything it started."""
    parents = {}
    for pid in (path.name for path in Path("/proc").iterdir() if path.name.isdigit()):
        try:
            parents[pid] = parent(pid)
        except OSError:
            continue
    members = {str(root)}
    while grown := {pid for pid, above in parents.items() if above in members} - members:
        members |= grown
    return members


def sockets(pid: str) -> set[str]:
    try:
        links = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return set()
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def listeners() -> dict[str, str]:
    """Inode and local address of every socket that listens on this machine."""
    rows = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
    ]
    return {row[9]: row[1] for row in rows if row[3] == LISTENING}


def test_nothing_of_the_stack_listens_beyond_loopback(settings: LocalSettings, stack: object) -> None:
    running = Processes(settings.state / "processes", settings.logs)
    pids = {name: running.pid(name) for name in running.names()}
    assert set(pids) == SERVICES
    open_sockets = listeners()
    addresses = {
        open_sockets[inode]
        for pid in pids.values()
        for member in family(pid)
        for inode in sockets(member)
        if inode in open_sockets
    }
    ports = {settings.api_port, settings.emulator_port, *settings.standin_ports.values()}
    assert ports <= {int(address.rpartition(":")[2], 16) for address in addresses}
    assert {address.rpartition(":")[0] for address in addresses} <= LOOPBACK
