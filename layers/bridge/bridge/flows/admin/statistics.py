"""The last hour in numbers: events delivered minute by minute, success, the vendors' latency, data points saved."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Protocol

from bridge.flows.admin.admin_api import Call, invalid
from bridge.flows.admin.audit import iso
from bridge.flows.events.gateway import Answer, answer_json
from bridge.flows.problems import at
from mapping.installation import Installation
from mapping.run import Run

DEFAULT_MINUTES, MOST_MINUTES = 60, 180
PAGE, MOST_ROWS, MOST_RUNS = 1000, 5000, 100
"""Rows read at most: a busier hour is told from its newest deliveries, and the answer says so."""
_ENDED_WELL = "delivered"
_NOT_SENT = frozenset({"filtered", "retry"})

Row = Mapping[str, Any]


class Deliveries(Protocol):
    """Deliveries newest first; a cursor is opaque."""

    def page(self, limit: int, cursor: str | None) -> tuple[Sequence[Row], str | None]: ...


class Runs(Protocol):
    """Runs newest first."""

    def page(self, limit: int, cursor: str | None) -> tuple[Sequence[Run], str | None]: ...


class Installations(Protocol):
    """Where installations are kept."""

    def all(self) -> Sequence[Installation]: ...


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counted from the delivery rows themselves, so that nothing more is written per delivery."""

    deliveries: Deliveries
    runs: Runs
    installations: Installations
    clock: Callable[[], datetime]

    def report(self, call: Call) -> Answer:
        """GET /v1/admin/statistics?minutes=60: minutes are UTC, latencies milliseconds, `success` a share of 1."""
        now = self.clock()
        rows, start, complete = self._since(now - timedelta(minutes=_minutes(call.query)))
        names = {one.id: one.name for one in self.installations.all()}
        by_installation: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_installation[row["integration_id"] or ""].append(row)
        known = sorted(set(names) | (by_installation.keys() - {""}))
        moments = [start + timedelta(minutes=index) for index in range(_span(start, now))]
        return answer_json(
            200,
            {
                "from": iso(start),
                "to": iso(now),
                "complete": complete,
                "totals": _summary(rows),
                "integrations": [
                    {"integration_id": one, "name": names.get(one, one), **_summary(by_installation[one])}
                    for one in known
                ],
                "minutes": [{"at": iso(moment)} for moment in moments],
                "series": [
                    {"label": names.get(one, one), "values": _by_minute(by_installation[one], moments)}
                    for one in known
                ],
                "data_points": self._data_points(),
            },
        )

    def _since(self, wanted: datetime) -> tuple[list[Row], datetime, bool]:
        """The rows, the minute from which on they are all there, and whether that is the one asked for."""
        start, found, cursor = _minute(wanted), list[Row](), None
        while len(found) < MOST_ROWS:
            page, cursor = self.deliveries.page(PAGE, cursor)
            inside = [row for row in page if row["at"] >= iso(start)]
            found += inside
            if len(inside) < len(page) or cursor is None:
                return found, start, True
        oldest = datetime.fromisoformat(found[-1]["at"])
        cut = (
            _minute(oldest) + timedelta(minutes=1)
            if _minute(oldest) < _minute(self.clock())
            else _minute(oldest)
        )
        return [row for row in found if row["at"] >= iso(cut)], cut, False

    def _data_points(self) -> dict[str, int]:
        """Of the newest audience runs that were planned: what they sent against a resend of everybody."""
        page, _ = self.runs.page(MOST_RUNS, None)
        plans = [run.plan for run in page if run.kind == "audience" and run.plan and run.ended]
        sent = sum(plan.data_points for plan in plans)
        full = sum(int(plan.details.get("full_resend_data_points", 0)) for plan in plans)
        return {"sent": sent, "full_resend": full, "saved": max(0, full - sent), "runs": len(plans)}


def _minutes(query: Mapping[str, str]) -> int:
    text = query.get("minutes") or str(DEFAULT_MINUTES)
    if re.fullmatch(r"[1-9][0-9]{0,2}", text) is None or int(text) > MOST_MINUTES:
        raise invalid([at("/minutes", "out_of_range", f"minutes must be a number from 1 to {MOST_MINUTES}")])
    return int(text)


def _summary(rows: Iterable[Row]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    latencies: list[int] = []
    for row in rows:
        counts.update(row.get("counts") or {})
        if row.get("latency_ms"):
            latencies.append(row["latency_ms"])
    tried = sum(count for outcome, count in counts.items() if outcome not in _NOT_SENT)
    return {
        "events": counts[_ENDED_WELL],
        "filtered": counts["filtered"],
        "failed": tried - counts[_ENDED_WELL],
        "success": round(counts[_ENDED_WELL] / tried, 6) if tried else None,
        "latency_ms": round(median(latencies)) if latencies else None,
    }


def _by_minute(rows: Iterable[Row], moments: Sequence[datetime]) -> list[int]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row["at"][:16]] += (row.get("counts") or {}).get(_ENDED_WELL, 0)
    return [counts[iso(moment)[:16]] for moment in moments]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _span(start: datetime, end: datetime) -> int:
    return (_minute(end) - start) // timedelta(minutes=1) + 1
