"""What a journey has ordered and what it was told, and the exports made from its orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_s3 import S3Client

REMEMBERED_FOR = timedelta(days=90)
"""How long the same activation id is known again; after that it would be a new one."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The first call with this id: what it asked for (`digest`), when, and its answer if it got that far."""

    digest: str
    begun_at: datetime
    answer: str | None


class ActivationStore:
    """Rows `ACTIVATION/<activation_id>`: the first writer fixes the digest, every other reads it."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def begin(self, activation_id: str, digest: str, now: datetime) -> Begun:
        """Take the id for this body, or say who took it before. Raises Retryable when the table is away."""
        item: dict[str, AttributeValueTypeDef] = {
            **_key(activation_id),
            "digest": {"S": digest},
            "begun_at": {"S": now.isoformat()},
            "expires_at": {"N": str(int((now + REMEMBERED_FOR).timestamp()))},
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            return self._taken(activation_id, error)
        except BotoCoreError:
            raise _away() from None
        return Begun(digest, now, None)

    def finish(self, activation_id: str, answer: str) -> None:
        """Keep the answer for whoever asks again. Raises Retryable: then the call is repeated, not lost."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(activation_id),
                UpdateExpression="SET answer = :answer",
                ExpressionAttributeValues={":answer": {"S": answer}},
            )
        except (ClientError, BotoCoreError):
            raise _away() from None

    def _taken(self, activation_id: str, error: ClientError) -> Begun:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise _away() from None
        old = self._read(activation_id)
        if old is None:
            raise _away() from None
        answer = old["answer"]["S"] if "answer" in old else None
        return Begun(old["digest"]["S"], datetime.fromisoformat(old["begun_at"]["S"]), answer)

    def _read(self, activation_id: str) -> dict[str, AttributeValueTypeDef] | None:
        try:
            answer = self._client.get_item(
                TableName=self._table, Key=_key(activation_id), ConsistentRead=True
            )
        except (ClientError, BotoCoreError):
            raise _away() from None
        return answer.get("Item")


class ExportWriter:
    """Writes an export into the bucket exports come from."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        """Raises Retryable; the same bytes under the same key can be written again."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
        except (ClientError, BotoCoreError):
            raise Retryable("bucket_unavailable", "the export could not be written") from None


def _key(activation_id: str) -> dict[str, AttributeValueTypeDef]:
    return {"pk": {"S": "ACTIVATION"}, "sk": {"S": activation_id}}


def _away() -> Retryable:
    return Retryable("table_unavailable", "the activation could not be looked up or kept")
