"""One export at a time: upload, wait for its run, approve it when it asks, read the stand-in's meters."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.demo.api import Api
from local.demo.aws import Account
from local.demo.exports import File
from local.demo.standins import StandIns
from local.demo.watch import Missing, Watch

Json = dict[str, Any]
ENDED = frozenset({"done", "cancelled", "blocked", "stale"})


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run, what it cost by the stand-in's own count, and where its report lies as a page."""

    plan: Json
    waited_for: tuple[str, ...]
    requests: int
    data_points: int
    seconds: float
    report: Path


@dataclass(frozen=True, slots=True)
class Exporter:
    """Uploads exports and follows their runs."""

    api: Api
    account: Account
    standins: StandIns
    watch: Watch
    reports: Path

    def run(self, integration_id: str, files: Sequence[File]) -> Run:
        """From the upload to the end of the run; `Missing` when it ends otherwise than done."""
        started = time.monotonic()
        points, requests = self._meters()
        self.account.upload(files)
        run_id = self._appeared(integration_id, files[-1].key)
        waited_for = self._finished(run_id)
        after = self._meters()
        return Run(
            plan=self.api.run(run_id)["plan"],
            waited_for=waited_for,
            requests=after[1] - requests,
            data_points=after[0] - points,
            seconds=time.monotonic() - started,
            report=self._kept(run_id),
        )

    def _kept(self, run_id: str) -> Path:
        """The run's report as a page that opens without the stack."""
        self.reports.mkdir(parents=True, exist_ok=True)
        path = self.reports / f"{run_id}.html"
        path.write_text(self.api.report_page(run_id), encoding="utf-8")
        return path

    def _meters(self) -> tuple[int, int]:
        """Braze answers before it applies: read the meter when nothing waits any more."""
        self.watch.until("profiles settled at Braze", 1, lambda: int(self.standins.waiting() == 0))
        return self.standins.data_points(), self.standins.track_requests()

    def _appeared(self, integration_id: str, manifest: str) -> str:
        export_id = manifest.split("/")[-2]

        def found() -> list[str]:
            runs = (run for run in self.api.runs() if run["integration_id"] == integration_id)
            return [run["id"] for run in runs if run["export_id"] == export_id]

        self.watch.until(f"a run for {manifest}", 1, lambda: len(found()))
        return found()[0]

    def _finished(self, run_id: str) -> tuple[str, ...]:
        reasons: tuple[str, ...] = ()

        def ended() -> int:
            nonlocal reasons
            run = self.api.run(run_id)
            if run["status"] == "waiting_approval" and not reasons:
                reasons = tuple(f"{wait['code']}: {wait['detail']}" for wait in run["plan"]["waits_for"])
                self.api.approve(run_id)
            return int(run["status"] in ENDED)

        self.watch.until(f"the end of run {run_id}", 1, ended)
        run = self.api.run(run_id)
        if run["status"] != "done":
            raise Missing(f"run {run_id} ended {run['status']}: {run.get('result')}", self.watch.diagnose())
        return reasons
