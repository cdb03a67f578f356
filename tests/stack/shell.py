"""Commands as a page prints them, run by a shell as its reader would."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.demo.stack import Stack
from local.settings import REGION, ROOT, ROOT_KEY, STACK_NAME

TOOLS = (ROOT / ".tools" / "aws" / "bin", ROOT / ".tools" / "cli" / "bin")
KEYS = {"AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": ROOT_KEY, "AWS_DEFAULT_REGION": REGION}
PRINTED = {"api_url": 8084, "emulator_url": 4566, "actioniq_url": 8085, "braze_url": 8086}
"""Addresses of the stack, and the ports that pages print for them."""
ENDS = "\x1e"
_BLOCK = re.compile(r'^```console(?: title="([^"]+)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """What stands behind a prompt, what the page shows as its answer, and the title of its block."""

    text: str
    answer: str = ""
    title: str = ""


def console(page: Path) -> list[Command]:
    """The commands of a page's console blocks, in order; a further line of one is indented by four."""
    return [
        command for title, block in _BLOCK.findall(page.read_text("utf-8")) for command in _of(block, title)
    ]


def _of(block: str, title: str) -> list[Command]:
    commands: list[Command] = []
    for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = shown.splitlines()
        size = next((n for n, line in enumerate(lines) if n and not line.startswith("    ")), len(lines))
        text, answer = "\n".join(lines[:size]), "\n".join(lines[size:])
        commands.append(Command(text, answer.strip(), title))
    return commands


def environment(stack: Stack) -> dict[str, str]:
    """What the pages take for granted: the tools, the stack's name and address, and a token.

    What Python makes of the tools is kept, for each of a hundred commands starts one of them.
    """
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "BRIDGE_", "PYTHONDONTWRITE"))
    }
    return (
        clean
        | KEYS
        | {
            "PATH": os.pathsep.join([*map(str, TOOLS), os.environ["PATH"]]),
            "AWS_ENDPOINT_URL": stack.emulator_url,
            "AWS_PAGER": "",
            "PYTHONPYCACHEPREFIX": str(ROOT / ".local" / "pycache"),
            "STACK": STACK_NAME,
            "API": stack.api_url,
            "TOKEN": stack.admin_token,
        }
    )


def as_here(text: str, stack: Stack) -> str:
    """`text` with this stack's ports and token for those that pages print.

    For SQS alone, version 1 of the AWS CLI looks past AWS_ENDPOINT_URL.
    """
    text = re.sub(r"^aws sqs\b", f"aws --endpoint-url {stack.emulator_url} sqs", text)
    for name, port in PRINTED.items():
        text = re.sub(rf"http://(?:localhost|127\.0\.0\.1):{port}\b", getattr(stack, name), text)
    return text.replace("YOUR_TOKEN", stack.admin_token)


def run(
    command: str, variables: Mapping[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A command, or several, by a shell that stops at the first that fails."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607 - as a person would
        env=dict(variables),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=240,
        check=False,
        cwd=folder,
    )


def follow(
    commands: list[Command], stack: Stack, variables: Mapping[str, str], folder: Path
) -> list[tuple[Command, str]]:
    """Each command of a page, one after the other in one shell, with what it printed; raises on a failure."""
    steps = [f"{as_here(_dry(one.text), stack)}\nprintf '{ENDS}'" for one in commands]
    done = run("\n".join(steps), variables, folder)
    printed = done.stdout.split(ENDS)
    if done.returncode:
        failed = commands[len(printed) - 1]
        raise AssertionError(f"$ {failed.text}\n{printed[-1][-1000:]}{done.stderr[-1000:]}")
    return list(zip(commands, printed[:-1], strict=True))


def answers(printed: str, shown: str, stack: Stack) -> bool:
    """Whether what was printed is what a page shows: `…` stands for anything, blanks between tokens for nothing."""
    parts = [re.escape(_tight(part)) for part in as_here(shown, stack).split("…")]
    return re.fullmatch(".*".join(parts), _tight(printed), re.DOTALL) is not None


def _tight(text: str) -> str:
    return re.sub(r"(?<=[:,\[{])\s+|\s+(?=[\]}])", "", text).strip()


def _dry(command: str) -> str:
    return f"make -C {ROOT} -n {command.removeprefix('make ')}" if command.startswith("make ") else command
