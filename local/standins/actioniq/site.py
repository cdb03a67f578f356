"""The whole stand-in: the ingestion route, faults around it, counters over all."""

import time
from collections.abc import Callable
from dataclasses import replace

from local.standins.actioniq.accounts import Accounts
from local.standins.actioniq.control import control
from local.standins.actioniq.ingest import Turned, ingest
from local.standins.actioniq.modes import Modes
from local.standins.faults import Fault, strike
from local.standins.web import Answer, Reply, Request, encode, json_reply, parse


class ActionIq:
    """ActionIQ behind HTTP; `clock` gives epoch seconds."""

    def __init__(self, modes: Modes | None = None, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.start_modes = modes or Modes()
        self.accounts = Accounts(clock, self.start_modes)

    def answer(self, head: bytes, body: bytes) -> Answer:
        """Answer one request from the wire."""
        try:
            request = parse(head, body)
        except ValueError:
            return encode(json_reply(400, {"error": "Bad Request"}))
        return encode(self.handle(request))

    def handle(self, request: Request) -> Reply:
        """Answer one parsed request."""
        if request.method == "POST" and request.path == "/_standin/reset":
            self.accounts = Accounts(self.clock, self.start_modes)
            return Reply(204)
        if request.path.startswith("/_standin/"):
            return control(self.accounts, request)
        accounts = self.accounts
        fault, latency = accounts.faults.draw(request.path, request.body)
        reply = strike(fault, request, self._handler(fault)) if fault else self._handler(None)(request)
        label = (fault.fault if fault else "none") if reply.silent else str(reply.status)
        accounts.requests[request.path][label] += 1
        return replace(reply, delay=reply.delay + latency) if latency else reply

    def _handler(self, fault: Fault | None) -> Callable[[Request], Reply]:
        accounts = self.accounts

        def refuse() -> str | None:
            if fault is None or fault.fault != "object_errors":
                return None
            return fault.error if accounts.faults.refuses(fault) else None

        def handle(request: Request) -> Reply:
            try:
                if accounts.modes.counting:
                    records = request.body.count(b'"record_id"')
                    accounts.counts["records"] += records
                    return json_reply(200, {"accepted": records, "rejected": []})
                return ingest(accounts, request, refuse)
            except Turned as turned:
                return turned.reply

        return handle
