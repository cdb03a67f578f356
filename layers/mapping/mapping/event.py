"""The canonical Signal event: a plain dict, validated once (docs.dataflysignal.com, event-schema)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from mapping.json_values import InvalidValue, clean_object

type Event = dict[str, Any]

TYPES: Final = frozenset({"track", "page", "identify", "group", "alias", "screen"})
ERASED: Final = "erased"
"""The type of what stands where an event of an erased person stood: no destination maps it."""
MAX_MESSAGE_ID: Final = 255
_NAMED: Final = frozenset({"page", "screen"})


class InvalidEvent(ValueError):
    """An event nobody can deliver; `code` is stable, `detail` is a sentence that quotes no value."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def normalise(
    raw: object,
    *,
    received_at: datetime,
    fallback_id: str,
    sent_at: str | None = None,
    default_type: str | None = None,
    source_id: str = "queue",
    source_kind: str = "server",
) -> Event:
    """The canonical form of what an SDK, Signal or a queue producer sent; raises `InvalidEvent`.

    Times leave as ISO 8601 with milliseconds and `Z`. An event that carries `receivedAt` was normalised
    before and its times are not corrected again. A browser's event stays a browser's, whatever it says.
    """
    if type(raw) is not dict:
        raise InvalidEvent("not_an_object", "an event is a JSON object")
    kind = _type(raw.get("type"), default_type)
    event: Event = {"type": kind}
    if kind == "track":
        event["event"] = _event_name(raw.get("event"))
    elif kind in _NAMED and type(name := raw.get("name")) is str and name:
        event["name"] = _text(name)
    for field in ("userId", "anonymousId", "groupId", "previousId"):
        if (identifier := raw.get(field)) is not None and (text := _identifier(identifier, field)):
            event[field] = text
    _add_objects(event, raw)
    if "userId" not in event and "anonymousId" not in event and braze_id(event) is None:
        raise InvalidEvent("no_identifier", "userId, anonymousId or context.braze_id is required")
    _add_times(event, raw, received_at, sent_at)
    event["messageId"] = _message_id(raw.get("messageId"), fallback_id)
    event["sourceId"] = _source_id(raw.get("sourceId"), source_id)
    event["sourceKind"] = "browser" if raw.get("sourceKind") == "browser" else source_kind
    return event


def inherit(raw: object, batch: Mapping[str, Any]) -> object:
    """A batch's own `context` and `integrations` laid under each of its events (Segment's HTTP API)."""
    given = {
        field: batch[field] for field in ("context", "integrations") if isinstance(batch.get(field), dict)
    }
    if not given or not isinstance(raw, dict):
        return raw
    merged = {field: value | raw[field] for field, value in given.items() if isinstance(raw.get(field), dict)}
    return given | raw | merged


def braze_id(event: Event) -> str | None:
    """The Braze profile an event addresses directly, from `context.braze_id`."""
    value = event.get("context", _NOTHING).get("braze_id")
    return value if type(value) is str and value else None


_NOTHING: Final[dict[str, Any]] = {}


def _type(given: object, default: str | None) -> str:
    kind = default if given is None else given
    if type(kind) is str and kind in TYPES:
        return kind
    raise InvalidEvent("unknown_type", "type is one of track, page, identify, group, alias, screen")


def _event_name(name: object) -> str:
    if type(name) is str and name and not name.isspace():
        return _text(name)
    raise InvalidEvent("no_event_name", "a track event needs its name in `event`")


def _text(text: str) -> str:
    return text if text.isascii() else clean_object({"text": text})["text"]


def _identifier(value: object, field: str) -> str | None:
    """Numbers become text (the Python SDKs let them through); blank is absent; the rest stays untouched."""
    if type(value) is str:
        return _text(value) if value and not value.isspace() else None
    if type(value) is int:
        return str(value)
    if type(value) is float and value.is_integer():
        return str(int(value))
    raise InvalidEvent("bad_identifier", f"{field} is a string")


def _add_objects(event: Event, raw: dict[str, Any]) -> None:
    try:
        for field in ("properties", "traits", "context", "integrations"):
            value = raw.get(field)
            if type(value) is dict:
                if value and (clean := clean_object(value)):
                    event[field] = clean
            elif value is not None:
                raise InvalidEvent("not_an_object", f"{field} is an object")
    except InvalidValue as problem:
        raise InvalidEvent(problem.code, f"{field}: {problem.detail}") from None
    if "traits" in (context := event.get("context", _NOTHING)):
        _lift_traits(event, context)
    if event["type"] in _NAMED and type(category := raw.get("category")) is str and category:
        event["properties"] = {"category": _text(category)} | event.get("properties", _NOTHING)


