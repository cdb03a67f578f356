"""What a part holds, told without the reader under test; None where two readers may see it differently."""

import csv
import io
import json
from typing import Any

MOST_ID_BYTES = 987

type Rows = list[dict[str, str]]


def rows_of(name: str, body: bytes) -> int | None:
    """How many rows a part has."""
    found = _read(name, body)
    return None if found is None else len(found)


def users_of(name: str, body: bytes, identifier: str) -> set[str] | None:
    """Whom the rows of a part name with an identifier that Braze takes."""
    found = _read(name, body)
    if found is None:
        return None
    named = {row.get(identifier, "") for row in found}
    return {user for user in named if user.strip(" ") and len(user.encode()) <= MOST_ID_BYTES}


def _read(name: str, body: bytes) -> Rows | None:
    try:
        if ".csv" in name:
            return _csv(body.decode("utf-8-sig"))
        return _json_lines(body.decode()) if ".jsonl" in name else None
    except (ValueError, csv.Error, RecursionError):
        return None


def _csv(text: str) -> Rows | None:
    if "\r" in text or "\0" in text:
        return None
    header, *rows = list(csv.reader(io.StringIO(text), strict=True)) or [[]]
    plain = len(set(header)) == len(header) and all(row and len(row) == len(header) for row in rows)
    return [dict(zip(header, row, strict=True)) for row in rows] if plain else None


def _json_lines(text: str) -> Rows | None:
    rows = []
    for line in text.split("\n"):
        if line.strip(" \t\r"):
            pairs: Any = json.loads(line, object_pairs_hook=_distinct)
            if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
                return None
            rows.append(pairs)
    return rows


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found
