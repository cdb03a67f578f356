"""Events in: every event of a request is checked by itself, the good ones leave for EventQueue in frames.

Doubles are not a matter for this flow: an SDK that gets no 200 sends the same message ids again, and the
claims made before delivery drop what was taken the first time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import Problem
from bridge.flows.events import browser
from bridge.flows.events.frames import MAX_EVENT_BYTES, Encoded, framed, too_large
from bridge.flows.events.write_keys import Source
from mapping.event import InvalidEvent, inherit, normalise
from mapping.json_values import encode

MAX_EVENTS = 500
"""Of one request (Signal's ingestion/batch page)."""

_SHOWN = ("messageId", "type", "event", "name", "userId", "anonymousId")
_SHOWN_CHARS = 200
_NOTHING: dict[str, Any] = {}


class EventQueue(Protocol):
    """Takes what it can and gives back the positions of the bodies it did not take."""

    def offer(self, bodies: Sequence[str], *, group: str | None = None) -> Sequence[int]: ...


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one event was not taken: `index` is its position in the request."""

    index: int
    code: str
    message: str

    def shown(self) -> dict[str, Any]:
        return {"index": self.index, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Submission:
    """The events of one request, parsed but not checked; `source_ip` is who sent it, as the gateway saw it."""

    events: Sequence[Any]
    source: Source
    received_at: datetime
    request_id: str
    sent_at: str | None = None
    default_type: str | None = None
    source_ip: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many events are queued, and why each of the others is not."""

    accepted: int
    refused: Sequence[Fault]
    unsent: Sequence[Fault]


def submission_events(document: Any, *, batch: bool) -> list[Any]:
    """The events of a parsed body, with the batch's own context and integrations. Raises Problem 400."""
    if not isinstance(document, dict):
        raise Problem(400, "INVALID_BODY", "The body must be a JSON object.")
    if not batch:
        return [document]
    events = document.get("batch")
    if not isinstance(events, list):
        raise Problem(400, "INVALID_BODY", "The body must hold the events as an array named batch.")
    if len(events) > MAX_EVENTS:
        raise Problem(400, "TOO_MANY_EVENTS", f"A batch may hold {MAX_EVENTS} events, not {len(events)}.")
    shared = any(document.get(name) for name in ("context", "integrations"))
    return [inherit(event, document) for event in events] if shared else events


def take(submission: Submission, queue: EventQueue) -> Taken:
    """Check, frame and queue; nothing is raised for a single bad event."""
    good, refused = checked(submission)
    head = _head(submission)
    frames = framed(good, head)
    bodies = [frame.body for frame in frames]
    if refused:
        bodies.append(_refusals(refused, submission.events, head))
    unsent = set(queue.offer(bodies, group=submission.source.id)) if bodies else set()
    late = [
        Fault(position, "QUEUE_UNAVAILABLE", "The event could not be queued; send it again.")
        for number, frame in enumerate(frames)
        if number in unsent
        for position in frame.positions
    ]
    return Taken(len(good) - len(late), refused, late)


def checked(submission: Submission) -> tuple[list[Encoded], list[Fault]]:
    """Each event normalised and encoded, or the fault that keeps it out."""
    good: list[Encoded] = []
    refused: list[Fault] = []
    check = _checker(submission)
    for index, raw in enumerate(submission.events):
        try:
            good.append((index, check(index, raw)))
        except InvalidEvent as error:
            refused.append(Fault(index, error.code, error.detail))
    return good, refused


def _checker(submission: Submission) -> Callable[[int, Any], bytes]:
    """A browser does not know its own address, so it is filled in; a server must ask (`context.direct`, Segment)."""
    source, public = submission.source, submission.source.kind == "browser"
    source_ip = submission.source_ip

    def check(index: int, raw: Any) -> bytes:
        event = normalise(
            raw,
            received_at=submission.received_at,
            fallback_id=f"{submission.request_id}:{index}",
            sent_at=submission.sent_at,
            default_type=submission.default_type,
            source_id=source.id,
            source_kind=source.kind,
        )
        denied = browser.forbidden(event) if public else None
        if denied:
            raise InvalidEvent(*denied)
        if source_ip and (public or event.get("context", _NOTHING).get("direct") is True):
            event.setdefault("context", {}).setdefault("ip", source_ip)
        text = encode(event)
        if too_large(raw, text):
            raise InvalidEvent("event_too_large", f"an event may hold {MAX_EVENT_BYTES} bytes")
        return text

    return check


def _head(submission: Submission) -> dict[str, Any]:
    head: dict[str, Any] = {
        "source_id": submission.source.id,
        "source_kind": submission.source.kind,
        "received_at": submission.received_at.isoformat(timespec="milliseconds"),
        "request_id": submission.request_id,
    }
    return head | {"source_test": True} if submission.source.test else head


def _refusals(refused: Iterable[Fault], events: Sequence[Any], head: Mapping[str, Any]) -> str:
    """A message for the record alone: no SDK reads the answer, so live events is where a fault is seen."""
    entries = [fault.shown() | {"event": _excerpt(events[fault.index])} for fault in refused]
    return encode({**head, "batch": [], "refused": entries}).decode("ascii")


def _excerpt(event: Any) -> dict[str, str]:
    if not isinstance(event, dict):
        return {}
    named = {name: event.get(name) for name in _SHOWN}
    return {name: value[:_SHOWN_CHARS] for name, value in named.items() if isinstance(value, str)}
