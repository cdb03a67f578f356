"""Where the local stack lives: its ports (each can be moved by a variable) and its folders."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
STACK_NAME = "signal-bridge-local"
ROOT_KEY = "test"
"""The emulator takes this access key as the account's root user; functions run under their own roles."""

STANDINS: Final = {"actioniq": 8085, "braze": 8086, "webhook": 8087}
"""The stand-ins under local/standins and their ports, each moved by <NAME>_PORT."""


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Ports on loopback and the folder for logs, pid files and state."""

    api_port: int
    emulator_port: int
    standin_ports: Mapping[str, int]
    state: Path = ROOT / ".local"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read API_PORT, EMULATOR_PORT, and a port for each stand-in; an empty one counts as absent."""
        return cls(
            api_port=int(environ.get("API_PORT") or 8084),
            emulator_port=int(environ.get("EMULATOR_PORT") or 4566),
            standin_ports={
                name: int(environ.get(f"{name.upper()}_PORT") or port) for name, port in STANDINS.items()
            },
        )

    @property
    def api_url(self) -> str:
        """`localhost`, not an address, so that the documented curl works as printed."""
        return f"http://localhost:{self.api_port}"

    @property
    def emulator_url(self) -> str:
        """Endpoint for every AWS client, the functions' own included."""
        return f"http://{LOOPBACK}:{self.emulator_port}"

    @property
    def actioniq_url(self) -> str:
        """Base URL of ActionIQ's stand-in."""
        return self.standin_url("actioniq")

    @property
    def braze_url(self) -> str:
        """REST endpoint of Braze's stand-in."""
        return self.standin_url("braze")

    def standin_url(self, name: str) -> str:
        """Address of a stand-in."""
        return f"http://{LOOPBACK}:{self.standin_ports[name]}"

    @property
    def stack_file(self) -> Path:
        """Addresses and keys of the running stack, for tests, the demo and curl."""
        return self.state / "stack.json"

    @property
    def logs(self) -> Path:
        """Output of every process and tool."""
        return self.state / "logs"

    def tool(self, environment: str, name: str) -> Path:
        """Return the path of a tool that lives in an environment of its own."""
        return ROOT / ".tools" / environment / "bin" / name


def architecture() -> str:
    """Name this machine's processor as Lambda does: the emulator runs the functions on the host itself."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def aws_environment(settings: LocalSettings) -> dict[str, str]:
    """Build the environment of a tool that talks to the emulator as the account's root user."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return inherited | {
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": settings.emulator_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "PATH": f"{ROOT / '.tools' / 'sam' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
