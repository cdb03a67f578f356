"""`make deploy` as far as it can go without an account: its last step, with a small template for the bundle."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local.demo.stack import Stack
from local.settings import ROOT
from tests.stack.shell import KEYS

STAGE, NAME, REGION = "dev", "signal-bridge-dev", "eu-west-1"
TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  LogRetentionDays: {Type: Number, Default: 30}
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: !Ref LogRetentionDays}
"""


@pytest.fixture
def accounts(stack: Stack) -> Iterator[boto3.Session]:
    yield (
        session := boto3.Session(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    )
    session.client("cloudformation", endpoint_url=stack.emulator_url).delete_stack(StackName=NAME)


def last_step() -> list[str]:
    shown = subprocess.run(
        ["make", "--dry-run", "deploy", f"STAGE={STAGE}"],  # noqa: S607 - as a person would
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.replace("\\\n", " ")
    return shlex.split([line for line in shown.splitlines() if "sam deploy" in line][-1])


def test_a_stage_is_deployed_under_its_name_and_with_its_settings(
    stack: Stack, accounts: boto3.Session, tmp_path: Path
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    argv = [str(template) if word.endswith("template.yaml") else word for word in last_step()]
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env=os.environ | KEYS | {"AWS_ENDPOINT_URL": stack.emulator_url, "SAM_CLI_POLL_DELAY": "0.5"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    client = accounts.client("cloudformation", endpoint_url=stack.emulator_url)
    (made,) = client.describe_stacks(StackName=NAME)["Stacks"]
    assert {"ParameterKey": "LogRetentionDays", "ParameterValue": "7"} in made["Parameters"]
