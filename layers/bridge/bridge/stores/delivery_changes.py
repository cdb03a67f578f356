"""The updates of a delivery row: each raises its version, so that a worker that lost its lease writes nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.stores.delivery_rows import Begin, Item, ms, packed
from mapping.outcome import ItemOutcome

MOST_EVENTS = 500
MOST_EVENT_BYTES = 250_000
"""Of a row's 400 KB; events beyond it are counted in `events_cut`."""


@dataclass(frozen=True, slots=True)
class Change:
    """An update of the row; the version goes up with each."""

    expression: str
    names: dict[str, str]
    values: Item


def taken(begin: Begin, replay_of: str | None, lease_until: datetime) -> Change:
    """The lease, and one more receive without an outcome; a replay starts the count anew."""
    names = {"#status": "status"}
    if not begin.reopened:
        expression = (
            "SET version = version + :one, receives = receives + :one, lease_until = :lease REMOVE next_at"
        )
        return Change(expression, {}, {":lease": ms(lease_until)})
    return Change(
        "SET version = version + :one, receives = :one, attempt = :none, #status = :status, lease_until = :lease, "
        "replay_of = :replay REMOVE next_at, first_sent_at, stood_still",
        names,
        {
            ":none": {"N": "0"},
            ":status": {"S": "planned"},
            ":lease": ms(lease_until),
            ":replay": {"S": replay_of or ""},
        },
    )


def sent(
    now: datetime,
    lease_until: datetime,
    finished: Mapping[int, ItemOutcome],
    *,
    counts: bool,
    stood_still: float,
) -> Change:
    """A request goes out: status `sending`, one attempt more when it `counts`."""
    return Change(
        "SET version = version + :one, attempt = attempt + :more, #status = :status, lease_until = :lease, "
        "finished = :finished, first_sent_at = if_not_exists(first_sent_at, :now), "
        "stood_still = if_not_exists(stood_still, :still)",
        {"#status": "status"},
        {
            ":more": {"N": "1" if counts else "0"},
            ":status": {"S": "sending"},
            ":lease": ms(lease_until),
            ":finished": {"S": packed(finished)},
            ":now": ms(now),
            ":still": {"N": str(int(stood_still))},
        },
    )


def outcome(record: Mapping[str, Any], now: datetime, retention: timedelta) -> Change:
    """What became of this receive; the count of receives without an outcome starts again."""
    events, cut = fitting(record["events"])
    values = {
        "status": {"S": record["status"]},
        "receives": {"N": "0"},
        "lease_until": {"N": "0"},
        "latency_ms": {"N": str(record["latency_ms"])},
        "reason": {"S": record["reason"]},
        "detail": {"S": record["detail"]},
        "counts": {"M": {name: {"N": str(count)} for name, count in record["counts"].items()}},
        "events": {"S": events},
        "events_cut": {"N": str(cut)},
        "finished": {"S": packed(record["finished"])},
        "expires_at": {"N": str(int((now + retention).timestamp()))},
    }
    if record["vendor_status"] is not None:
        values["vendor_status"] = {"N": str(record["vendor_status"])}
    if record["stages"] is not None:
        values["stages"] = {"S": record["stages"]}
    if record["next_at"] is not None:
        values["next_at"] = ms(record["next_at"])
    sets = ", ".join(f"#{name} = :{name}" for name in values)
    gone = "" if record["next_at"] is not None else " REMOVE next_at"
    return Change(
        f"SET version = version + :one, {sets}{gone}",
        {f"#{name}": name for name in values},
        {f":{name}": value for name, value in values.items()},
    )


def fitting(events: list[dict[str, str]]) -> tuple[str, int]:
    """As compact JSON, as many of the first as fit into a row, and how many do not."""
    kept = events[:MOST_EVENTS]
    text = json.dumps(kept, separators=(",", ":"))
    while len(text) > MOST_EVENT_BYTES:
        kept = kept[: len(kept) // 2]
        text = json.dumps(kept, separators=(",", ":"))
    return text, len(events) - len(kept)
