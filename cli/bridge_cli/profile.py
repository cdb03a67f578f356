"""Which stack a command speaks to, and with what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bridge_cli.config import Config
from bridge_cli.errors import CliError, ExitCode
from bridge_cli.transport import check_address

LOCAL_REGION, LOCAL_KEY, LOCAL_STACK = "us-east-1", "test", "signal-bridge-local"
"""The emulator's: never the caller's own credentials, so that no real account can be meant by mistake."""
STACK_FILE = Path(".local") / "stack.json"


@dataclass(frozen=True, slots=True)
class Profile:
    """Empty fields are unknown. `emulator_url` and `standins` are set for a local stack alone."""

    name: str
    api_url: str
    token: str = field(repr=False)
    write_key: str = field(default="", repr=False)
    bucket: str = ""
    region: str = ""
    aws_profile: str = ""
    stack: str = ""
    stack_file: str = ""
    emulator_url: str = ""
    standins: Mapping[str, str] = field(default_factory=dict)

    @property
    def local(self) -> bool:
        """Whether it is a stack on this machine."""
        return bool(self.emulator_url)


KEPT = tuple(one.name for one in fields(Profile) if one.name not in {"name", "emulator_url", "standins"})
"""What the file keeps of a profile; a local one is read from its stack file each time."""


def chosen(config: Config, environ: Mapping[str, str], wanted: str | None) -> Profile:
    """The profile asked for, with what the environment says over it; raises CliError when there is none."""
    if environ.get("BRIDGE_URL") and not wanted:
        return _from_environment(environ)
    name = wanted or environ.get("BRIDGE_PROFILE") or config.current
    if not name:
        raise CliError(ExitCode.NOT_LOGGED_IN, "You are not logged in.", "Log in with: bridge login")
    if name not in config.profiles:
        known = ", ".join(sorted(config.profiles)) or "none"
        raise CliError(
            ExitCode.NOT_LOGGED_IN,
            f"There is no profile {name}.",
            f"Profiles: {known}. Make it with: bridge login",
        )
    return opened(name, {**config.profiles[name], **_overrides(environ)})


def opened(name: str, values: Mapping[str, str]) -> Profile:
    """A profile out of what is kept of it."""
    kept = {field: values[field] for field in KEPT if values.get(field)}
    if path := values.get("stack_file"):
        return Profile(name=name, **{**read_stack(Path(path)), **kept})
    if not kept.get("api_url") or not kept.get("token"):
        raise CliError(
            ExitCode.NOT_LOGGED_IN, f"The profile {name} has no token.", "Log in with: bridge login"
        )
    return _profile(name, kept)


def read_stack(path: Path) -> dict[str, Any]:
    """What `make up` wrote down of the local stack."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        standins = {
            name.removesuffix("_url"): str(url)
            for name, url in found.items()
            if name.endswith("_url") and name not in {"api_url", "emulator_url"}
        }
        return {
            "api_url": check_address(found["api_url"]),
            "token": found["admin_token"],
            "write_key": found["write_key"],
            "bucket": found["outputs"]["ExportBucketName"],
            "emulator_url": check_address(found["emulator_url"]),
            "region": LOCAL_REGION,
            "stack": LOCAL_STACK,
            "standins": standins,
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise CliError(
            ExitCode.NOT_LOGGED_IN, f"{path} describes no stack.", "Bring one up with: make up"
        ) from None


def find_stack_file(start: Path) -> Path:
    """`.local/stack.json` here or in a folder above."""
    for folder in (start, *start.parents):
        if (folder / STACK_FILE).exists():
            return (folder / STACK_FILE).resolve()
    raise CliError(
        ExitCode.NOT_LOGGED_IN,
        f"There is no {STACK_FILE} here or above.",
        "Bring the stack up with make up, or name the file with --stack-file.",
    )


def _from_environment(environ: Mapping[str, str]) -> Profile:
    """A stored token is never sent to an address out of the environment."""
    if not environ.get("BRIDGE_TOKEN"):
        raise CliError(
            ExitCode.NOT_LOGGED_IN,
            "BRIDGE_URL is set and BRIDGE_TOKEN is not.",
            "Set both, or neither and log in with: bridge login",
        )
    return _profile("environment", {"api_url": check_address(environ["BRIDGE_URL"]), **_overrides(environ)})


def _profile(name: str, values: Mapping[str, Any]) -> Profile:
    return Profile(name=name, **values)


def _overrides(environ: Mapping[str, str]) -> dict[str, str]:
    named = {"token": "BRIDGE_TOKEN", "write_key": "BRIDGE_WRITE_KEY", "bucket": "BRIDGE_BUCKET"}
    return {field: environ[name] for field, name in named.items() if environ.get(name)}
