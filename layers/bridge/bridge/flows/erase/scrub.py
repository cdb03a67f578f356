"""A document without what it says of a person: pure, and the same again when it is done twice."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

from bridge.flows.erase.subject import Subject
from mapping import event

ERASED: dict[str, Any] = {"type": event.ERASED}
"""Stands where an object about the person stood, so that positions stay: no lane maps it to anything."""
GONE = "erased"
LINE = b"{}"
_LONG_ENOUGH = 6
"""Characters from which on an identifier is looked for inside free text: a shorter one would be found everywhere."""
_ROWS_AT_ONCE = 5_000


def mentions(body: bytes, subject: Subject) -> bool:
    """Whether it is worth reading: a document about the person holds one of these byte strings."""
    return any(needle in body for needle in subject.needles())


def document(body: bytes, subject: Subject) -> bytes | None:
    """JSON, or text, without the person; None when it does not speak of them."""
    if not mentions(body, subject):
        return None
    try:
        kept = json.loads(body)
    except (ValueError, RecursionError):
        # Nobody can tell what it is, only that it names them.
        return json.dumps(ERASED).encode()
    cleaned = value(kept, subject)
    return None if cleaned == kept else json.dumps(cleaned, separators=(",", ":")).encode()


def value(kept: Any, subject: Subject) -> Any:
    """Objects about the person replaced, and their identifiers in free text."""
    if isinstance(kept, dict):
        if subject.is_named_in(kept):
            return dict(ERASED)
        return {name: value(one, subject) for name, one in kept.items()}
    if isinstance(kept, list):
        return [value(one, subject) for one in kept]
    return _text(kept, subject) if isinstance(kept, str) else kept


def lines(body: bytes, subject: Subject) -> bytes | None:
    """JSON Lines with an empty object for each line about the person, so that lines keep their numbers."""
    if not mentions(body, subject):
        return None
    kept = body.split(b"\n")
    cleaned = [LINE if _is_about(line, subject) else line for line in kept]
    return None if cleaned == kept else b"\n".join(cleaned)


def rejects(rows: Iterable[str], subject: Subject) -> Iterator[bytes]:
    """Rejects as CSV without the rows that name the person."""
    kept = (row for row in csv.reader(rows) if not _rejected(row, subject))
    for some in batched(kept, _ROWS_AT_ONCE, strict=False):
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(some)
        yield text.getvalue().encode("utf-8", "surrogatepass")


def _rejected(row: list[str], subject: Subject) -> bool:
    *_, identifier, _, line = row if len(row) >= 3 else ["", "", "", *row]  # noqa: PLR2004 - the last three cells
    return (
        identifier.removeprefix("'") in subject.values
        or identifier in subject.values
        or (line.startswith("{") and _is_about(line.encode("utf-8", "surrogatepass"), subject))
    )


def _is_about(line: bytes, subject: Subject) -> bool:
    if not mentions(line, subject):
        return False
    try:
        kept = json.loads(line)
    except ValueError:
        return True
    return isinstance(kept, dict) and subject.is_named_in(kept)


def _text(text: str, subject: Subject) -> str:
    for one in subject.values:
        if len(one) >= _LONG_ENOUGH and one in text:
            text = re.sub(rf"(?<![\w-]){re.escape(one)}(?![\w-])", GONE, text)
    return text
