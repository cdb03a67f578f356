"""The deliveries table and the state bucket as the template makes them, in moto."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto import mock_aws

TABLE = "deliveries"
BUCKET = "state-bucket"
REGION = "eu-west-1"


@contextmanager
def aws() -> Iterator[dict[str, Any]]:
    """`dynamodb` and `s3` clients over empty stores."""
    with mock_aws():
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": REGION}
        dynamodb, s3 = boto3.client("dynamodb", **keys), boto3.client("s3", **keys)  # type: ignore[call-overload]
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "feed", "at")
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "feed",
                    "KeySchema": [
                        {"AttributeName": "feed", "KeyType": "HASH"},
                        {"AttributeName": "at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield {"dynamodb": dynamodb, "s3": s3}


def empty(clients: dict[str, Any]) -> None:
    """Forget every row, so that one set of tables serves a module."""
    for row in clients["dynamodb"].scan(TableName=TABLE)["Items"]:
        clients["dynamodb"].delete_item(TableName=TABLE, Key={"pk": row["pk"]})
