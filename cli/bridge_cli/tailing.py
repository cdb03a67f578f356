"""Live events as they come: each delivery once, and again when its state has changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from bridge_cli.api import Api, Json

UNDER_WAY = frozenset({"planned", "sending", "retrying"})
EVERY_SECONDS = 1.0
MOST_PAGES = 10
"""Of one look: more than a thousand new deliveries a second are not read by anybody."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`asked` goes to the API; the others are looked at here, without regard to case."""

    asked: Mapping[str, str | None] = field(default_factory=dict)
    type: str = ""
    name: str = ""
    user: str = ""

    def wants(self, row: Json) -> bool:
        """Whether one of the delivery's events is as asked for."""
        wanted = {"type": self.type, "name": self.name, "user": self.user}
        given = {what: value.casefold() for what, value in wanted.items() if value}
        return not given or any(
            all(value in str(event.get(what, "")).casefold() for what, value in given.items())
            for event in row["events"]
        )


def past(api: Api, wanted: Filter, most: int) -> list[Json]:
    """The last deliveries there were, oldest first."""
    wanted_rows = (row for row in api.pages("/live-events", **wanted.asked) if wanted.wants(row))
    return list(islice(wanted_rows, most))[::-1]


def newest(api: Api, wanted: Filter) -> list[Json]:
    """The newest delivery, if there is any: what comes later has a later time, by the API's clock and not by ours."""
    return list(islice(api.pages("/live-events", **{**wanted.asked, "limit": 1}), 1))


def follow(
    api: Api,
    wanted: Filter,
    *,
    seen: Sequence[Json],
    clock: Callable[[], datetime],
    wait: Callable[[float], None],
    until: datetime | None,
) -> Iterator[Json]:
    """Deliveries that are new or have changed since those in `seen`, oldest first, until the time is over."""
    states = {row["delivery_id"]: state_of(row) for row in seen}
    since = max((row["at"] for row in seen), default="")
    while until is None or clock() < until:
        for row in _recent(api, wanted, states, since):
            states[row["delivery_id"]] = state_of(row)
            yield row
        wait(EVERY_SECONDS)


def settled(row: Json) -> bool:
    """Whether nothing more happens to a delivery by itself."""
    return row["status"] not in UNDER_WAY


def state_of(row: Json) -> str:
    """What is shown again when it differs."""
    return f"{row['status']} {row['attempt']} {row['vendor_status']}"


def _recent(api: Api, wanted: Filter, states: Mapping[str, str], since: str) -> list[Json]:
    found: list[Json] = []
    for number, row in enumerate(api.pages("/live-events", **wanted.asked)):
        known = states.get(row["delivery_id"])
        old = known is None and row["at"] < since
        if not old and known != state_of(row) and wanted.wants(row):
            found.append(row)
        if number >= 100 * MOST_PAGES or (number >= 100 and (old or known == state_of(row))):
            break
    return found[::-1]
