"""The emulated account behind the local stack: the export bucket to write to, the queues to look into."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import boto3

from local.demo.exports import File
from local.demo.stack import Stack
from local.settings import REGION, ROOT_KEY

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


class Account:
    """Plain AWS clients of the emulated account's root user."""

    def __init__(self, stack: Stack) -> None:
        """Nothing is read from the environment: a real account cannot be meant by mistake."""
        session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        self._s3: S3Client = session.client("s3", endpoint_url=stack.emulator_url)
        self._sqs: SQSClient = session.client("sqs", endpoint_url=stack.emulator_url)
        self._outputs = stack.outputs

    def upload(self, files: Iterable[File]) -> None:
        """In the order given, so that the manifest comes last."""
        for file in files:
            self._s3.put_object(Bucket=self._outputs["ExportBucketName"], Key=file.key, Body=file.body)

    def depths(self, queues: Iterable[str] = ()) -> dict[str, int]:
        """Messages in each queue, those in flight included; `queues` are names of outputs, all by default."""
        names = tuple(queues) or tuple(name for name in sorted(self._outputs) if name.endswith("QueueUrl"))
        return {name: self._depth(self._outputs[name]) for name in names}

    def _depth(self, url: str) -> int:
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return sum(int(count) for name, count in found.items() if name.startswith("ApproximateNumber"))
