"""What Braze checks before it looks at the objects, in the order assumed in facts 11."""

from collections.abc import Sequence

from local.standins.braze.rates import Window, headers
from local.standins.braze.workspace import Workspace
from local.standins.web import Json, Reply, Request, json_reply

MOST_BODY_BYTES = 4 * 1000 * 1000
BAD_JSON = "Error while parsing request body. Please check your syntax."


class Turned(Exception):
    """A request is turned away; carries the reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def turn_away(status: int, message: str, **more: object) -> Turned:
    """Build a fatal answer with Braze's `message`."""
    return Turned(json_reply(status, {"message": message, **more}))


def admit(workspace: Workspace, request: Request, permission: str) -> None:
    """Check content type, key, permission and size; raise Turned."""
    if request.method == "POST":
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise turn_away(415, "Unsupported Media Type")
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    permissions = workspace.keys.get(key.strip()) if scheme.lower() == "bearer" else None
    if permissions is None:
        raise turn_away(401, "Invalid API key")
    if permission not in permissions:
        status = workspace.modes.permission_status
        raise turn_away(status, "Access Denied" if status == 403 else "Invalid API key")
    if len(request.body) > MOST_BODY_BYTES:
        raise turn_away(413, "Payload Too Large")


def read_body(request: Request) -> Json:
    """Return the JSON object sent; bad JSON answers with `error`, not `message` (facts 2.13)."""
    try:
        body = request.json()
    except ValueError:
        raise Turned(json_reply(400, {"error": BAD_JSON})) from None
    if not isinstance(body, dict):
        raise turn_away(400, "Bad Request")
    return body


def spend(workspace: Workspace, windows: Sequence[Window]) -> dict[str, str]:
    """Take one request from the windows and return the rate headers; raise Turned with a 429."""
    if not windows:
        return {}
    verdict = workspace.limiter.spend(windows)
    told = headers(verdict, workspace.modes)
    if not verdict.allowed:
        raise Turned(json_reply(429, {"message": "Rate limit exceeded"}, told))
    return told
