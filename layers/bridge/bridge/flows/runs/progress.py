"""How far a run is, part by part, from the checkpoints its workers write each second."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from mapping.run import Run


class PartState(NamedTuple):
    """A part somebody has begun: its checkpoint, whether it is done, and whether a worker has it now."""

    part: int
    ledger: str
    done: bool
    working: bool


def progress(run: Run, parts: Iterable[PartState], now: datetime) -> dict[str, Any]:
    """Rows accepted of those planned, the pace so far, and how long the rest takes at that pace.

    `seconds_left` is None before anything is accepted and when nothing is under way; a part nobody has begun
    is not listed.
    """
    shown = [_shown(one) for one in parts]
    total = run.plan.details.get("lines") if run.plan else None
    totals = {name: sum(one[name] for one in shown) for name in ("accepted", "rejected", "held")}
    begun = min((one["started_at"] for one in shown if one["started_at"]), default="")
    until = run.ended_at or now.isoformat()
    seconds = _between(begun, until) if begun else 0.0
    pace = totals["accepted"] / seconds if seconds > 0 else 0.0
    left = None
    if run.status == "syncing" and total is not None and pace:
        left = round(max(0, total - sum(totals.values())) / pace, 1)
    return {
        "parts": run.parts,
        "parts_done": run.parts_done,
        "rows": total,
        **totals,
        "rows_per_second": round(pace, 1),
        "seconds_left": left,
        "by_part": [{name: value for name, value in one.items() if name != "started_at"} for one in shown],
    }


def _shown(state: PartState) -> dict[str, Any]:
    kept = json.loads(state.ledger) if state.ledger else {}
    return {
        "part": state.part,
        "status": "done" if state.done else "sending" if state.working else "waiting",
        "rows": kept.get("rows"),
        "accepted": count(kept.get("accepted", "")),
        "rejected": sum(count(lines) for lines in kept.get("rejected", {}).values()),
        "held": count(kept.get("held", "")),
        "started_at": kept.get("started_at", ""),
    }


def count(ranges: str) -> int:
    """How many lines the ranges of a checkpoint name, without naming each: "0-2,7" are four."""
    total = 0
    for piece in filter(None, ranges.split(",")):
        first, _, last = piece.partition("-")
        total += int(last or first) - int(first) + 1
    return total


def _between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
