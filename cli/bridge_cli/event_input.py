"""Events to send: out of a file, or one made of options. Each has a message id, so that sending twice is harmless."""

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from bridge_cli.api import Json
from bridge_cli.errors import usage

TYPES = ("track", "page", "identify", "group", "alias", "screen")
MOST_EVENTS, MOST_BYTES = 500, 4 * 1024 * 1024
"""Of one request; the API takes 5 MiB."""


def parsed(text: str) -> list[Json]:
    """One event, a list, a `{"batch": […]}`, or JSON Lines; raises CliError."""
    try:
        document = json.loads(text)
    except ValueError:
        document = [_line(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if isinstance(document, dict):
        document = document["batch"] if isinstance(document.get("batch"), list) else [document]
    if not isinstance(document, list) or not document or not all(isinstance(one, dict) for one in document):
        raise usage("These are no events.", "Give one as a JSON object, many as a list or one a line.")
    return [one if one.get("messageId") else {**one, "messageId": str(uuid.uuid4())} for one in document]


def made(kind: str, name: str, user: str, anonymous: str, pairs: Sequence[str]) -> Json:
    """An event out of options; `pairs` are traits of an identify or group, else properties."""
    event: Json = {"type": kind, "messageId": str(uuid.uuid4())}
    if kind == "track":
        event["event"] = name or "Test Event"
    elif name:
        event["name"] = name
    if user or not anonymous:
        event["userId"] = user or "bridge-test-user"
    if anonymous:
        event["anonymousId"] = anonymous
    if pairs:
        event["traits" if kind in {"identify", "group"} else "properties"] = dict(map(_pair, pairs))
    return event


def requests(events: Sequence[Json]) -> Iterator[list[Json]]:
    """As many requests as the limits make of them, in order."""
    gathered: list[Json] = []
    size = 0
    for event in events:
        length = len(json.dumps(event)) + 2
        if gathered and (len(gathered) == MOST_EVENTS or size + length > MOST_BYTES):
            yield gathered
            gathered, size = [], 0
        gathered.append(event)
        size += length
    if gathered:
        yield gathered


def _line(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        raise usage(f"Line {number} is no JSON.") from None


def _pair(text: str) -> tuple[str, Any]:
    """A value is JSON where it is some (12, true, "12"), else text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise usage(f"{text} is not name=value.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
