"""A run, looked at until it ends, waits for a person, or has been watched long enough."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge_cli.api import Api, Json
from bridge_cli.errors import CliError, ExitCode

ENDED = frozenset({"done", "cancelled", "blocked"})
WAITING = frozenset({"waiting_approval", "stale"})
APPEARS_WITHIN = timedelta(seconds=90)
REPORTED_WITHIN = timedelta(seconds=30)
EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Watch:
    """`until` is the moment to give up, or None for never."""

    api: Api
    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    until: datetime | None = None

    def states(self, run_id: str, *, left: str = "") -> Iterator[Json]:
        """The run whenever something about it changed, up to its end or to where it waits for a person.

        `left` is the state it was approved in, which it may be seen in for a moment longer.
        """
        before: Json = {}
        appears = self.clock() + APPEARS_WITHIN
        while True:
            run = self._look(run_id, appears)
            if run and _changed(run, before):
                before = run
                yield run
                left = left if run["status"] == left else ""
                if over(run) and not left:
                    return
            if self.until is not None and self.clock() >= self.until:
                raise CliError(
                    ExitCode.TIMED_OUT,
                    f"{run_id} is {before.get('status', 'not there yet')}; it goes on by itself.",
                    f"Watch it with: bridge runs watch {run_id}",
                )
            self.wait(EVERY_SECONDS)

    def report(self, run_id: str) -> Json:
        """The report of a run; it may be written a moment after the run has ended."""
        ends = self.clock() + REPORTED_WITHIN
        while True:
            try:
                return _document(self.api.file(f"/audience-runs/{run_id}/report", format="json"))
            except CliError as error:
                run = self.api.get(f"/audience-runs/{run_id}") if error.code == "NO_REPORT" else {}
                if not run or run["status"] not in ENDED or self.clock() >= ends:
                    raise
            self.wait(EVERY_SECONDS)

    def _look(self, run_id: str, appears: datetime) -> Json:
        """Empty while the bucket's notification is on its way."""
        try:
            return self.api.get(f"/audience-runs/{run_id}")
        except CliError as error:
            if error.exit_code is not ExitCode.NOT_FOUND:
                raise
            if self.clock() < appears:
                return {}
            raise CliError(
                ExitCode.NOT_FOUND,
                f"No run {run_id} has begun within {APPEARS_WITHIN.seconds} s.",
                "Look for a dead letter of ExportQueue with bridge dead-letters, and at bridge doctor.",
            ) from None


def over(run: Json) -> bool:
    """Whether a run moves no further by itself; a dry run ends once it is planned."""
    dry = run["status"] == "planned" and bool(run["plan"]) and run["plan"]["dry_run"]
    return run["status"] in ENDED | WAITING or dry


def ending(run: Json) -> CliError | None:
    """What a run that did not end well ends the command with."""
    status, run_id = run["status"], run["id"]
    if status in WAITING:
        why = "; ".join(one["detail"] for one in (run["plan"] or {}).get("waits_for", ())) or status
        return CliError(
            ExitCode.WAITING,
            f"{run_id} waits for approval: {why}.",
            f"Approve it with: bridge audience approve {run_id}",
        )
    if status in {"blocked", "cancelled"}:
        halt: dict[str, Any] = run["halt"] or {}
        told = f"{halt.get('reason', status)}: {halt.get('detail', '')}".rstrip(": ")
        hint = f"See what was sent with: bridge runs report {run_id}"
        return CliError(
            ExitCode.FOUND, f"{run_id} is {status}: {told}", hint, code=str(halt.get("reason", status))
        )
    return None


def _changed(run: Json, before: Json) -> bool:
    told = ("status", "progress", "waits_on", "halt")
    return not before or any(run[name] != before[name] for name in told)


def _document(body: bytes) -> Json:
    try:
        found: Json = json.loads(body)
    except ValueError:
        raise CliError(ExitCode.UNAVAILABLE, "The report is not readable.", "Try again shortly.") from None
    return found
