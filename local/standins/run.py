"""Run one stand-in until it is told to stop."""

import asyncio
import signal
import sys

import uvloop

from local.standins.door import Door
from local.standins.web import LOOPBACK, Site


async def _serve(name: str, site: Site, port: int) -> None:
    door = Door(site, port)
    await door.open()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    sys.stdout.write(f"{name} stand-in listens on http://{LOOPBACK}:{door.port}\n")
    sys.stdout.flush()
    await stopped.wait()
    door.close()


def run(name: str, site: Site, port: int) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code, 1 when the port is busy."""
    try:
        uvloop.run(_serve(name, site, port))
    except OSError as error:
        sys.stderr.write(f"{name} stand-in cannot listen on {LOOPBACK}:{port}: {error.strerror}\n")
        return 1
    return 0
