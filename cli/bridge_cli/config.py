"""The file of profiles: which stack, which token. Nobody but its owner can read it."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bridge_cli.errors import CliError, ExitCode


@dataclass(frozen=True, slots=True)
class Config:
    """Profiles as they are kept, and the name of the one that is used unless another is asked for."""

    current: str = ""
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def with_profile(self, name: str, values: Mapping[str, str]) -> "Config":
        """Kept as it is given."""
        kept = {field: value for field, value in values.items() if value}
        return replace(self, profiles={**self.profiles, name: kept})

    def using(self, name: str) -> "Config":
        """The current one from now on."""
        return replace(self, current=name)

    def without(self, name: str) -> "Config":
        """Forgotten; if it was the current one, none is."""
        profiles = {one: values for one, values in self.profiles.items() if one != name}
        return replace(self, profiles=profiles, current="" if self.current == name else self.current)


def config_path(environ: Mapping[str, str]) -> Path:
    """BRIDGE_CONFIG, else under XDG_CONFIG_HOME, else under ~/.config."""
    if named := environ.get("BRIDGE_CONFIG"):
        return Path(named)
    home = environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "signal-bridge" / "config.json"


def load(path: Path) -> Config:
    """An absent file is an empty one."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        return Config(str(found["current"]), {name: dict(one) for name, one in found["profiles"].items()})
    except FileNotFoundError:
        return Config("", {})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CliError(
            ExitCode.NOT_LOGGED_IN, f"{path} cannot be read.", "Delete it and log in again with: bridge login"
        ) from None


def save(path: Path, config: Config) -> None:
    """Written beside its place and moved there, so that it is whole and never readable by others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = {
        "current": config.current,
        "profiles": {name: dict(one) for name, one in config.profiles.items()},
    }
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")  # made with 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.write("\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def readable_by_others(path: Path) -> bool:
    """Whether the mode of the file lets anybody but its owner in."""
    return path.exists() and bool(path.stat().st_mode & 0o077)
