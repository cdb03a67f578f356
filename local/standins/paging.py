"""Pages of a list that the control APIs show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from local.standins.web import Request

MOST = 100_000


@dataclass(frozen=True, slots=True)
class Page:
    """`limit` entries from `offset` on."""

    offset: int
    limit: int

    @classmethod
    def of(cls, request: Request) -> Self:
        """Read `offset` and `limit`; raise ValueError for anything but numbers."""
        return cls(int(request.query.get("offset", "0")), int(request.query.get("limit", "1000")))


def page_of[Item](items: Sequence[Item], page: Page) -> Sequence[Item]:
    """Cut one page out, at most MOST entries."""
    start = max(0, page.offset)
    return items[start : start + max(0, min(page.limit, MOST))]
