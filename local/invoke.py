"""`make invoke E=events/<function>.<case>.json`: `sam local invoke` of that function against the running stack."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.deploy import parameters
from local.emulator import Aws
from local.http_api import physical_ids
from local.processes import StackError
from local.settings import REGION, ROOT, LocalSettings, aws_environment

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

SERVER_ERROR = 500
_FUNCTION = re.compile(
    r"^  (\w+):\n    Type: AWS::Serverless::Function\n(?:    .*\n)*?      CodeUri: functions/(\w+)/$",
    re.MULTILINE,
)
FUNCTIONS: dict[str, str] = {
    folder: name for name, folder in _FUNCTION.findall((ROOT / "template.yaml").read_text())
}
"""The first part of an event file's name, and the function it is for."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a function answered; `failed` when it raised or no answer came."""

    logical_id: str
    answer: Any
    log: str
    failed: bool


def logical_id(event: Path) -> str:
    """Name the function that an event file is for; raises StackError when there is none."""
    found = FUNCTIONS.get(event.name.partition(".")[0])
    if found is None or not event.is_file():
        message = f"{event}: no such event file; they are called events/<function>.<case>.json"
        raise StackError(message)
    return found


def invoke(settings: LocalSettings, aws: Aws, event: Path) -> Invocation:
    """Run the function in a container, with the deployed function's environment and its role's credentials."""
    name = logical_id(event)
    deployed = aws.functions().get_function_configuration(FunctionName=physical_ids(aws)[name])
    env = aws_environment(settings) | _engine() | _credentials(aws, deployed)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as variables:
        json.dump({name: deployed["Environment"]["Variables"]}, variables)
        variables.flush()
        sam = [str(settings.tool("sam", "python")), str(ROOT / "local" / "sam_on_host.py")]
        argv = [*sam, "local", "invoke", name, "--event", str(event)]
        argv += ["--env-vars", variables.name, "--skip-pull-image", "--region", REGION]
        argv += ["--parameter-overrides", *(f"{key}={value}" for key, value in parameters(settings).items())]
        done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    return _read(name, done)


def _engine() -> dict[str, str]:
    return {"DOCKER_HOST": os.environ["DOCKER_HOST"]} if os.environ.get("DOCKER_HOST") else {}


def _credentials(aws: Aws, deployed: "FunctionConfigurationResponseTypeDef") -> dict[str, str]:
    """The role's, so that a missing permission shows here too."""
    made = aws.sts().assume_role(RoleArn=deployed["Role"], RoleSessionName="invoke")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        "AWS_SESSION_TOKEN": made["SessionToken"],
    }


def _read(name: str, done: subprocess.CompletedProcess[str]) -> Invocation:
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return Invocation(name, None, done.stderr + done.stdout, failed=True)
    return Invocation(name, answer, done.stderr, failed=_broken(answer) or done.returncode != 0)


def _broken(answer: Any) -> bool:
    """It raised, or answered HTTP that it is broken."""
    if not isinstance(answer, dict):
        return False
    return "errorType" in answer or int(answer.get("statusCode", 200)) >= SERVER_ERROR


def main() -> int:
    """Return the exit code: 0 when the function answered."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("event", type=Path)
    settings = LocalSettings.load()
    try:
        done = invoke(settings, Aws(settings), options.parse_args().event)
    except StackError as error:
        print(f"invoke: {error}", file=sys.stderr)
        return 1
    print(done.log, file=sys.stderr)
    print(json.dumps(done.answer, indent=2))
    return int(done.failed)


if __name__ == "__main__":
    sys.exit(main())
