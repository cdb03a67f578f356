"""What a run leaves behind: one JSON document with everything that was counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from bridge.flows.runs.charts import rates
from bridge.flows.runs.ledger import lines_of
from mapping.run import PartResult, Run, Snapshot

EXAMPLES = ("rejected_rows", "rejected_values")
"""What a plan names row by row, up to a thousand: too much for a run's own row in the table."""

_REMEMBERED = (
    "id",
    "status",
    "created_at",
    "ended_at",
    "members",
    "joined",
    "left",
    "changed",
    "data_points",
)
_SENT = ("lines", "accepted", "rejected")


def outcome(results: Sequence[PartResult]) -> dict[str, Any]:
    """Lines by what became of them, over all parts."""
    rejected: dict[str, int] = {}
    failed: Counter[str] = Counter()
    accepted, held, unanswered = 0, 0, 0
    for result in results:
        accepted += len(lines_of(result.accepted))
        held += len(lines_of(result.held))
        unanswered += len(lines_of(result.unanswered))
        failed.update(result.failed)
        for reason, named in result.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + len(lines_of(named))
    lines = sum(result.rows for result in results)
    return {
        "lines": lines,
        "accepted": accepted,
        "rejected": sum(rejected.values()),
        "rejected_by_reason": dict(sorted(rejected.items())),
        "held": held,
        "unanswered": unanswered,
        "undelivered": lines - accepted - held - sum(rejected.values()),
        "requests": sum(result.requests for result in results),
        "failed_requests": dict(sorted(failed.items())),
    }


def report(
    run: Run,
    results: Sequence[PartResult],
    *,
    status: str,
    now: str,
    snapshot: Snapshot | None = None,
    examples: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The report of a run that ends as `status`: times are ISO 8601, durations seconds, `examples` of its plan."""
    plan = run.plan
    details = plan.details if plan else {}
    sent = outcome(results)
    parts = [part_summary(result) for result in results]
    return {
        "id": run.id,
        "kind": run.kind,
        "integration_id": run.integration_id,
        "audience_id": run.audience_id,
        "split_id": run.split_id,
        "campaign_id": run.campaign_id,
        "export_id": run.export_id,
        "origin": run.origin,
        "based_on": run.based_on,
        "export": run.key,
        "status": status,
        "reason": run.halt.reason if run.halt else "",
        "detail": run.halt.detail if run.halt else "",
        "exported_at": run.exported_at,
        "created_at": run.created_at,
        "ended_at": now,
        "seconds": round(_seconds(run.created_at, now), 3),
        "exported": details.get("exported", 0),
        "valid": details.get("valid", 0),
        "duplicates": details.get("duplicates", 0),
        "members": snapshot.members if snapshot else (plan.members if plan else 0),
        "joined": plan.joined if plan else 0,
        "left": plan.left if plan else 0,
        "changed": plan.changed if plan else 0,
        "attributes_changed": plan.attributes if plan else {},
        "requests": sent["requests"],
        "planned_requests": plan.requests if plan else 0,
        "data_points": plan.data_points if plan else 0,
        "full_resend_data_points": details.get("full_resend_data_points", 0),
        "sent": sent,
        "rejected_rows_by_reason": details.get("rejected_by_reason", {}),
        "rejected_values_by_reason": details.get("rejected_values_by_reason", {}),
        **{name: examples.get(name, []) for name in EXAMPLES},
        "waited_for": [wait.model_dump() for wait in plan.waits_for] if plan else [],
        "approved_by": run.approved_by,
        "warnings": list(plan.warnings) if plan else [],
        "biggest_changes": details.get("biggest_changes", []),
        "samples": details.get("samples", []),
        "seconds_planning": details.get("seconds", 0),
        "snapshot_version": snapshot.version if snapshot else None,
        "parts": parts,
        "throughput": throughput(parts),
    }


def history_entry(document: Mapping[str, Any]) -> dict[str, Any]:
    """A report in a line, for the reports of the runs that follow."""
    return {name: document[name] for name in _REMEMBERED} | {name: document["sent"][name] for name in _SENT}


def throughput(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Accepted lines a second, up to each moment since the one before; empty when nothing was accepted."""
    points = rates(parts)
    if not points:
        return []
    points = [(0.0, points[0][1]), *points]
    begun = min(datetime.fromisoformat(part["started_at"]) for part in parts if part["started_at"])
    moments = [begun.astimezone(UTC) + timedelta(seconds=second) for second, _ in points]
    return [
        {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "rows_per_second": round(rate, 1),
        }
        for at, (_, rate) in zip(moments, points, strict=True)
    ]


def part_summary(result: PartResult) -> dict[str, Any]:
    """One part in the report: rejected lines stay readable, accepted ones are counted."""
    return {
        "part": result.part,
        "rows": result.rows,
        "accepted": len(lines_of(result.accepted)),
        "rejected": result.rejected,
        "held": result.held,
        "unanswered": result.unanswered,
        "requests": result.requests,
        "failed_requests": result.failed,
        "ended": result.ended,
        "reason": result.reason,
        "started_at": result.started_at,
        "ended_at": result.ended_at,
    }


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
