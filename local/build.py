"""Builds the functions and layers with SAM, then compiles them as a deployment would ship them."""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from local.processes import StackError
from local.settings import ROOT, LocalSettings, architecture, aws_environment

BUILD = ROOT / ".aws-sam" / "build"


def sources() -> Iterator[Path]:
    """Yield every file that a deployment is made of."""
    yield ROOT / "template.yaml"
    for folder in ("functions", "layers"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def fingerprint(paths: Iterator[Path] | Sequence[Path], *extra: str) -> str:
    """Hash names and contents, so that a touched but unchanged file changes nothing."""
    digest = hashlib.sha256("\0".join(extra).encode())
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build(settings: LocalSettings) -> None:
    """Run `sam build` into .aws-sam/build; raises StackError with the log's name."""
    sam = [str(settings.tool("sam", "sam")), "build", "--cached", "--parallel"]
    overrides = ["--parameter-overrides", f"Architecture={architecture()}"]
    run("build", [*sam, *overrides], settings, aws_environment(settings))
    compile_bytecode(settings, BUILD)


def compile_bytecode(settings: LocalSettings, folder: Path) -> None:
    """Ship `.pyc` that are never checked against their source: a zip's dates would void every other kind."""
    python = str(settings.tool("ministack", "python"))
    mode = ["--invalidation-mode", "unchecked-hash"]
    argv = [python, "-m", "compileall", "-q", "-j", "0", *mode, "-s", str(folder), str(folder)]
    run("compile", argv, settings, os.environ)


def run(name: str, argv: Sequence[str], settings: LocalSettings, env: Mapping[str, str]) -> None:
    """Run a tool with its output in .local/logs; raises StackError naming that file."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    path = settings.logs / f"{name}.log"
    with path.open("wb") as log:
        done = subprocess.run(  # noqa: S603 - our own argv
            argv, cwd=ROOT, env=dict(env), stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        )
    if done.returncode:
        tail = [line for line in path.read_text(errors="replace").splitlines() if line.strip()][-1:]
        message = f"{name} failed: {' '.join(tail)} (see {path})"
        raise StackError(message)
