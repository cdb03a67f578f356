"""Lists as Signal's admin API gives them: `{"data","next_cursor","has_more"}`, 50 a page, at most 100."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from bridge.flows.admin.admin_api import invalid
from bridge.flows.events.gateway import Answer, answer_json
from bridge.flows.problems import at

DEFAULT_LIMIT, MAX_LIMIT = 50, 100
_CHECK_BYTES = 6


@dataclass(frozen=True, slots=True)
class Page:
    """What a caller asked for; `cursor` is a store's own, None for the first page."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Raises Problem 422 for a limit outside 1…100 or a cursor that is none of ours."""
        limit = query.get("limit", str(DEFAULT_LIMIT))
        if re.fullmatch(r"[1-9][0-9]?|100", limit) is None:
            raise invalid([at("/limit", "out_of_range", f"limit must be a number from 1 to {MAX_LIMIT}")])
        return cls(int(limit), _opened(query["cursor"]) if query.get("cursor") else None)


def listed(rows: Iterable[Mapping[str, Any]], next_cursor: str | None = None) -> Answer:
    """`next_cursor` is a store's own; callers get it sealed."""
    sealed = sealed_cursor(next_cursor)
    return answer_json(200, {"data": list(rows), "next_cursor": sealed, "has_more": sealed is not None})


def sealed_cursor(cursor: str | None) -> str | None:
    """A cursor in a form that fits a URL, with a check sum, so that a store meets none it did not give out."""
    if cursor is None:
        return None
    text = cursor.encode()
    return base64.urlsafe_b64encode(_check_sum(text) + text).decode().rstrip("=")


def sliced[T](items: Sequence[T], page: Page, key: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """One page of a list short enough to be read whole; the cursor is the key of the last item given."""
    keys = [key(item) for item in items]
    start = keys.index(page.cursor) + 1 if page.cursor in keys else 0
    if page.cursor is not None and page.cursor not in keys:
        start = len(items)
    end = start + page.limit
    return items[start:end], keys[end - 1] if end < len(items) else None


def _opened(sealed: str) -> str:
    try:
        found = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        check, text = found[:_CHECK_BYTES], found[_CHECK_BYTES:]
        if check == _check_sum(text):
            return text.decode()
    except (binascii.Error, ValueError):
        pass
    raise invalid([at("/cursor", "invalid_cursor", "the cursor is not one of this list")])


def _check_sum(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()[:_CHECK_BYTES]
