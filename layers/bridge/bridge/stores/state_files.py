"""The state bucket as a whole: listed, read and rewritten object by object."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK = 1024 * 1024
SPOOLED = 8 * CHUNK
PAGE = 1_000
_GONE = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True, slots=True)
class StateFiles:
    """A list costs a request a thousand keys; what was replaced stays as an earlier version until it expires."""

    s3: "S3Client"
    bucket: str

    def page(self, prefix: str, after: str) -> tuple[list[str], str | None]:
        """Keys in order, and the one after which the next page begins; None at the end."""
        found = self._list(Prefix=prefix, after=after)
        keys = [one["Key"] for one in found.get("Contents", ())]
        return keys, keys[-1] if found["IsTruncated"] and keys else None

    def folders(self, prefix: str, after: str) -> tuple[list[str], str | None]:
        """Names right under a prefix, after a name; None at the end."""
        # Everything inside a folder sorts before the folder's name followed by the character after the slash.
        start = f"{prefix}{after}0" if after else ""
        found = self._list(Prefix=prefix, Delimiter="/", after=start)
        names = [one["Prefix"][len(prefix) : -1] for one in found.get("CommonPrefixes", ())]
        return names, names[-1] if found["IsTruncated"] and names else None

    def read(self, key: str) -> bytes | None:
        """None when it has expired."""
        try:
            return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise

    def lines(self, key: str) -> Iterator[str]:
        """A text's lines with their ends, however long it is; nothing when it has expired."""
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return
            raise
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        rest = ""
        for chunk in body.iter_chunks(CHUNK):
            *whole, rest = (rest + decode(chunk)).split("\n")
            yield from (f"{line}\n" for line in whole)
        if rest:
            yield rest

    def write(self, key: str, chunks: Iterable[bytes]) -> None:
        """In the place of what is there, as the same kind of content; beyond 8 MB it goes through a file."""
        kind = self.s3.head_object(Bucket=self.bucket, Key=key)["ContentType"]
        with SpooledTemporaryFile(SPOOLED) as file:
            for chunk in chunks:
                file.write(chunk)
            file.seek(0)
            self.s3.upload_fileobj(file, self.bucket, key, ExtraArgs={"ContentType": kind})

    def fetch(self, key: str, target: Path) -> None:
        """To disk."""
        self.s3.download_file(self.bucket, key, str(target))

    def store(self, key: str, source: Path) -> None:
        """From disk, with the tags of what is there: they say when it expires."""
        tags = self.s3.get_object_tagging(Bucket=self.bucket, Key=key)["TagSet"]
        kept = {"Tagging": urlencode({tag["Key"]: tag["Value"] for tag in tags})} if tags else {}
        self.s3.upload_file(str(source), self.bucket, key, ExtraArgs=kept)

    def _list(self, *, after: str, **asked: str) -> Any:
        start = {"StartAfter": after} if after else {}
        return self.s3.list_objects_v2(Bucket=self.bucket, MaxKeys=PAGE, **asked, **start)  # type: ignore[arg-type]
