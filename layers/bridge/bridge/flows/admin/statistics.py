"""The last hour in numbers: items delivered minute by minute, success, latency and lag, data points saved."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bridge.flows.admin.admin_api import Call, invalid
from bridge.flows.events.gateway import Answer, answer_json
from bridge.flows.problems import at
from mapping.installation import Installation
from mapping.run import Run
from mapping.times import iso

DEFAULT_MINUTES, MOST_MINUTES = 60, 180
MOST_RUNS = 100
WAITING = frozenset({"waiting_approval", "stale"})
"""Runs that a person can let go on."""

Minute = Mapping[str, Mapping[str, int]]
"""By installation id: `delivered`, `filtered`, `failed` items; `latency_ms` over `answers`, `lag_ms` over `lags`."""


class Minutes(Protocol):
    """What the workers counted."""

    def read(self, first: datetime, minutes: int) -> Sequence[Minute]: ...


class Runs(Protocol):
    """Runs newest first."""

    def page(self, limit: int, cursor: str | None) -> tuple[Sequence[Run], str | None]: ...


class Installations(Protocol):
    """Where installations are kept."""

    def all(self) -> Sequence[Installation]: ...


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the first screen of a console shows."""

    minutes: Minutes
    runs: Runs
    installations: Installations
    clock: Callable[[], datetime]

    def report(self, call: Call) -> Answer:
        """GET /v1/admin/statistics?minutes=60: times are UTC, latency and lag means in ms, `success` a share of 1."""
        asked, now = _minutes(call.query), self.clock()
        first = now.replace(second=0, microsecond=0) - timedelta(minutes=asked)
        counted = self.minutes.read(first, asked + 1)
        names = {one.id: one.name for one in self.installations.all()}
        known = [*names, *sorted({one for minute in counted for one in minute} - set(names))]
        newest, _ = self.runs.page(MOST_RUNS, None)
        sums = {one: _sum(minute.get(one, {}) for minute in counted) for one in known}
        return answer_json(
            200,
            {
                "from": iso(first),
                "to": iso(now),
                "totals": _summary(_sum(sums.values())),
                "integrations": [
                    {"integration_id": one, "name": names.get(one, one), **_summary(sums[one])}
                    for one in known
                ],
                "minutes": [{"at": iso(first + timedelta(minutes=index))} for index in range(len(counted))],
                "series": [
                    {
                        "label": names.get(one, one),
                        "values": [minute.get(one, {}).get("delivered", 0) for minute in counted],
                    }
                    for one in known
                ],
                "data_points": _data_points(newest),
                "runs_waiting": sum(run.status in WAITING for run in newest),
            },
        )


def _data_points(newest: Sequence[Run]) -> dict[str, int]:
    """Of the newest audience runs that were planned: what they sent against a resend of everybody."""
    plans = [run.plan for run in newest if run.kind == "audience" and run.plan and run.ended]
    sent = sum(plan.data_points for plan in plans)
    full = sum(int(plan.details.get("full_resend_data_points", 0)) for plan in plans)
    return {"sent": sent, "full_resend": full, "saved": max(0, full - sent), "runs": len(plans)}


def _minutes(query: Mapping[str, str]) -> int:
    text = query.get("minutes") or str(DEFAULT_MINUTES)
    if re.fullmatch(r"[1-9][0-9]{0,2}", text) is None or int(text) > MOST_MINUTES:
        raise invalid([at("/minutes", "out_of_range", f"minutes must be a number from 1 to {MOST_MINUTES}")])
    return int(text)


def _sum(parts: Any) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total


def _summary(counts: Counter[str]) -> dict[str, Any]:
    tried = counts["delivered"] + counts["failed"]
    return {
        "events": counts["delivered"],
        "filtered": counts["filtered"],
        "failed": counts["failed"],
        "success": round(counts["delivered"] / tried, 6) if tried else None,
        "latency_ms": _mean(counts["latency_ms"], counts["answers"]),
        "lag_ms": _mean(counts["lag_ms"], counts["lags"]),
    }


def _mean(total: int, count: int) -> int | None:
    return round(total / count) if count else None
