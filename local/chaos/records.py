"""What the bridge says became of things: its delivery rows, read from the table and taken apart item by item.

Nothing here is shared with the project's own reading of these rows.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Row = dict[str, Any]
State = Literal["delivered", "filtered", "rejected", "dead-lettered", "under way"]
STATES: tuple[State, ...] = ("delivered", "filtered", "rejected", "dead-lettered")
_DEAD = frozenset({"blocked", "dead", "unknown"})
_PERHAPS = "may have arrived"


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of one row; `perhaps` says that the row itself calls it sent without an answer.

    `message` is an event's id, or the user a campaign was triggered for; `orders` name what it came in with.
    """

    delivery: str
    installation: str
    kind: str
    message: str
    state: State
    reason: str
    perhaps: bool
    at: float
    orders: tuple[str, ...] = ()
    name: str = ""


def entries(rows: Iterable[Row]) -> Iterator[Entry]:
    """Every item of every row that has been recorded so far."""
    for row in rows:
        yield from _of(row)


def silent(rows: Iterable[Row]) -> list[str]:
    """Deliveries that somebody works on and of whose items nothing is known yet."""
    return [row["pk"]["S"] for row in rows if "events" not in row]


def _of(row: Row) -> Iterator[Entry]:
    status = row["status"]["S"]
    known = _finished(row)
    lines = json.loads(row["events"]["S"]) if "events" in row else []
    campaign = row["kind"]["S"] == "campaign"
    for index, line in enumerate(lines):
        outcome, reason, detail = known.get(index, ("", "", ""))
        yield Entry(
            delivery=row["pk"]["S"],
            installation=row.get("integration_id", {"S": ""})["S"],
            kind=row["kind"]["S"],
            message=line["user"] if campaign else line["message_id"],
            state=_state(status, outcome),
            reason=reason if index in known else line.get("reason") or row.get("reason", {"S": ""})["S"],
            perhaps=outcome == "unknown" or reason == "resent" or _PERHAPS in detail,
            at=datetime.fromisoformat(row["at"]["S"]).timestamp(),
            orders=tuple(one["S"] for one in row.get("correlation_ids", {"L": []})["L"]),
            name=line["name"],
        )


def _state(status: str, outcome: str) -> State:
    if outcome in ("delivered", "filtered", "rejected"):
        return outcome  # type: ignore[return-value]
    if status in _DEAD:
        return "dead-lettered"
    if status in ("filtered", "rejected") and not outcome:
        return status  # type: ignore[return-value]
    return "under way"


def _finished(row: Row) -> dict[int, tuple[str, str, str]]:
    groups = json.loads(row["finished"]["S"]) if "finished" in row else []
    return {
        index: (outcome, reason, detail)
        for outcome, reason, detail, positions in groups
        for index in positions
    }
