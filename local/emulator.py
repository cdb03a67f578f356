"""The AWS emulator: how it is started, and clients that talk to it."""

import hashlib
import os
from functools import cache
from typing import TYPE_CHECKING

import boto3

from local.processes import Service
from local.settings import LOOPBACK, REGION, ROOT, ROOT_KEY, LocalSettings

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient

MODULES = ("quick_emulator", "unpacking")
"""Of this folder, read by the emulator's own interpreter."""


def emulator_service(settings: LocalSettings) -> Service:
    """Describe MiniStack with IAM enforced, on loopback alone, forgetting everything when it ends."""
    scratch = settings.state / "emulator"
    env = {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(settings.emulator_port),
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        # It would otherwise tidy up containers of its own kind on this machine's engine.
        "DOCKER_HOST": f"unix://{scratch}/no-engine.sock",
        "PYTHONUNBUFFERED": "1",
    }
    own = [ROOT / "requirements" / "ministack.txt", *(ROOT / "local" / f"{name}.py" for name in MODULES)]
    pins = b"".join(path.read_bytes() for path in own)
    version = hashlib.sha256(pins + repr(sorted(env.items())).encode()).hexdigest()[:12]
    argv = [str(settings.tool("ministack", "python")), "-m", "local.quick_emulator"]
    path = {"PATH": os.environ.get("PATH", "")}  # differs between shells, and changes nothing
    return Service("emulator", argv, settings.emulator_port, version, env | path)


class Aws:
    """Clients of the emulator, each built once, as the account's root user."""

    def __init__(self, settings: LocalSettings) -> None:
        self._session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        self._url = settings.emulator_url
        self.cloudformation = cache(self._cloudformation)
        self.functions = cache(self._functions)

    def _cloudformation(self) -> "CloudFormationClient":
        return self._session.client("cloudformation", endpoint_url=self._url)

    def _functions(self) -> "LambdaClient":
        return self._session.client("lambda", endpoint_url=self._url)

    def apis(self) -> "ApiGatewayV2Client":
        """HTTP APIs."""
        return self._session.client("apigatewayv2", endpoint_url=self._url)

    def s3(self) -> "S3Client":
        """Buckets."""
        return self._session.client("s3", endpoint_url=self._url)

    def iam(self) -> "IAMClient":
        """Roles."""
        return self._session.client("iam", endpoint_url=self._url)

    def sts(self) -> "STSClient":
        """Credentials of roles."""
        return self._session.client("sts", endpoint_url=self._url)

    def secrets(self) -> "SecretsManagerClient":
        """Secrets."""
        return self._session.client("secretsmanager", endpoint_url=self._url)
