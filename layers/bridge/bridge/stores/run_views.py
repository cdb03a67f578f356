"""Runs as the operations API shows them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.stores.runs import RunStore
from mapping.run import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPORT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class RunViews:
    """Plain objects for lists and details; `report_url` is signed and works for fifteen minutes."""

    runs: RunStore
    s3: "S3Client"
    bucket: str

    def page(self, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Newest first."""
        found, more = self.runs.page(limit, cursor)
        return [self.view(run) for run in found], more

    def get(self, run_id: str) -> dict[str, Any] | None:
        """One run."""
        run = self.runs.get(run_id)
        return self.view(run) if run else None

    def approve(self, run_id: str, by: str) -> dict[str, Any]:
        """Raises Rejected when the run does not wait for approval."""
        return self.view(self.runs.approve(run_id, by))

    def cancel(self, run_id: str, by: str) -> dict[str, Any]:
        """Raises Rejected when the run has ended."""
        return self.view(self.runs.cancel(run_id, by))

    def view(self, run: Run) -> dict[str, Any]:
        """What is shown of a run."""
        plan = run.plan.model_dump(mode="json", exclude={"parts"}) if run.plan else None
        return {
            "id": run.id,
            "kind": run.kind,
            "integration_id": run.integration_id,
            "audience_id": run.audience_id,
            "split_id": run.split_id,
            "campaign_id": run.campaign_id,
            "export_id": run.export_id,
            "export": run.key,
            "status": run.status,
            "reason": run.halt.reason if run.halt else "",
            "detail": run.halt.detail if run.halt else "",
            "waits_on": run.waits_on,
            "plan": plan,
            "progress": {"parts": run.parts, "parts_done": run.parts_done},
            "result": run.result or None,
            "approved_by": run.approved_by,
            "created_at": run.created_at,
            "updated_at": run.updated_at or run.created_at,
            "ended_at": run.ended_at,
            "report_url": self._url(run.report_key),
        }

    def _url(self, key: str | None) -> str | None:
        if key is None:
            return None
        where = {"Bucket": self.bucket, "Key": key}
        return str(self.s3.generate_presigned_url("get_object", Params=where, ExpiresIn=REPORT_SECONDS))
