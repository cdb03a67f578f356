"""AWS with the caller's credentials: the export bucket, a stack's outputs, the age of what waits in a queue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bridge_cli.errors import CliError, ExitCode
from bridge_cli.profile import LOCAL_KEY, Profile

if TYPE_CHECKING:
    import boto3

AGE_WINDOW = timedelta(minutes=15)


class Account(Protocol):
    """What the commands ask of AWS; every call raises CliError."""

    def upload(self, bucket: str, key: str, path: Path, moved: Callable[[int], None]) -> None:
        """Put a file; `moved` is told of the bytes as they go."""

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """Put a small object; its ETag."""

    def check_writable(self, bucket: str) -> None:
        """Raises CliError when nothing can be put there; leaves nothing behind."""

    def outputs(self, stack: str) -> dict[str, str]:
        """The outputs of a CloudFormation stack."""

    def secret(self, arn: str) -> str:
        """The text of a secret."""

    def oldest(self, queue_url: str, now: datetime) -> float | None:
        """Seconds that the oldest message of a queue has waited; None when CloudWatch does not say."""


class Amazon:
    """boto3, imported when a command needs it: `bridge --help` should not wait for it."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    @cached_property
    def _session(self) -> "boto3.Session":
        import boto3  # noqa: PLC0415 - as the class says
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

        one = self._profile
        if one.local:
            return boto3.Session(LOCAL_KEY, LOCAL_KEY, region_name=one.region)
        try:
            return boto3.Session(profile_name=one.aws_profile or None, region_name=one.region or None)
        except BotoCoreError as error:
            raise _failed(str(error)) from None

    def upload(self, bucket: str, key: str, path: Path, moved: Callable[[int], None]) -> None:
        """As Account has it, in several pieces at a time where it is large."""
        with _told(f"s3://{bucket}/{key}"):
            self._client("s3").upload_file(str(path), bucket, key, Callback=moved)

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """As Account has it."""
        with _told(f"s3://{bucket}/{key}"):
            return str(self._client("s3").put_object(Bucket=bucket, Key=key, Body=body)["ETag"])

    def check_writable(self, bucket: str) -> None:
        """Begins an upload in parts, which asks for the same right as a put, and takes it back."""
        s3, key = self._client("s3"), "exports/bridge-doctor/writable"
        with _told(f"s3://{bucket}"):
            begun = s3.create_multipart_upload(Bucket=bucket, Key=key)
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=begun["UploadId"])

    def outputs(self, stack: str) -> dict[str, str]:
        """As Account has it."""
        with _told(f"the stack {stack}"):
            found = self._client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
            return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}

    def secret(self, arn: str) -> str:
        """As Account has it."""
        with _told("the first admin token"):
            return str(self._client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])

    def oldest(self, queue_url: str, now: datetime) -> float | None:
        """As Account has it."""
        with _told("CloudWatch"):
            found = self._client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SQS",
                MetricName="ApproximateAgeOfOldestMessage",
                Dimensions=[{"Name": "QueueName", "Value": queue_url.rpartition("/")[2]}],
                StartTime=now - AGE_WINDOW,
                EndTime=now,
                Period=60,
                Statistics=["Maximum"],
            )["Datapoints"]
        newest = max(found, key=lambda point: point["Timestamp"], default=None)
        return None if newest is None else float(newest["Maximum"])

    def _client(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - as the class says
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

        limits = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 4})
        try:
            client: Any = self._session.client  # by name: the types know one overload for each service
            return client(service, endpoint_url=self._profile.emulator_url or None, config=limits)
        except BotoCoreError as error:
            raise _failed(str(error)) from None


@contextmanager
def _told(what: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error  # noqa: PLC0415 - as Amazon says
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise _failed(f"{what}: {error}") from None


def _failed(message: str) -> CliError:
    hint = (
        "Check the AWS credentials and region of this shell (aws sts get-caller-identity), or --aws-profile."
    )
    if "AccessDenied" in message:
        hint = "These credentials lack the right: ask for it, or use others with AWS_PROFILE."
    elif "NoSuchBucket" in message:
        hint = "Compare the bucket with the stack's output ExportBucketName: bridge login --stack NAME"
    elif "does not exist" in message:
        hint = "Compare the stack's name and the region: aws cloudformation list-stacks"
    return CliError(ExitCode.AWS, message, hint)
