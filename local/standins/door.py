"""The door of a stand-in: it can be shut for a while, as if the vendor were gone; what is inside stays."""

import asyncio
import json
from dataclasses import dataclass, field

from local.standins.web import LOOPBACK, Answer, Connection, Reply, Site, encode, json_reply

AWAY = b"POST /_standin/away "
LONGEST = 60.0
_SOON = 0.02
"""Seconds in which the order to shut is answered."""


class _Guest(Connection):
    """A connection that the door knows of."""

    def __init__(self, door: "Door", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(door, loop)
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._door.guests.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's own signature)
        self._door.guests.discard(self)


@dataclass
class Door:
    """Listens for `site` on loopback; while it is shut every connection is refused, and open ones break."""

    site: Site
    port: int
    guests: set[_Guest] = field(default_factory=set)
    server: asyncio.Server | None = None
    _back: asyncio.Task[None] | None = None

    async def open(self) -> asyncio.Server:
        """Raise OSError when the port is busy."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: _Guest(self, loop), LOOPBACK, self.port, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]
        return self.server

    def close(self) -> None:
        """For good."""
        if self._back is not None:
            self._back.cancel()
        if self.server is not None:
            self.server.close()

    def answer(self, head: bytes, body: bytes) -> Answer:
        """The order to shut is the door's own; everything else is the site's."""
        if not head.startswith(AWAY):
            return self.site.answer(head, body)
        try:
            seconds = float(json.loads(body)["seconds"])
        except (ValueError, KeyError, TypeError):
            seconds = 0.0
        if not 0.0 < seconds <= LONGEST or self._back is not None:
            told = f"seconds: above 0, {LONGEST:.0f} at most, and not while it is shut"
            return encode(json_reply(400, {"error": told}))
        self._back = asyncio.get_running_loop().create_task(self._shut(seconds))
        return encode(Reply(204))

    async def _shut(self, seconds: float) -> None:
        await asyncio.sleep(_SOON)
        if self.server is not None:
            self.server.close()
        for guest in list(self.guests):
            guest.transport.abort()
        await asyncio.sleep(seconds)
        await self.open()
        self._back = None
