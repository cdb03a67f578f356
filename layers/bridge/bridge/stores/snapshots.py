"""Committed snapshots: pointers in RunsTable, files in the state bucket, and the attributes sent so far."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.errors import Rejected, Retryable
from mapping.run import ColumnRecord, Snapshot

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


SUPERSEDED = "superseded=yes"
"""The tag of files that expire: the template's lifecycle rule asks for it."""

SLACK = timedelta(days=7)
"""How much later than due S3 may delete; what is marked and due is not marked again meanwhile."""

GONE = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True, slots=True)
class SnapshotStore:
    """`AUDIENCE#…/SNAPSHOT`, `COLUMN#…/<attribute>`, `snapshots/<inst>/<audience>/<split>/<version>/…`."""

    dynamodb: "DynamoDBClient"
    table: str
    s3: "S3Client"
    bucket: str
    clock: Callable[[], datetime]
    days: int = 30

    def pointer(self, audience: str) -> Snapshot | None:
        """The last committed snapshot."""
        found = self.dynamodb.get_item(TableName=self.table, Key=_pointer(audience), ConsistentRead=True)
        return Snapshot.model_validate_json(found["Item"]["snapshot"]["S"]) if "Item" in found else None

    def flip(self, audience: str, snapshot: Snapshot, expected: int | None) -> bool:
        """Make it the last one, when `expected` still is (None: there was none)."""
        item = {
            **_pointer(audience),
            "version": {"N": str(snapshot.version)},
            "snapshot": {"S": snapshot.model_dump_json()},
        }
        known: dict[str, Any] = {"ExpressionAttributeValues": {":expected": {"N": str(expected)}}}
        condition = "attribute_not_exists(pk)" if expected is None else "version = :expected"
        try:
            self.dynamodb.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression=condition,
                **({} if expected is None else known),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def prefix(self, audience: str, version: int, run_id: str) -> str:
        """Where a version's files lie: the same run gives the same names."""
        return f"snapshots/{audience.replace('#', '/')}/{version:06d}-{run_id}/"

    def download(self, snapshot: Snapshot, directory: Path) -> Sequence[Path]:
        """The files of all partitions, in order; raises Rejected when they are not kept any more."""
        paths = []
        for partition in range(snapshot.partitions):
            paths.append(directory / f"old-{partition:04d}.parquet")
            self._download(f"{snapshot.prefix}p-{partition:04d}.parquet", paths[-1])
        return paths

    def upload(self, prefix: str, files: Sequence[Path]) -> None:
        """Store the files of a version, in the order of the partitions."""
        for partition, path in enumerate(files):
            self.s3.upload_file(str(path), self.bucket, f"{prefix}p-{partition:04d}.parquet")

    def upload_unknown(self, prefix: str, path: Path) -> None:
        """Store those of a version whom Braze does not know."""
        self.s3.upload_file(str(path), self.bucket, f"{prefix}unknown.parquet")

    def download_unknown(self, snapshot: Snapshot, directory: Path) -> Path:
        """The same on disk; raises Rejected when they are not kept any more."""
        path = directory / "old-unknown.parquet"
        self._download(f"{snapshot.prefix}unknown.parquet", path)
        return path

    def _download(self, key: str, target: Path) -> None:
        try:
            self.s3.download_file(self.bucket, key, str(target))
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                raise Rejected("snapshot_expired", f"{key} is not there any more") from error
            raise

    def describe(self, snapshot: Snapshot) -> None:
        """Write the description beside the files: the pointer tells of the newest version alone."""
        body = snapshot.model_dump_json().encode()
        self.s3.put_object(
            Bucket=self.bucket, Key=snapshot.described_at, Body=body, ContentType="application/json"
        )

    def described(self, audience: str, version: int, run_id: str) -> Snapshot | None:
        """What a run committed; None when it is not kept any more."""
        key = f"{self.prefix(audience, version, run_id)}snapshot.json"
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise
        return Snapshot.model_validate_json(found["Body"].read())

    def retire(self, audience: str, current: Snapshot) -> None:
        """Mark what `current` took the place of, so that it expires from now on: never what is current.

        S3 counts from when an object was written, so it is written anew, by S3 itself, with the mark. Files that
        nobody marked (their run died in between) are found by being older than any that is marked can be.
        """
        due = self.clock() - timedelta(days=self.days) - SLACK
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.folder(audience)
        )
        for found in (found for page in pages for found in page.get("Contents", ())):
            key = found["Key"]
            replaced = bool(current.before) and key.startswith(current.before)
            if not key.startswith(current.prefix) and (replaced or found["LastModified"] < due):
                self._retire(key)

    def _retire(self, key: str) -> None:
        copied = self.s3.copy_object(
            Bucket=self.bucket,
            Key=key,
            CopySource={"Bucket": self.bucket, "Key": key},
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
            Tagging=SUPERSEDED,
        )
        if version := copied.get("CopySourceVersionId"):
            self.s3.delete_object(Bucket=self.bucket, Key=key, VersionId=version)

    def folder(self, audience: str) -> str:
        """Where every version of an audience's snapshots lies."""
        return f"snapshots/{audience.replace('#', '/')}/"

    def audiences(self) -> list[str]:
        """All with a snapshot that is kept, in order: a list request per thousand files."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="snapshots/")
        keys = (found["Key"].split("/") for page in pages for found in page.get("Contents", ()))
        return sorted({"#".join(parts[1:4]) for parts in keys})

    def purge(self, audience: str) -> None:
        """Delete every earlier version of the audience's files, and what was deleted before. Raises Retryable."""
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=self.folder(audience)
        )
        for page in pages:
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            old = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found if not one["IsLatest"]]
            deletion: Any = {"Objects": old, "Quiet": True}
            # What S3 could not delete is in an answer 200.
            if old and self.s3.delete_objects(Bucket=self.bucket, Delete=deletion).get("Errors"):
                raise Retryable("bucket_unavailable", "earlier versions could not be deleted now")

    def columns(self, integration_id: str) -> Mapping[str, ColumnRecord]:
        """What the installation has committed so far, by attribute name."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"COLUMN#{integration_id}"}},
            ConsistentRead=True,
        )
        records = [
            ColumnRecord(
                name=item["sk"]["S"],
                type=item["type"]["S"],
                owners=tuple(sorted(item["owners"]["SS"])),
            )
            for page in pages
            for item in page["Items"]
        ]
        return {record.name: record for record in records}

    def record_column(self, integration_id: str, record: ColumnRecord) -> None:
        """Keep the attribute's type and add its audiences; a type approved anew replaces the old one."""
        self.dynamodb.update_item(
            TableName=self.table,
            Key={"pk": {"S": f"COLUMN#{integration_id}"}, "sk": {"S": record.name}},
            UpdateExpression="SET #type = :type ADD owners :owners",
            ExpressionAttributeNames={"#type": "type"},
            ExpressionAttributeValues={":type": {"S": record.type}, ":owners": {"SS": list(record.owners)}},
        )


def _pointer(audience: str) -> Any:
    return {"pk": {"S": f"AUDIENCE#{audience}"}, "sk": {"S": "SNAPSHOT"}}
