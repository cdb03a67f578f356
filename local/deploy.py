"""Deploys what was built to the emulator with `sam deploy`."""

import contextlib
from typing import TYPE_CHECKING

from local.build import BUILD, run
from local.settings import LOOPBACK, REGION, STACK_NAME, LocalSettings, architecture, aws_environment

if TYPE_CHECKING:
    from local.emulator import Aws

ARTIFACTS = "signal-bridge-artifacts"


def parameters(settings: LocalSettings) -> dict[str, str]:
    """Return the template's parameters for this machine: its ports, few workers, no waiting between runs."""
    hosts = [f"{host}:{port}" for port in settings.standin_ports.values() for host in (LOOPBACK, "localhost")]
    return {
        "Architecture": architecture(),
        "EndpointUrl": settings.emulator_url,
        "ExtraAllowedHosts": ",".join(hosts),
        "ActionIqBaseUrl": settings.actioniq_url,
        "ConsoleApiUrl": settings.api_url,
        "RunSettleSeconds": "0",
        "IngestMaximumConcurrency": "4",
        "ActionIqMaximumConcurrency": "4",
        "BrazeMaximumConcurrency": "4",
        "LaneMaximumConcurrency": "2",
        "AudiencePlanMaximumConcurrency": "2",
        "AudienceSyncMaximumConcurrency": "3",
    }


def deploy(settings: LocalSettings, aws: "Aws") -> None:
    """Deploy .aws-sam/build and wait for it; raises StackError with the log's name."""
    client = aws.s3()
    with contextlib.suppress(
        client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists
    ):
        client.create_bucket(Bucket=ARTIFACTS)
    overrides = [f"{name}={value}" for name, value in parameters(settings).items()]
    argv = [str(settings.tool("sam", "sam")), "deploy", "--template-file", str(BUILD / "template.yaml")]
    argv += ["--stack-name", STACK_NAME, "--s3-bucket", ARTIFACTS, "--capabilities", "CAPABILITY_IAM"]
    argv += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar", "--region", REGION]
    argv += ["--parameter-overrides", *overrides]
    run("deploy", argv, settings, aws_environment(settings) | {"SAM_CLI_POLL_DELAY": "0.5"})


def outputs(aws: "Aws") -> dict[str, str]:
    """Return every output of the deployed stack."""
    stack = aws.cloudformation().describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def admin_token(aws: "Aws") -> str:
    """Read the first admin token from the secret that the template made."""
    arn = outputs(aws)["AdminTokenSecretArn"]
    return aws.secrets().get_secret_value(SecretId=arn)["SecretString"]
