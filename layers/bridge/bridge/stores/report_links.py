"""Links to the reports of runs: signed, for a quarter of an hour, so that a browser can fetch one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VALID_SECONDS = 900


class ReportLinks:
    """Signs links with the function's own right to read the state bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def url(self, key: str) -> str:
        """Nothing is asked of S3: a link to what has expired leads nowhere."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=VALID_SECONDS
        )
