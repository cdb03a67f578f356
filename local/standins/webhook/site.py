"""Keeps every request as it came in, headers and bytes, and answers as it was told to."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from local.standins.paging import Page, page_of
from local.standins.web import Answer, Json, Reply, Request, encode, json_reply, parse

KEPT: Final = 10_000


@dataclass(slots=True)
class Receiver:
    """`statuses` maps a path to what is answered there; 200 everywhere else."""

    received: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT))
    statuses: dict[str, int] = field(default_factory=dict)

    def answer(self, head: bytes, body: bytes) -> Answer:
        """Answer one request from the wire."""
        try:
            request = parse(head, body)
        except ValueError:
            return encode(json_reply(400, {"error": "Bad Request"}))
        return encode(self.handle(request))

    def handle(self, request: Request) -> Reply:
        """Answer one parsed request."""
        if request.path.startswith("/_standin/"):
            return self._control(request)
        status = self.statuses.get(request.path, 200)
        self.received.append(
            {
                "method": request.method,
                "path": request.path,
                "headers": dict(request.headers),
                "body": request.body.decode("utf-8", "replace"),
                "status": status,
            }
        )
        return json_reply(status, {"received": len(request.body)})

    def _control(self, request: Request) -> Reply:
        """`GET requests?path=`, `PUT statuses` (path to status) and `POST reset`, all under /_standin/."""
        match request.method, request.path.removeprefix("/_standin/"):
            case "GET", "requests":
                path = request.query.get("path")
                found = [one for one in self.received if path in (None, one["path"])]
                return json_reply(200, {"requests": page_of(found, Page.of(request)), "total": len(found)})
            case "PUT", "statuses":
                return self._put_statuses(request)
            case "POST", "reset":
                self.received.clear()
                self.statuses.clear()
                return Reply(204)
        return json_reply(404, {"error": f"no control route {request.method} {request.path}"})

    def _put_statuses(self, request: Request) -> Reply:
        try:
            given = request.json()
        except ValueError:
            given = None
        if not isinstance(given, dict) or not all(type(one) is int for one in given.values()):
            return json_reply(400, {"error": "the body maps paths to statuses"})
        self.statuses = {str(path): status for path, status in given.items()}
        return json_reply(200, dict(self.statuses))
