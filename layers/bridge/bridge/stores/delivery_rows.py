"""A delivery row's shape, and what its state means for whoever receives the message next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zlib import crc32

from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome, Outcome

Item = dict[str, Any]
Verdict = Literal[
    "started", "already_finished", "leased_until", "hidden_until", "ambiguous", "exhausted", "crashes"
]

RETENTION = timedelta(days=30)
"""Longer than a letter can wait in SQS (14 days), so that a replay still finds what is finished."""
MOST_ATTEMPTS = 5
MOST_RECEIVES = 5
LONGEST_LIFE = timedelta(hours=24)
SHARDS = 4
MOST_EVENTS = 500
MOST_EVENT_BYTES = 250_000
"""Of a row's 400 KB; events beyond it are counted in `events_cut`."""
MOST_FINISHED_BYTES = 100_000

TERMINAL = frozenset({"delivered", "partial", "filtered", "rejected", "blocked", "unknown", "dead"})
HANDS_OFF = frozenset({"already_finished", "leased_until", "hidden_until"})
_SLACK_MS = 1000


@dataclass(frozen=True, slots=True)
class Begin:
    """What a receive found. `finished` maps item positions to outcomes; `was_out` says a request was on its way."""

    verdict: Verdict
    attempt: int = 0
    version: int = 0
    status: str = "planned"
    finished: Mapping[int, ItemOutcome] = field(default_factory=dict)
    until: datetime | None = None
    was_out: bool = False
    reopened: bool = False

    def next_version(self) -> "Begin":
        """The same after one more write."""
        return replace(self, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Change:
    """An update of the row; the version goes up with each."""

    expression: str
    names: dict[str, str]
    values: Item


def fresh(message: DeliveryMessage, now: datetime, lease_until: datetime, retention: timedelta) -> Item:
    """The row of a delivery nobody has touched, leased to this worker."""
    at = iso(now)
    row = {
        "pk": {"S": message.delivery_id},
        "feed": {"S": feed(at, message.delivery_id)},
        "at": {"S": at},
        "integration_id": {"S": message.integration_id},
        "kind": {"S": message.kind},
        "status": {"S": "planned"},
        "attempt": {"N": "0"},
        "receives": {"N": "1"},
        "version": {"N": "1"},
        "lease_until": _ms(lease_until),
        "expires_at": {"N": str(int((now + retention).timestamp()))},
    }
    return row | ({"replay_of": {"S": message.replay_of}} if message.replay_of else {})


def feed(at: str, delivery_id: str) -> str:
    """`DELIVERY#<hour>#<shard>`: four partitions an hour."""
    return f"DELIVERY#{at[:13]}#{crc32(delivery_id.encode()) % SHARDS}"


def judge(row: Item, replay_of: str | None, now: datetime, stood_still: float) -> Begin:
    """The verdict on an existing row; pure. A replay not seen before opens a closed row again, without its attempts."""
    at = int(now.timestamp() * 1000)
    replayed = replay_of is not None and replay_of != _text(row, "replay_of")
    lease, next_at = _number(row, "lease_until"), _number(row, "next_at")
    if lease > at:
        return replace(begin_of(row, "leased_until"), until=_time(lease))
    if replayed:
        return replace(begin_of(row, "started"), attempt=0, was_out=False, reopened=True)
    verdict = _verdict(row, at, stood_still)
    return replace(begin_of(row, verdict), until=_time(next_at) if verdict == "hidden_until" else None)


def _verdict(row: Item, at: int, stood_still: float) -> Verdict:
    status = _text(row, "status")
    if status in TERMINAL:
        return "already_finished"
    if _number(row, "receives") >= MOST_RECEIVES:
        return "crashes"
    if _number(row, "attempt") >= MOST_ATTEMPTS or _age(row, at, stood_still) > LONGEST_LIFE.total_seconds():
        return "exhausted"
    if _number(row, "next_at") > at + _SLACK_MS:
        return "hidden_until"
    return "ambiguous" if status == "sending" else "started"


def _age(row: Item, at: int, stood_still: float) -> float:
    """Seconds since the first request, without those for which the installation stood still."""
    if "first_sent_at" not in row:
        return 0.0
    paused = max(0.0, stood_still - _number(row, "stood_still"))
    return (at - _number(row, "first_sent_at")) / 1000 - paused


def begin_of(row: Item, verdict: Verdict) -> Begin:
    """A row read back."""
    status = _text(row, "status")
    return Begin(
        verdict,
        _number(row, "attempt"),
        _number(row, "version"),
        status,
        _finished(row),
        was_out=status == "sending",
    )


def taken(begin: Begin, replay_of: str | None, lease_until: datetime) -> Change:
    """The lease, and one more receive without an outcome; a replay starts the count anew."""
    names = {"#status": "status"}
    if not begin.reopened:
        expression = (
            "SET version = version + :one, receives = receives + :one, lease_until = :lease REMOVE next_at"
        )
        return Change(expression, {}, {":lease": _ms(lease_until)})
    return Change(
        "SET version = version + :one, receives = :one, attempt = :none, #status = :status, lease_until = :lease, "
        "replay_of = :replay REMOVE next_at, first_sent_at, stood_still",
        names,
        {
            ":none": {"N": "0"},
            ":status": {"S": "planned"},
            ":lease": _ms(lease_until),
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
            ":lease": _ms(lease_until),
            ":finished": {"S": packed(finished)},
            ":now": _ms(now),
            ":still": {"N": str(int(stood_still))},
        },
    )


def outcome(record: Mapping[str, Any], now: datetime, retention: timedelta) -> Change:
    """What became of this receive; the count of receives without an outcome starts again."""
    events, cut = _fitting(record["events"])
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
        values["next_at"] = _ms(record["next_at"])
    sets = ", ".join(f"#{name} = :{name}" for name in values)
    gone = "" if record["next_at"] is not None else " REMOVE next_at"
    return Change(
        f"SET version = version + :one, {sets}{gone}",
        {f"#{name}": name for name in values},
        {f":{name}": value for name, value in values.items()},
    )


def shown(row: Item) -> dict[str, Any]:
    """A row as the API shows it."""
    counts = {name: int(count["N"]) for name, count in row.get("counts", {"M": {}})["M"].items()}
    return {
        "delivery_id": row["pk"]["S"],
        "integration_id": _text(row, "integration_id"),
        "kind": _text(row, "kind"),
        "status": _text(row, "status"),
        "vendor_status": _number(row, "vendor_status") or None,
        "attempt": _number(row, "attempt"),
        "latency_ms": _number(row, "latency_ms"),
        "reason": _text(row, "reason"),
        "detail": _text(row, "detail"),
        "counts": counts,
        "events": _events(row),
        "events_cut": _number(row, "events_cut"),
        "at": _text(row, "at"),
        "stages": _text(row, "stages") or None,
    }


def _events(row: Item) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(_text(row, "events") or "[]")
    return found


def packed(finished: Mapping[int, ItemOutcome]) -> str:
    """`[[outcome, reason, detail, [positions]], …]`: items of the same end share an entry."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for index, one in sorted(finished.items()):
        groups.setdefault((str(one.outcome), one.reason, one.detail), []).append(index)
    text = json.dumps([[*key, indices] for key, indices in groups.items()], separators=(",", ":"))
    if len(text) <= MOST_FINISHED_BYTES:
        return text
    return packed({index: ItemOutcome(one.outcome, one.reason[:64]) for index, one in finished.items()})


def _finished(row: Item) -> dict[int, ItemOutcome]:
    groups = json.loads(_text(row, "finished") or "[]")
    return {
        index: ItemOutcome(Outcome(kind), reason, detail)
        for kind, reason, detail, indices in groups
        for index in indices
    }


def _fitting(events: list[dict[str, str]]) -> tuple[str, int]:
    kept = events[:MOST_EVENTS]
    text = json.dumps(kept, separators=(",", ":"))
    while len(text) > MOST_EVENT_BYTES:
        kept = kept[: len(kept) // 2]
        text = json.dumps(kept, separators=(",", ":"))
    return text, len(events) - len(kept)


def iso(moment: datetime) -> str:
    """UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(moment: datetime) -> Item:
    return {"N": str(int(moment.timestamp() * 1000))}


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _number(row: Item, name: str) -> int:
    return int(row[name]["N"]) if name in row else 0


def _text(row: Item, name: str) -> str:
    return str(row[name]["S"]) if name in row else ""
