"""What a run leaves behind, for readers: its report as JSON or as a page, its rejects as CSV."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.errors import Problem
from bridge.flows.admin.admin_api import Call, invalid, missing
from bridge.flows.events.gateway import Answer
from bridge.flows.problems import at
from bridge.flows.runs.report_page import POLICY, page
from mapping.run import Run

MOST_INLINE = 4 * 1024 * 1024
"""Bytes answered directly, well below Lambda's 6 MB; more is fetched from the bucket by a signed link."""
CSV = "text/csv; charset=utf-8"
HTML = "text/html; charset=utf-8"

_GUARDED = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class Runs(Protocol):
    """Finds a run."""

    def get(self, run_id: str) -> Run | None: ...


class Kept(Protocol):
    """Objects of the state bucket."""

    def size(self, key: str) -> int | None:
        """Bytes; None when there is no such object."""

    def read(self, key: str) -> bytes: ...
    def url(self, key: str, *, name: str | None = None) -> str:
        """A link that holds for a quarter of an hour; with a name it is saved under it."""


@dataclass(frozen=True, slots=True)
class RunReports:
    """Reports hold masked samples and are for viewers; rejects name people and are for editors."""

    runs: Runs
    kept: Kept

    def report(self, call: Call) -> Answer:
        """GET /v1/admin/audience-runs/{run_id}/report: JSON, or a page when `format` or `Accept` says so."""
        wants = _format(call)
        run = self._found(call)
        if run.report_key is None:
            raise Problem(404, "NO_REPORT", "The run has not ended: its report is written when it has.")
        size = self.kept.size(run.report_key)
        if size is None:
            raise _expired("report")
        if wants == "json":
            return self._answer(run.report_key, size, "application/json")
        if size > MOST_INLINE:
            return _elsewhere(self.kept.url(page_key(run.report_key)))
        text = page(json.loads(self.kept.read(run.report_key)))
        return Answer(200, text, HTML, {**_GUARDED, "Content-Security-Policy": POLICY})

    def rejects(self, call: Call) -> Answer:
        """GET /v1/admin/audience-runs/{run_id}/rejects: all of them, of the plan and, once it ended, of Braze."""
        run = self._found(call)
        if run.plan_ref is None:
            raise Problem(404, "NO_PLAN", "The run has no plan, so nothing of it was rejected.")
        name = f"{run.id}-rejects.csv"
        for key in (f"runs/{run.id}/rejects.csv", f"{run.plan_ref.key.rpartition('/')[0]}/rejects.csv"):
            size = self.kept.size(key)
            if size is not None:
                told = {"Content-Disposition": f'attachment; filename="{name}"'}
                return self._answer(key, size, CSV, told, name=name)
        raise _expired("list of rejects")

    def _answer(
        self,
        key: str,
        size: int,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        *,
        name: str | None = None,
    ) -> Answer:
        if size > MOST_INLINE:
            return _elsewhere(self.kept.url(key, name=name))
        return Answer(200, self.kept.read(key).decode(), content_type, {**_GUARDED, **(headers or {})})

    def _found(self, call: Call) -> Run:
        run = self.runs.get(call.params["run_id"])
        if run is None:
            raise missing("run")
        return run


def page_key(report_key: str) -> str:
    """Where a report lies as a page."""
    return f"{report_key.removesuffix('.json')}.html"


def _format(call: Call) -> str:
    asked = call.query.get("format")
    if asked not in {None, "", "json", "html"}:
        raise invalid([at("/format", "unknown_format", "format must be json or html")])
    return asked or ("html" if "text/html" in call.headers.get("accept", "") else "json")


def _elsewhere(url: str) -> Answer:
    return Answer(303, headers={"Location": url, "Cache-Control": "no-store"})


def _expired(what: str) -> Problem:
    return Problem(404, "EXPIRED", f"The {what} is past its retention.")
