"""What the functions logged, all of it, and whether it gives anything away."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PAGE = 10_000
"""What the emulator shows at once of a log group; it has no next page."""
_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:")


@dataclass
class Scan:
    """`found`: what was given away, in which function's log, and how often; `own` are lines of functions.

    The others are those that the platform writes around each invocation.
    """

    lines: int = 0
    own: int = 0
    found: dict[tuple[str, str], int] = field(default_factory=dict)


def scan(lines: Iterable[tuple[str, str]], hidden: Mapping[str, str]) -> Scan:
    """`lines` are (log group, line); `hidden` names what must stand in none of them."""
    result = Scan()
    forms = {name: sorted(as_written(value)) for name, value in hidden.items()}
    every = sorted({form for some in forms.values() for form in some})
    for group, line in lines:
        result.lines += 1
        result.own += not line.startswith(_PLATFORM)
        if any(form in line for form in every):
            for name, some in forms.items():
                if any(form in line for form in some):
                    result.found[name, group] = result.found.get((name, group), 0) + 1
    return result


def as_written(text: str) -> set[str]:
    """As a log would hold it: plain, as JSON escapes it, in a repr, and in base64 wherever it begins."""
    forms = {text, json.dumps(text)[1:-1], repr(text)[1:-1]}
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text.encode()).decode()
        forms.add(whole[(0, 2, 3)[before] : len(whole) - 4])
    return forms


def lines(client: Any, since_ms: int = 0) -> Iterator[tuple[str, str]]:
    """Every line of every function since then; `client` is CloudWatch Logs'."""
    for group in client.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]

        def page(start: int, name: str = name) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = client.filter_log_events(
                logGroupName=name, startTime=start, limit=PAGE
            )["events"]
            return found

        for event in paged(page, since_ms):
            yield name, event["message"]


def paged(page: Callable[[int], list[dict[str, Any]]], since_ms: int) -> Iterator[dict[str, Any]]:
    """Page by time: the last millisecond of a full page may go on in the next one, and is read again."""
    start, more = since_ms, True
    while more:
        events = page(start)
        more = len(events) >= PAGE
        last = events[-1]["timestamp"] if more else None
        if more and events[0]["timestamp"] == last:
            msg = f"more than {PAGE} lines in one millisecond"
            raise ValueError(msg)
        yield from (event for event in events if event["timestamp"] != last)
        start = events[-1]["timestamp"] if more else start
