"""A delivery row's shape, and what its state means for whoever receives the message next."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zlib import crc32

from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome, Outcome
from mapping.times import iso

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
MOST_FINISHED_BYTES = 100_000

TERMINAL = frozenset({"delivered", "partial", "filtered", "rejected", "blocked", "unknown", "dead"})
HANDS_OFF = frozenset({"already_finished", "leased_until", "hidden_until"})
_SLACK_MS = 1000


@dataclass(frozen=True, slots=True)
class Begin:
    """What a receive found. `finished` maps item positions to outcomes; `was_out` says a request was on its way.

    `unanswered` are items that went out before and of which nobody knows whether they arrived.
    """

    verdict: Verdict
    attempt: int = 0
    version: int = 0
    status: str = "planned"
    finished: Mapping[int, ItemOutcome] = field(default_factory=dict)
    unanswered: frozenset[int] = frozenset()
    until: datetime | None = None
    was_out: bool = False
    reopened: bool = False

    def next_version(self) -> "Begin":
        """The same after one more write."""
        return replace(self, version=self.version + 1)


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
        "lease_until": ms(lease_until),
        "expires_at": {"N": str(int((now + retention).timestamp()))},
    }
    row |= {"correlation_ids": texts(message.correlation_ids)} if message.correlation_ids else {}
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
    status, known = _text(row, "status"), _finished(row)
    return Begin(
        verdict,
        _number(row, "attempt"),
        _number(row, "version"),
        status,
        {index: one for index, one in known.items() if one.outcome is not Outcome.UNKNOWN},
        frozenset(index for index, one in known.items() if one.outcome is Outcome.UNKNOWN),
        was_out=status == "sending",
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
        "correlation_ids": [one["S"] for one in row["correlation_ids"]["L"]]
        if "correlation_ids" in row
        else [],
        "at": _text(row, "at"),
        "stages": _text(row, "stages") or None,
    }


def _events(row: Item) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(_text(row, "events") or "[]")
    return found


def packed(finished: Mapping[int, ItemOutcome]) -> str:
    """`[[outcome, reason, detail, [positions]], …]`: items of the same end share an entry.

    What is too long for a row goes without details, then without reasons.
    """
    text = _packed(finished)
    if len(text) > MOST_FINISHED_BYTES:
        text = _packed({at: ItemOutcome(one.outcome, one.reason[:64]) for at, one in finished.items()})
    if len(text) > MOST_FINISHED_BYTES:
        text = _packed({at: ItemOutcome(one.outcome) for at, one in finished.items()})
    return text


def _packed(finished: Mapping[int, ItemOutcome]) -> str:
    groups: dict[tuple[str, str, str], list[int]] = {}
    for index, one in sorted(finished.items()):
        groups.setdefault((str(one.outcome), one.reason, one.detail), []).append(index)
    return json.dumps([[*key, indices] for key, indices in groups.items()], separators=(",", ":"))


def _finished(row: Item) -> dict[int, ItemOutcome]:
    groups = json.loads(_text(row, "finished") or "[]")
    return {
        index: ItemOutcome(Outcome(kind), reason, detail)
        for kind, reason, detail, indices in groups
        for index in indices
    }


def texts(values: Iterable[str]) -> Item:
    """A list of texts, in order."""
    return {"L": [{"S": value} for value in values]}


def ms(moment: datetime) -> Item:
    """Epoch milliseconds, as the table holds times it compares."""
    return {"N": str(int(moment.timestamp() * 1000))}


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _number(row: Item, name: str) -> int:
    return int(row[name]["N"]) if name in row else 0


def _text(row: Item, name: str) -> str:
    return str(row[name]["S"]) if name in row else ""
