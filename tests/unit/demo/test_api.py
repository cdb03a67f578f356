"""The bundle's lists as the demonstration reads them."""

from typing import Any

from local.demo.api import Api
from local.demo.stack import Stack

STACK = Stack("http://localhost:1", "admin", "key", "", "", "", {})


class Pages:
    """Answers page by page; the cursor is the number of the next one."""

    def __init__(self, *pages: list[int]) -> None:
        self.pages = pages

    def call(self, _method: str, _path: str, *, params: dict[str, str]) -> Any:
        at = int(params.get("cursor", 0))
        more = at + 1 < len(self.pages)
        return {"data": self.pages[at], "next_cursor": str(at + 1) if more else None}


def test_a_short_or_empty_page_is_not_the_last_one() -> None:
    api = Api(STACK)
    api._admin = Pages([1, 2], [], [3], [4])  # type: ignore[assignment]
    assert api.live_events(frozenset({"int_1"})) == [1, 2, 3, 4]
    assert api.dead_letters() == [1, 2, 3, 4]
