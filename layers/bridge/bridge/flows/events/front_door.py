"""The event API's front: which path means what, who may use it, and what is answered.

A table of routes instead of the Powertools resolver: there are five shapes of path, the resolver's import
alone costs 60 % of what `boto3` costs, and it parses bodies by content type, which no SDK gets right.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import Problem, Retryable
from bridge.flows import problems
from bridge.flows.events.collect import EventQueue, Submission, Taken, submission_events, take
from bridge.flows.events.decode import document, inflated
from bridge.flows.events.gateway import Answer, Request, answer_json, answer_problem, path_of
from bridge.flows.events.pixel import IMAGE, pixel_event, pixel_key
from bridge.flows.events.sdk_settings import settings_document
from bridge.flows.events.write_keys import (
    SigningSecrets,
    Sources,
    body_key,
    header_key,
    signed_origin,
    signed_source,
    source_of,
)

EVENT_PATHS: dict[str, str | None] = {
    **dict.fromkeys(("/v1/batch", "/v1/b", "/v1/import"), None),
    **{f"/v1/{word}": word for word in ("track", "page", "identify", "group", "alias", "screen")},
    **{f"/v1/{word[0]}": word for word in ("track", "page", "identify", "group", "alias", "screen")},
}
"""Path → the type of its events where the event does not say; None is a batch."""

SIGNED_PATH = "/v1/events"
ACTIVATIONS_PATH = "/v1/activations"
PIXEL_PREFIX = "/v1/pixel/"
SETTINGS_PREFIX, SETTINGS_SUFFIX = "/v1/projects/", "/settings"
DESCRIPTION_PATH = "/v1/openapi.json"

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "authorization, content-type, content-encoding, x-retry-count",
    "Access-Control-Expose-Headers": "retry-after",
    "Access-Control-Max-Age": "7200",
}


class Activations(Protocol):
    """Carries out a journey's order; raises Problem."""

    def answer(self, request: Request, now: datetime) -> Answer: ...


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Everything a request may need, handed in once; `description` gives the API's own, as JSON."""

    sources: Sources
    secrets: SigningSecrets
    queue: EventQueue
    activations: Activations
    clock: Callable[[], datetime]
    description: Callable[[], str]

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """An HTTP API event (payload 2.0) in, an answer for the gateway out; errors become answers here."""
        path = path_of(event)
        try:
            answer = self._route(Request.of(event))
        except Problem as problem:
            answer = answer_problem(problem, path)
        except Retryable as error:
            answer = answer_problem(Problem(503, "UNAVAILABLE", f"Try again: {error.reason}."), path)
        return for_route(answer, path)

    def _route(self, request: Request) -> Answer:
        method, path = request.method, request.path
        if method == "OPTIONS" and for_browsers(path):
            return Answer(204)
        takes = method_of(path)
        if takes is None:
            raise problems.not_found(path)
        if method != takes:
            return _not_allowed(path, takes)
        if path == DESCRIPTION_PATH:
            return Answer(200, self.description(), headers={"Cache-Control": "public, max-age=300"})
        if path.startswith(PIXEL_PREFIX):
            return self._pixel(request)
        if path.startswith(SETTINGS_PREFIX):
            return self._settings(request)
        if path == ACTIVATIONS_PATH:
            return self.activations.answer(request, self.clock())
        return self._events(request)

    def _events(self, request: Request) -> Answer:
        now, source, origin = self.clock(), None, request.request_id
        if request.path == SIGNED_PATH or "x-signature" in request.headers:
            source = signed_source(request.headers, request.body, self.sources, self.secrets, _ms(now))
            origin = signed_origin(request.headers)
        elif key := header_key(request.headers):
            source = source_of(key, self.sources)
        body = document(inflated(request.body))
        if source is None:
            source = source_of(body_key(body), self.sources)
        default_type = EVENT_PATHS.get(request.path)
        batch = default_type is None and (request.path != SIGNED_PATH or _holds_batch(body))
        events = submission_events(body, batch=batch)
        sent_at = body.get("sentAt") if isinstance(body.get("sentAt"), str) else None
        about = (now, origin, sent_at, default_type, request.source_ip)
        submission = Submission(events, source, *about)
        return _answer_taken(take(submission, self.queue), single=not batch)

    def _pixel(self, request: Request) -> Answer:
        default_type = request.path.removeprefix(PIXEL_PREFIX)
        if f"/v1/{default_type}" not in EVENT_PATHS or default_type in {"batch", "b", "import"}:
            raise problems.not_found(request.path)
        source = source_of(pixel_key(request.query), self.sources)
        event = pixel_event(request.query)
        kind = EVENT_PATHS[f"/v1/{default_type}"]
        about = (self.clock(), request.request_id, None, kind, request.source_ip)
        submission = Submission([event], source, *about)
        _answer_taken(take(submission, self.queue), single=True)
        return Answer(200, IMAGE, "image/gif", {"Cache-Control": "no-store"})

    def _settings(self, request: Request) -> Answer:
        key = request.path.removeprefix(SETTINGS_PREFIX).removesuffix(SETTINGS_SUFFIX)
        source_of(key, self.sources)
        return answer_json(200, settings_document(key, request))


def method_of(path: str) -> str | None:
    """The one method the path takes; None for a path we do not know."""
    if path in EVENT_PATHS or path in {SIGNED_PATH, ACTIVATIONS_PATH}:
        return "POST"
    settings = path.startswith(SETTINGS_PREFIX) and path.endswith(SETTINGS_SUFFIX)
    return "GET" if settings or path.startswith(PIXEL_PREFIX) or path == DESCRIPTION_PATH else None


def for_browsers(path: str) -> bool:
    """Whether a page may call this path from another origin."""
    return path in EVENT_PATHS or path.startswith((PIXEL_PREFIX, SETTINGS_PREFIX)) or path == DESCRIPTION_PATH


def for_route(answer: Answer, path: str) -> dict[str, Any]:
    """As the gateway expects it, with the headers that let a page read it."""
    return answer.to_gateway(CORS if for_browsers(path) else None)


def _answer_taken(taken: Taken, *, single: bool) -> Answer:
    """Raises Problem 503 as soon as one event is not queued: SDKs read no body, only the status brings it back."""
    refused = [fault.shown() for fault in taken.refused]
    if taken.unsent:
        faults = refused + [fault.shown() for fault in taken.unsent]
        told = "Not every event could be queued; send all again."
        raise Problem(503, "QUEUE_UNAVAILABLE", told, faults, success=False, accepted=taken.accepted)
    if single and refused:
        raise Problem(400, "INVALID_EVENT", f"{refused[0]['code']}: {refused[0]['message']}", refused)
    return answer_json(200, {"success": True, "accepted": taken.accepted, "errors": refused})


def _not_allowed(path: str, takes: str) -> Answer:
    problem = Problem(405, "METHOD_NOT_ALLOWED", f"{path} takes {takes}.")
    return replace(answer_problem(problem, path), headers={"Allow": takes})


def _holds_batch(body: Any) -> bool:
    return isinstance(body, dict) and "batch" in body


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
