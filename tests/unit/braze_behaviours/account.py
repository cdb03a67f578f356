"""A Braze account on a socket, and everything of ours that speaks to it: mapping, lanes, runs, client."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bridge.clients.braze import BrazeClient
from bridge.clients.braze_export import BrazeExports
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Timeouts, Transport
from bridge.diff import Session
from bridge.flows.delivery.braze_lane import BrazeLane
from bridge.flows.delivery.vendor_keys import Credentials
from bridge.flows.runs.campaign_check import CampaignCheck
from bridge.flows.runs.pacing import Pacers
from bridge.flows.runs.senders import BrazeSenders
from local.standins.braze.site import Braze
from local.standins.web import LOOPBACK, Answer, Request, listen, port_of
from tests.unit.delivery import fakes
from tests.unit.delivery import world as delivery_world
from tests.unit.plan import world as plan_world

KEY = "brz_local_key"


class Account:
    """One Braze workspace, served; `site` is its inside, and `clock` the time there."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self.clock: Callable[[], datetime] = lambda: fakes.START
        self.transport = Transport(AllowedHosts((LOOPBACK,)), timeouts=Timeouts(1, 2, 2))
        self.fresh()

    def fresh(self) -> None:
        """Forget everything."""
        self.site = Braze(clock=lambda: self.now().timestamp())

    def answer(self, head: bytes, body: bytes) -> Answer:
        """Serve the site of the moment."""
        return self.site.answer(head, body)

    def client(self) -> BrazeClient:
        """Ours, over real sockets."""
        return BrazeClient(self.transport, self.now)

    def reads(self) -> BrazeExports:
        """Ours for reading back."""
        return BrazeExports(self.transport, self.now)

    def now(self) -> datetime:
        """The time there, by the clock of the moment."""
        return self.clock()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Look in or set a switch."""
        reply = self.site.handle(Request(method, f"/_standin/{path}", body=json.dumps(body).encode()))
        assert reply.status < 500, reply
        return reply.json() if reply.body else None

    def modes(self, **changes: Any) -> None:
        """Set switches."""
        self.call("PUT", "modes", changes)

    def fails_next(self, fault: str, path: str = "/users/track", **more: Any) -> None:
        """Let the next request go wrong."""
        self.modes(faults=[{"fault": fault, "path": path, "next": 1, **more}])

    def seed(self, *profiles: dict[str, Any]) -> None:
        """Make profiles at no cost."""
        self.call("POST", "profiles", {"profiles": profiles})

    def profile(self, user: str) -> dict[str, Any]:
        """A profile flat, its custom attributes among the others; empty for nobody."""
        found = self.call("GET", f"profiles/{user}")
        return {} if "error" in found else found | found.pop("custom_attributes")

    def data_points(self) -> int:
        """How many were spent so far."""
        return int(self.call("GET", "counters")["data_points"])

    def answers(self, path: str = "/users/track") -> dict[str, int]:
        """Requests by what the caller saw."""
        return dict(self.call("GET", "counters")["requests"].get(path, {}))

    def events(self) -> list[dict[str, Any]]:
        """Every event as Braze keeps it."""
        return list(self.site.workspace.events)

    def messages(self) -> list[dict[str, Any]]:
        """Every message sent."""
        return list(self.site.workspace.triggers)


@contextmanager
def served() -> Iterator[Account]:
    """An account on a free port of loopback, in a thread of its own."""
    loop = asyncio.new_event_loop()
    site = _Later()
    server = loop.run_until_complete(listen(site, 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    account = site.account = Account(port_of(server))
    yield account
    account.transport._pools.clear()  # type: ignore[attr-defined]
    asyncio.run_coroutine_threadsafe(_closed(server), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _closed(server: asyncio.Server) -> None:
    server.close()
    server.close_clients()
    await server.wait_closed()


class _Later:
    account: Account

    def answer(self, head: bytes, body: bytes) -> Answer:
        return self.account.answer(head, body)


class Lane(delivery_world.World):
    """The real-time lane in front of an account."""

    def __init__(self, account: Account, **config: Any) -> None:
        super().__init__("braze", **{"rest_endpoint": account.url, **config})
        account.clock = self.clock
        self.secrets.values["rest_api_key"] = KEY
        self.lane = BrazeLane(account.client())

    def send(self, *items: dict[str, Any], number: int = 1) -> dict[str, Any]:
        """One receive of a delivery of these items; its row."""
        message = delivery_world.delivery(list(items), delivery_id=f"dlv_{number:024d}")
        self.receive(message)
        return self.row(message)

    def outcomes(self, number: int = 1) -> list[dict[str, Any]]:
        """What the last receive of a delivery made of each item."""
        found: list[dict[str, Any]] = self.stages.kept[f"dlv_{number:024d}"]["outcomes"]
        return found

    def wire(self, number: int = 1) -> Any:
        """The body of the delivery's last request."""
        return self.stages.kept[f"dlv_{number:024d}"]["request"][-1]["body"]


class Runs(plan_world.World):
    """Plan, sync and commit in front of an account, the comparison made by DuckDB."""

    def __init__(self, account: Account, directory: Path, *, settle: int = 0, **config: Any) -> None:
        @contextmanager
        def session() -> Iterator[Session]:
            with TemporaryDirectory(dir=directory) as own:
                found = Session(Path(own), memory_limit="500MB", threads=1)
                yield found
                found.close()

        super().__init__(
            part_rows=1000, sessions=session, settle=settle, config={"rest_endpoint": account.url, **config}
        )
        account.clock = self.clock
        self.pauses = fakes.FakePauses()
        keys = Credentials(fakes.FakeSecrets({"rest_api_key": KEY}))
        pacers = Pacers(self.sync.monotonic)
        senders = BrazeSenders(account.client(), self.nobody, keys, self.pauses, self.clock, pacers)
        self.sync = replace(self.sync, senders=senders, pauses=self.pauses)
        check = CampaignCheck(account.client(), keys, self.clock)
        self.steps = replace(self.steps, planning=replace(self.steps.planning, campaigns=check))


def person(message_id: str, user: str, *, at: str = "", **traits: Any) -> dict[str, Any]:
    """An identify of this user, at another time if need be."""
    found = delivery_world.identify(message_id, **traits) | {"userId": user}
    return found | ({"timestamp": at, "receivedAt": at} if at else {})
