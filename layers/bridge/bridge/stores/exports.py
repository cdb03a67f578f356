"""The export bucket: what ActionIQ puts there is read, never written."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bridge.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK = 1024 * 1024
MAX_MANIFEST = 16 * 1024 * 1024
_GONE = frozenset({"NoSuchKey", "404", "NotFound", "PreconditionFailed", "412"})


@dataclass(frozen=True, slots=True)
class ExportStore:
    """Reads one version of an object: a manifest that was replaced belongs to another run."""

    s3: "S3Client"
    bucket: str

    def manifest(self, key: str, etag: str) -> tuple[bytes, datetime]:
        """Body and time; raises Rejected when this version is gone or larger than 16 MB."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key, IfMatch=etag)
        except ClientError as error:
            raise _gone(key, error) from error
        if found["ContentLength"] > MAX_MANIFEST:
            raise Rejected("bad_manifest", "the manifest is larger than 16 MB")
        return found["Body"].read(), found["LastModified"]

    def modified(self, key: str, etag: str) -> datetime:
        """When a dropped file was put."""
        try:
            return self.s3.head_object(Bucket=self.bucket, Key=key, IfMatch=etag)["LastModified"]
        except ClientError as error:
            raise _gone(key, error) from error

    def download(self, key: str, target: Path, going: Callable[[], None]) -> str:
        """Write an object to disk; the sha256 of its bytes. `going` is asked before each chunk, and may raise."""
        digest = sha256()
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            raise _gone(key, error) from error
        with target.open("wb") as file:
            for chunk in body.iter_chunks(CHUNK):
                going()
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()


def _gone(key: str, error: ClientError) -> Exception:
    code = error.response["Error"]["Code"]
    if code in _GONE:
        return Rejected("export_gone", f"{key} is not there any more, or was replaced: put the export again")
    return error
