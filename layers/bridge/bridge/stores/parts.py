"""Files of runs in the state bucket: plans, lines, results, rejects and reports."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.errors import Rejected
from mapping.comparison import PartFile
from mapping.export import RunPlan
from mapping.run import PartResult

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ANOTHER_IS_THERE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
READERS = 16
SPOOLED = 8 * 1024 * 1024
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PartFiles:
    """`runs/<run_id>/…` in the state bucket; what lies under a plan attempt is never written again."""

    s3: "S3Client"
    bucket: str

    def put_part(self, run_id: str, attempt: int, part: PartFile) -> str:
        """Store one part's lines; its key."""
        key = f"runs/{run_id}/plan-{attempt}/part-{part.number:05d}.jsonl"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=part.body, ContentType="application/x-ndjson")
        return key

    def put_changes(self, run_id: str, attempt: int, number: int, path: Path) -> None:
        """Store what a partition's lines would make of the snapshot."""
        self.s3.upload_file(
            str(path), self.bucket, f"runs/{run_id}/plan-{attempt}/changes-{number:04d}.parquet"
        )

    def get_changes(self, run_id: str, attempt: int, directory: Path) -> Sequence[Path]:
        """All of them on disk, in the order of the partitions."""
        prefix = f"runs/{run_id}/plan-{attempt}/changes-"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = sorted(found["Key"] for page in pages for found in page.get("Contents", ()))
        paths = [directory / f"committed-{key.rpartition('/')[2]}" for key in keys]
        for key, path in zip(keys, paths, strict=True):
            self.s3.download_file(self.bucket, key, str(path))
        return paths

    def put_plan(self, plan: RunPlan) -> tuple[str, str]:
        """Store a plan under its attempt; key and sha256."""
        key = f"runs/{plan.run_id}/plan-{plan.attempt}/plan.json"
        body = plan.model_dump_json().encode()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")
        return key, sha256(body).hexdigest()

    def get_plan(self, key: str, digest: str) -> RunPlan:
        """The plan the run's row names; raises Rejected when the object is another one, or not kept any more."""
        try:
            body = self.get_part(key)
        except self.s3.exceptions.NoSuchKey as error:
            raise Rejected("plan_expired", f"{key} is not kept any more") from error
        if sha256(body).hexdigest() != digest:
            raise Rejected("plan_corrupt", f"{key} is not the plan that was fixed")
        return RunPlan.model_validate_json(body)

    def get_part(self, key: str) -> bytes:
        """An object's bytes."""
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def put_result(self, run_id: str, result: PartResult, *, over: str | None = None) -> bool:
        """Store what became of a part where nothing is known yet, or over the object with that ETag; else False."""
        condition: Any = {"IfNoneMatch": "*"} if over is None else {"IfMatch": over}
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=_result_key(run_id, result.part),
                Body=result.model_dump_json().encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ANOTHER_IS_THERE:
                raise
            return False
        return True

    def result_tag(self, run_id: str, part: int) -> str | None:
        """The ETag of what is stored of a part; None when nothing is."""
        try:
            return self.s3.head_object(Bucket=self.bucket, Key=_result_key(run_id, part))["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "403"):  # 403 to whoever may not list
                raise
            return None

    def results(self, run_id: str, parts: int) -> Sequence[PartResult]:
        """The results of all parts, in order."""
        keys = [_result_key(run_id, part) for part in range(1, parts + 1)]
        with ThreadPoolExecutor(READERS) as pool:
            return [PartResult.model_validate_json(body) for body in pool.map(self.get_part, keys)]

    def put_page(self, run_id: str, page: str) -> None:
        """Store a run's report as a page, beside the report."""
        self.s3.put_object(
            Bucket=self.bucket,
            Key=f"runs/{run_id}/report.html",
            Body=page.encode(),
            ContentType="text/html; charset=utf-8",
        )

    def put_rejects(self, run_id: str, chunks: Iterable[bytes], *, attempt: int | None = None) -> None:
        """Store rejects as CSV, however many: beyond 8 MB they go through a file."""
        with SpooledTemporaryFile(SPOOLED) as file:
            for chunk in chunks:
                file.write(chunk)
            file.seek(0)
            extra = {"ContentType": "text/csv; charset=utf-8"}
            self.s3.upload_fileobj(file, self.bucket, rejects_key(run_id, attempt), ExtraArgs=extra)

    def get_rejects(self, run_id: str, attempt: int) -> Iterator[bytes]:
        """What a plan stored, in chunks; nothing when it stored none."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=rejects_key(run_id, attempt))
        except self.s3.exceptions.NoSuchKey:
            return
        yield from found["Body"].iter_chunks(CHUNK)

    def results_there(self, run_id: str) -> Sequence[PartResult]:
        """The results of those parts that have one, in order."""
        with ThreadPoolExecutor(READERS) as pool:
            bodies = pool.map(self.get_part, self._keys(f"runs/{run_id}/results/"))
            return [PartResult.model_validate_json(body) for body in bodies]

    def put_findings(self, run_id: str, part: int, body: bytes) -> None:
        """Store what reading a part brought to light; the same body goes to the same key."""
        key = f"runs/{run_id}/findings/part-{part:05d}-{sha256(body).hexdigest()[:24]}.jsonl"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/x-ndjson")

    def findings(self, run_id: str, directory: Path) -> Sequence[Path]:
        """All of them on disk."""
        keys = self._keys(f"runs/{run_id}/findings/")
        paths = [directory / f"findings-{number:06d}.jsonl" for number in range(len(keys))]
        with ThreadPoolExecutor(READERS) as pool:
            for _ in pool.map(lambda key, path: path.write_bytes(self.get_part(key)), keys, paths):
                pass
        return paths

    def put_drift(self, run_id: str, path: Path) -> None:
        """Store whom and what a reconcile found to differ."""
        self.s3.upload_file(str(path), self.bucket, f"runs/{run_id}/drift.parquet")

    def get_drift(self, run_id: str, path: Path) -> None:
        """The same on disk."""
        self.s3.download_file(self.bucket, f"runs/{run_id}/drift.parquet", str(path))

    def _keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))

    def put_report(self, run_id: str, report: Mapping[str, Any]) -> str:
        """Store a run's report; its key."""
        key = f"runs/{run_id}/report.json"
        body = json.dumps(report, indent=2).encode()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")
        return key


def _result_key(run_id: str, part: int) -> str:
    return f"runs/{run_id}/results/part-{part:05d}.json"


def rejects_key(run_id: str, attempt: int | None) -> str:
    """Those of a run, or of one attempt at its plan."""
    return f"runs/{run_id}/{'' if attempt is None else f'plan-{attempt}/'}rejects.csv"
