"""What arrived at the stand-ins, and when by the stand-in's own clock."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import accumulate
from typing import Any

from local.demo.stack import Stack
from local.demo.web import Http

PAGE = 10_000
STALLED = 120.0
"""Seconds without one more arrival after which what is missing counts as lost."""


class Destination:
    """One of ActionIQ's destinations, read through the stand-in's control API."""

    def __init__(self, stack: Stack, destination: str) -> None:
        self._http = Http(stack.actioniq_url)
        self._id = destination

    def total(self) -> int:
        """Records so far, repeats included."""
        return int(self._page("records", 0, 1)["total"])

    def ids(self) -> list[str]:
        """Of every record, in the order they came."""
        return [str(one["record_id"]) for one in self._all("records")]

    def times(self) -> dict[str, float]:
        """Id → epoch seconds of the request that brought it first.

        The activity log has a line a request, newest first, and keeps 10,000 of them.
        """
        requests = list(self._all("activity"))[::-1]
        ends = accumulate(int(one["visible"]) for one in requests)
        ids, found, start = self.ids(), dict[str, float](), 0
        for one, end in zip(requests, ends, strict=True):
            at = datetime.fromisoformat(one["at"]).timestamp()
            for record in ids[start:end]:
                found.setdefault(record, at)
            start = end
        return found

    def _all(self, what: str) -> Iterator[Any]:
        offset = 0
        while page := self._page(what, offset, PAGE)[what]:
            yield from page
            offset += len(page)

    def _page(self, what: str, offset: int, limit: int) -> Any:
        asked = {"destination_id": self._id, "offset": offset, "limit": limit}
        return self._http.call("GET", f"/_standin/{what}", params=asked)


class Workspace:
    """The custom events of one tag at Braze's stand-in."""

    def __init__(self, stack: Stack, tag: str) -> None:
        self._http = Http(stack.braze_url)
        self._tag = tag
        self._before = self._total()

    def total(self) -> int:
        """Events since this was made; others' too, if there are others."""
        return self._total() - self._before

    def ids(self) -> list[str]:
        """Of the tag's events, by the property that repeats the message id."""
        return [one for one in self._orders() if one.startswith(self._tag)]

    def _orders(self) -> Iterator[str]:
        offset = self._before
        while page := self._page(offset, PAGE)["events"]:
            yield from (str(one.get("properties", {}).get("order_id", "")) for one in page)
            offset += len(page)

    def _total(self) -> int:
        return int(self._page(0, 1)["total"])

    def _page(self, offset: int, limit: int) -> Any:
        return self._http.call("GET", "/_standin/events", params={"offset": offset, "limit": limit})


def drained(wanted: int, *totals: Callable[[], int], poll: float = 0.25) -> float:
    """Wait until each total is reached, or nothing moves any more; when the last one moved (epoch seconds)."""
    before, moved = [-1] * len(totals), time.time()
    while True:
        now = [total() for total in totals]
        if now != before:
            before, moved = now, time.time()
        if min(now) >= wanted or time.time() - moved > STALLED:
            return moved
        time.sleep(poll)
