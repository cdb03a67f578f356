"""AWS in memory: a manifest that arrives is judged by the bundle's own models, and starts a run of the fake API."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bridge_cli.errors import CliError, ExitCode
from mapping.export import ExportKey, Manifest, run_id
from tests.unit.cli.fake_api import FakeApi

BUCKET = "signal-bridge-export-test"


@dataclass
class FakeAccount:
    """`refuses` is what every call meets."""

    api: FakeApi
    objects: dict[str, bytes] = field(default_factory=dict)
    ages: dict[str, float] = field(default_factory=dict)
    manifests: list[Manifest] = field(default_factory=list)
    refuses: str = ""

    def upload(self, bucket: str, key: str, path: Path, moved: Callable[[int], None]) -> None:
        self._allowed(bucket)
        self.objects[key] = path.read_bytes()
        moved(len(self.objects[key]))

    def put(self, bucket: str, key: str, body: bytes) -> str:
        self._allowed(bucket)
        etag = hashlib.md5(body).hexdigest()  # noqa: S324 - S3's ETag is one
        self._arrived(ExportKey.parse(key), Manifest.model_validate_json(body), etag)
        return f'"{etag}"'

    def check_writable(self, bucket: str) -> None:
        self._allowed(bucket)

    def outputs(self, stack: str) -> dict[str, str]:
        self._allowed(BUCKET)
        queues = {"EventQueueUrl": "https://sqs/event", "BrazeQueueUrl": "https://sqs/braze"}
        known = {
            "ApiUrl": "https://bridge.example",
            "ExportBucketName": BUCKET,
            "AdminTokenSecretArn": "arn:first",
        }
        return known | queues if stack == "signal-bridge-dev" else {}

    def secret(self, arn: str) -> str:
        return {"arn:first": "sb_admin"}[arn]

    def oldest(self, queue_url: str, now: datetime) -> float | None:
        return self.ages.get(queue_url.rpartition("/")[2])

    def rows(self, key: str) -> list[str]:
        """The lines of a part that was uploaded."""
        return gzip.decompress(self.objects[key]).decode().splitlines()

    def _allowed(self, bucket: str) -> None:
        if self.refuses or bucket != BUCKET:
            raise CliError(ExitCode.AWS, self.refuses or f"NoSuchBucket: {bucket}", "Use another.")

    def _arrived(self, key: ExportKey, manifest: Manifest, etag: str) -> None:
        manifest.check(key)
        for part in manifest.parts:
            assert part.sha256 == hashlib.sha256(self.objects[part.key]).hexdigest()
        self.manifests.append(manifest)
        rows = sum(part.rows or 0 for part in manifest.parts)
        told = {
            "integration_id": key.integration_id,
            "audience_id": key.audience_id,
            "split_id": key.split_id,
        }
        self.api.begin_run(
            run_id(key.key, etag),
            dry_run=manifest.dry_run,
            rows=rows,
            export_id=key.export_id,
            mode=manifest.mode,
            **told,
        )