def _lift_traits(event: Event, context: dict[str, Any]) -> None:
    """RudderStack's Python SDK puts traits into `context.traits` only; the top level wins."""
    traits = context.pop("traits")
    if type(traits) is not dict:
        raise InvalidEvent("not_an_object", "context.traits is an object")
    if traits:
        event["traits"] = traits | event.get("traits", _NOTHING)
    if not context:
        del event["context"]


def _add_times(event: Event, raw: dict[str, Any], received_at: datetime, sent_at: str | None) -> None:
    """The client's clock against ours: timestamp = receivedAt - (sentAt - originalTimestamp) (Segment).

    SDKs call the client's time `timestamp`. RudderStack's for Node calls it `originalTimestamp` and adds a
    `timestamp` only when the caller gave the event a time of its own, which then counts.
    """
    arrival, received = _arrival(received_at)
    original = raw.get("originalTimestamp")
    stamp = raw.get("timestamp")
    if (before := raw.get("receivedAt")) is not None:
        received = min(
            received, _earlier(before) if type(before) is str else _canonical(before, "receivedAt")
        )
        client = original if stamp is None else stamp
        event["timestamp"] = received if client is None else _canonical(client, "timestamp")
        if original is not None:
            event["originalTimestamp"] = _canonical(original, "originalTimestamp")
    elif (client := original if stamp is None else stamp) is None:
        event["timestamp"] = received
    else:
        sent = _sent(own if type(own := raw.get("sentAt")) is str else sent_at)
        moment = _moment(client, "timestamp")
        event["originalTimestamp"] = written = _written(client, moment)
        event["timestamp"] = written if sent is None else _corrected(arrival, moment, sent)
    event["receivedAt"] = received


def _corrected(arrival: datetime, moment: datetime, sent: datetime) -> str:
    try:
        return _iso(arrival + (moment - sent))
    except OverflowError:
        raise InvalidEvent("bad_timestamp", "sentAt and timestamp are too far apart") from None


@lru_cache(maxsize=256)
def _sent(sent_at: str | None) -> datetime | None:
    """An unreadable `sentAt` says nothing about the client's clock, so nothing is corrected."""
    try:
        return None if sent_at is None else _moment(sent_at, "sentAt")
    except InvalidEvent:
        return None


@lru_cache(maxsize=256)
def _arrival(received_at: datetime) -> tuple[datetime, str]:
    """When a batch arrived, as naive UTC and as text: one value serves all its events."""
    arrival = received_at.astimezone(UTC).replace(tzinfo=None)
    return arrival, _iso(arrival)


@lru_cache(maxsize=256)
def _earlier(received_at: str) -> str:
    return _canonical(received_at, "receivedAt")


def _canonical(value: object, field: str) -> str:
    return _written(value, _moment(value, field))


def _moment(value: object, field: str) -> datetime:
    if type(value) is str:
        try:
            moment = datetime.fromisoformat(value)
            zone = moment.tzinfo
            if zone is UTC:
                return moment
            return moment.replace(tzinfo=UTC) if zone is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise InvalidEvent("bad_timestamp", f"{field} is not an ISO 8601 time")


def _written(value: Any, moment: datetime) -> str:
    """The canonical text; one that has its shape already is cut: five times as fast as formatting."""
    if value[7:20:3] == "-T::." and value[20:23].isdigit() and (value[-1] == "Z" or value[-6:] == "+00:00"):
        return f"{value[:23]}Z"
    return _iso(moment.replace(tzinfo=None))


def _iso(naive: datetime) -> str:
    return naive.isoformat("T", "milliseconds") + "Z"


def _message_id(given: object, fallback: str) -> str:
    if given is None or given == "":
        return fallback
    if type(given) is int:
        return str(given)
    if type(given) is str and len(given) <= MAX_MESSAGE_ID:
        return _text(given)
    raise InvalidEvent("bad_message_id", f"messageId is a string of at most {MAX_MESSAGE_ID} characters")


def _source_id(given: object, source_id: str) -> str:
    """Only the queue itself takes an event's word for where it came from."""
    return given if source_id == "queue" and type(given) is str and given else source_id
