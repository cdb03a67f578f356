"""A message of EventQueue opened: its canonical events, and those that can never be one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from bridge.flows.events.decode import parse_json
from mapping.event import Event, InvalidEvent, inherit, normalise
from mapping.json_values import encode
from mapping.packing import MESSAGE_BYTES

MAX_EVENT_BYTES = MESSAGE_BYTES - 8 * 1024
"""One event must fit into a planned request by itself, with room for what surrounds it."""

_ID = re.compile(r"[A-Za-z0-9_=-]{1,64}")


@dataclass(frozen=True, slots=True)
class Message:
    """As it was received; `sent_at` is when SQS took it, the same at every receive.

    `origin` is the id of the message whose dead letter this one replays: what it holds is named by that, so that
    a letter sent twice, or after some of it had gone out, delivers nothing twice.
    """

    id: str
    body: str
    sent_at: datetime
    origin: str = ""

    @property
    def first_id(self) -> str:
        """The same for a message and for every replay of it."""
        return self.origin or self.id


@dataclass(frozen=True, slots=True)
class Arrival:
    """A canonical event, its JSON and where it came from; `test` events reach only who asks for them.

    `correlation_id` names the HTTP request it came with, or the queue message of a direct producer.
    """

    message_id: str
    position: int
    event: Event
    text: str
    test: bool
    correlation_id: str = ""

    @property
    def reference(self) -> str:
        """The same at every receive of the message."""
        return f"{self.message_id}:{self.position}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event nobody can deliver, as it came."""

    message_id: str
    position: int
    code: str
    detail: str
    event: Any
    correlation_id: str = ""

    @property
    def reference(self) -> str:
        return f"{self.message_id}:{self.position}:refused"


@dataclass(frozen=True, slots=True)
class Opened:
    """What one message held."""

    arrivals: list[Arrival]
    refusals: list[Refusal]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that holds no events at all: a dead letter at once."""

    message: Message
    reason: str
    detail: str


def open_message(message: Message) -> Opened | Unreadable:
    """The body is one event, or `{"batch":[…]}` with what collect says of its source."""
    try:
        body = parse_json(message.body)
    except ValueError:
        return Unreadable(message, "malformed_json", "The body is not valid JSON.")
    if not isinstance(body, dict):
        return Unreadable(message, "not_an_object", "The body is neither an event nor a batch of events.")
    if "batch" not in body:
        return _opened(message, [body], {})
    if not isinstance(body["batch"], list):
        return Unreadable(message, "invalid_batch", "batch is not an array.")
    return _opened(message, body["batch"], body)


def _opened(message: Message, raws: list[Any], frame: Mapping[str, Any]) -> Opened:
    correlation_id = _correlation_id(message, frame)
    opened = Opened([], _refused_by_collect(message, frame, correlation_id))
    source_id = frame.get("source_id")
    browser = frame.get("source_kind") == "browser"
    sent_at = frame.get("sentAt")
    received_at = _moment(frame.get("received_at")) or message.sent_at
    shared = "context" in frame or "integrations" in frame
    for position, raw in enumerate(raws):
        try:
            event = normalise(
                inherit(raw, frame) if shared else raw,
                received_at=received_at,
                fallback_id=f"{message.first_id}:{position}",
                sent_at=sent_at if isinstance(sent_at, str) else None,
                source_id=source_id if isinstance(source_id, str) and source_id else "queue",
                source_kind="browser" if browser else "server",
            )
            text = _text(event)
        except InvalidEvent as error:
            shown = _showable(raw)
            opened.refusals.append(
                Refusal(message.id, position, error.code, error.detail, shown, correlation_id)
            )
        else:
            test = frame.get("source_test") is True
            opened.arrivals.append(Arrival(message.id, position, event, text, test, correlation_id))
    return opened


def _text(event: Event) -> str:
    text = encode(event).decode("ascii")
    if len(text) > MAX_EVENT_BYTES:
        raise InvalidEvent("event_too_large", f"an event may hold {MAX_EVENT_BYTES} bytes")
    return text


def _correlation_id(message: Message, frame: Mapping[str, Any]) -> str:
    """Collect names its request; a producer of its own may name what it likes, so only an id is believed."""
    given = frame.get("request_id")
    return given if type(given) is str and _ID.fullmatch(given) else message.id


def _refused_by_collect(message: Message, frame: Mapping[str, Any], correlation_id: str) -> list[Refusal]:
    """Collect refused these over HTTP; they come along to be seen in live events."""
    listed = frame.get("refused")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return [
        Refusal(
            message.id,
            -1 - number,
            str(entry.get("code")),
            str(entry.get("message")),
            entry.get("event"),
            correlation_id,
        )
        for number, entry in enumerate(entries)
    ]


def _showable(raw: Any) -> Any:
    """What the record can hold: an event nested without end is named, not kept."""
    try:
        to_json(raw)
    except ValueError:
        return "this event cannot be written as JSON"
    return raw


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
