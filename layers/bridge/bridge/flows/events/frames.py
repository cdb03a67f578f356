"""Canonical events framed for EventQueue: a few large messages, never one per event."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_FRAME_BYTES = 250_000
"""Four to a call of at most 1 MiB; small enough that one frame is a small loss of time when it is retried."""

MAX_EVENT_BYTES = 64 * 1024
"""Of one event as UTF-8 JSON (Signal's ingestion/batch page)."""

Encoded = tuple[int, bytes]
"""The position of an event in the request, and its JSON."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message body, and the positions of the events it holds."""

    body: str
    positions: tuple[int, ...]


def too_large(raw: Any, ascii_json: bytes) -> bool:
    """Judged by the event as it was sent: our own fields and escapes make its canonical form longer."""
    if len(ascii_json) <= MAX_EVENT_BYTES:
        return False
    try:
        text = json.dumps(raw, separators=(",", ":"), ensure_ascii=False)
    except RecursionError:
        return True
    return len(text.encode("utf-8", "surrogatepass")) > MAX_EVENT_BYTES


def framed(events: Iterable[Encoded], head: Mapping[str, Any], limit: int = MAX_FRAME_BYTES) -> list[Frame]:
    """Frames of at most `limit` bytes each (one event alone may be larger), in order."""
    opening = json.dumps(head, separators=(",", ":"))[:-1] + ',"batch":['
    frames: list[Frame] = []
    open_events: list[Encoded] = []
    size = len(opening)
    for event in events:
        if open_events and size + len(event[1]) > limit:
            frames.append(_closed(opening, open_events))
            open_events, size = [], len(opening)
        open_events.append(event)
        size += len(event[1]) + 1
    if open_events:
        frames.append(_closed(opening, open_events))
    return frames


def _closed(opening: str, events: Sequence[Encoded]) -> Frame:
    body = opening + b",".join([text for _, text in events]).decode("ascii") + "]}"
    return Frame(body, tuple(position for position, _ in events))
