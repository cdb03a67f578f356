"""Reports and rejects of runs as the admin API hands them out: read, or by a link signed for a quarter of an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VALID_SECONDS = 900
_GONE = frozenset({"404", "NoSuchKey", "NotFound"})


class ReportLinks:
    """Works with the function's own right to read the state bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def url(self, key: str, *, name: str | None = None) -> str:
        """Nothing is asked of S3: a link to what has expired leads nowhere. With a name it is saved under it."""
        more = {"ResponseContentDisposition": f'attachment; filename="{name}"'} if name else {}
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key, **more}, ExpiresIn=VALID_SECONDS
        )

    def size(self, key: str) -> int | None:
        """Bytes; None when there is no such object."""
        try:
            found: Any = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        return int(found["ContentLength"])

    def read(self, key: str) -> bytes:
        """An object's bytes; ask for its size first."""
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
