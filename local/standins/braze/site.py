"""The whole stand-in: routes, faults around them, counters over all."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from local.standins.braze.campaigns import list_campaigns
from local.standins.braze.control import control
from local.standins.braze.counting import count, count_unhindered
from local.standins.braze.export import export_ids
from local.standins.braze.gate import Turned
from local.standins.braze.modes import Modes
from local.standins.braze.sends import trigger_send
from local.standins.braze.track import track
from local.standins.braze.workspace import Workspace
from local.standins.faults import Fault, strike
from local.standins.web import Answer, Reply, Request, encode, json_reply, parse

TRACK: Final = b"POST /users/track HTTP/1.1\r\n"


class Braze:
    """One Braze workspace behind HTTP; `clock` gives epoch seconds."""

    def __init__(self, modes: Modes | None = None, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.start_modes = modes or Modes()
        self.workspace = Workspace(clock, self.start_modes)

    def answer(self, head: bytes, body: bytes) -> Answer:
        """Answer one request from the wire."""
        modes = self.workspace.modes
        if modes.counting and head.startswith(TRACK):
            if not modes.faults and modes.rate_limit == "none":
                self.workspace.requests["/users/track"]["201"] += 1
                return count_unhindered(self.workspace, body)
            return encode(self._counted(Request("POST", "/users/track", body=body)))
        try:
            request = parse(head, body)
        except ValueError:
            return encode(json_reply(400, {"message": "Bad Request"}))
        return encode(self.handle(request))

    def handle(self, request: Request) -> Reply:
        """Answer one parsed request."""
        if request.method == "POST" and request.path == "/_standin/reset":
            self.workspace = Workspace(self.clock, self.start_modes)
            return Reply(204)
        if request.path.startswith("/_standin/"):
            return control(self.workspace, request)
        return self._counted(request)

    def _counted(self, request: Request) -> Reply:
        workspace = self.workspace
        fault, latency = workspace.faults.draw(request.path, request.body)
        reply = strike(fault, request, self._handler(fault)) if fault else self._handler(None)(request)
        label = (fault.fault if fault else "none") if reply.silent else str(reply.status)
        workspace.requests[request.path][label] += 1
        return replace(reply, delay=reply.delay + latency) if latency else reply

    def _handler(self, fault: Fault | None) -> Callable[[Request], Reply]:
        workspace = self.workspace

        def refuse() -> str | None:
            if fault is None or fault.fault != "object_errors":
                return None
            return fault.error if workspace.faults.refuses(fault) else None

        def handle(request: Request) -> Reply:
            try:
                return self._route(request, refuse)
            except Turned as turned:
                return turned.reply

        return handle

    def _route(self, request: Request, refuse: Callable[[], str | None]) -> Reply:
        workspace = self.workspace
        match request.method, request.path:
            case "POST", "/users/track":
                if workspace.modes.counting:
                    return count(workspace, request.body)
                return track(workspace, request, refuse)
            case "POST", "/users/export/ids":
                return export_ids(workspace, request)
            case "POST", "/campaigns/trigger/send":
                return trigger_send(workspace, request)
            case "GET", "/campaigns/list":
                return list_campaigns(workspace, request)
        return json_reply(404, {"message": "Not Found"})
