"""Audiences: every run with its progress, its plan and what it waits for."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from console.api import ApiError, together
from console.visits import Moved, Page, Passed, Reply, Shown, Visit, address

RUNS = "/v1/admin/audience-runs"
ENDED = {"done", "cancelled", "blocked", "stale"}
ACTIONS = {"approve": "approved", "cancel": "cancelled"}
SAMPLE = 1000
_NO_REPORT = {404, 410}


def pages() -> tuple[Page, ...]:
    """Approving and cancelling need an editor."""
    one = "/console/audiences/<run_id>"
    return (
        Page("GET", "/console/audiences", "viewer", runs),
        Page("GET", one, "viewer", run),
        *(
            Page("POST", f"{one}/{action}", "editor", partial(act, action=action, said=said))
            for action, said in ACTIONS.items()
        ),
        Page("POST", f"{one}/rollback", "editor", rollback),
        Page("POST", f"{one}/reconcile", "editor", reconcile),
        Page("GET", f"{one}/report", "viewer", report),
        Page("GET", f"{one}/rejects", "editor", rejects),
    )


def runs(visit: Visit) -> Reply:
    """The newest runs, those that wait for a person first."""
    page, installed = together(
        lambda: visit.api.get(RUNS, limit=50, cursor=visit.query.get("cursor")),
        lambda: visit.api.every("/v1/admin/integrations"),
    )
    rows = sorted(page["data"], key=lambda row: row["status"] not in {"waiting_approval", "stale"})
    content = {
        "rows": rows,
        "next_cursor": page["next_cursor"],
        "names": {one["id"]: one["name"] for one in installed},
        "moving": any(row["status"] not in ENDED for row in rows),
    }
    return Shown("audiences.html", content, "living")


def run(visit: Visit) -> Reply:
    """One run: funnel, plan, progress, throughput; and the joins and leaves of its audience's latest runs."""
    (row, sent), page, installed = together(
        lambda: _run_and_report(visit),
        lambda: visit.api.get(RUNS, limit=100),
        lambda: visit.api.every("/v1/admin/integrations"),
    )
    history = [one for one in page["data"] if _audience(one) == _audience(row) and one["plan"]]
    content = {
        "row": row,
        "moving": row["status"] not in ENDED,
        "funnel": funnel(row),
        "shares": {
            one["attribute"]: one["share"] for one in (row["plan"] or {}).get("biggest_changes") or ()
        },
        "history": history_chart(history[:30]),
        "throughput": sent.get("throughput", []),
        "names": {one["id"]: one["name"] for one in installed},
    }
    return Shown("run.html", content, "living")


def act(visit: Visit, *, action: str, said: str) -> Reply:
    """Approve or cancel."""
    run_id = visit.params["run_id"]
    visit.api.post(f"{RUNS}/{run_id}/{action}")
    return Moved(address("audiences", run_id), said)


def rollback(visit: Visit) -> Reply:
    """Go back to what this run committed; leads to the run that does it."""
    made = visit.api.post(f"{RUNS}/{visit.params['run_id']}/rollback")
    return Moved(address("audiences", made["id"]), "rolling_back")


def reconcile(visit: Visit) -> Reply:
    """Compare with what Braze holds; leads to the run that reads back."""
    everybody, repair = visit.given("sample") == "all", visit.given("repair") == "true"
    wish = {"sample": "all" if everybody else SAMPLE, "repair": repair}
    made = visit.api.post(f"{RUNS}/{visit.params['run_id']}/reconcile", wish)
    return Moved(address("audiences", made["id"]), "reconciling")


def report(visit: Visit) -> Reply:
    """The run's report as a page."""
    return Passed(visit.api.document(f"{RUNS}/{visit.params['run_id']}/report?format=html", "text/html"))


def rejects(visit: Visit) -> Reply:
    """Every rejected row and refused line."""
    return Passed(visit.api.document(f"{RUNS}/{visit.params['run_id']}/rejects", "text/csv"))


def funnel(row: Mapping[str, Any]) -> list[tuple[str, int, float]]:
    """Message key, count and share of the widest step; steps nothing is known of yet are left out."""
    plan, result = row["plan"] or {}, row["result"] or {}
    counts = [
        ("run.members", plan.get("members")),
        (
            "run.changed",
            plan.get("joined", 0) + plan.get("left", 0) + plan.get("changed", 0) if plan else None,
        ),
        ("run.sent", result.get("lines")),
        ("run.accepted", result.get("accepted")),
    ]
    known = [(key, int(count)) for key, count in counts if count is not None]
    widest = max((count for _, count in known), default=0) or 1
    return [(key, count, count / widest) for key, count in known]


def history_chart(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Joins and leaves over the audience's runs, oldest first."""
    oldest_first = sorted(rows, key=lambda row: row["created_at"])
    return {
        "times": [row["created_at"] for row in oldest_first],
        "joined": [row["plan"]["joined"] for row in oldest_first],
        "left": [row["plan"]["left"] for row in oldest_first],
    }


def _run_and_report(visit: Visit) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The run, and its report once it is written; one that has expired or is too large to be shown is left out."""
    one = f"{RUNS}/{visit.params['run_id']}"
    row = visit.api.get(one)
    if not row["report_url"]:
        return row, {}
    try:
        kept = visit.api.document(f"{one}/report", "application/json")
    except ApiError as error:
        if error.status not in _NO_REPORT:
            raise
        return row, {}
    return row, {} if kept.link else json.loads(kept.text)


def _audience(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["integration_id"], row["audience_id"], row["split_id"], row["campaign_id"]
