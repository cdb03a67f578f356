"""The four stages of a delivery, as one JSON object in the state bucket: never a key, never a header."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from mapping.json_values import encode

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEY = re.compile(r"stages/\d{4}-\d{2}-\d{2}/dlv_[0-9A-Za-z]+\.json")


@dataclass(frozen=True, slots=True)
class StageStore:
    """`stages/<day>/<delivery id>.json`: input, mapped, request, response and outcomes of the last attempt."""

    client: "S3Client"
    bucket: str

    def put(self, delivery_id: str, stages: Mapping[str, Any], *, now: datetime) -> str | None:
        """The key; None when it could not be written, for a delivery does not wait for its record."""
        key = f"stages/{now:%Y-%m-%d}/{delivery_id}.json"
        body = encode(stages)
        try:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")
        except (ClientError, BotoCoreError):
            return None
        return key

    def get(self, key: str) -> dict[str, Any] | None:
        """The stages, or None when they were never written or are past their retention."""
        if _KEY.fullmatch(key) is None:
            return None
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found
