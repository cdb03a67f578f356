"""SAM with its containers on the host's network, where the local stack listens and listens to nobody else.

SAM puts every container behind a bridge, from which the host's loopback cannot be reached; its own `--docker-network
host` joins no network instead.
Run by the SAM environment's interpreter, with SAM's arguments.
"""

import runpy
import socket
from typing import Any

from docker.models.containers import ContainerCollection

EMULATOR_PORT = "8080"
"""The port in the container at which the Runtime Interface Emulator takes invocations."""


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def on_host(options: dict[str, Any]) -> dict[str, Any]:
    """Replace the published port by one that the Runtime Interface Emulator itself opens, on loopback alone."""
    if not options.get("ports"):
        return options
    _, port = options["ports"][EMULATOR_PORT]
    program, *arguments = options["entrypoint"]
    listen = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    inside = ["--runtime-api-address", f"127.0.0.1:{free_port()}"]
    kept = {name: value for name, value in options.items() if name != "ports"}
    return kept | {"network_mode": "host", "entrypoint": [program, *listen, *inside, *arguments]}


def main() -> None:
    """Run SAM."""
    create = ContainerCollection.create

    def create_on_host(self: ContainerCollection, image: str, command: Any = None, **options: Any) -> Any:
        return create(self, image, command, **on_host(options))

    ContainerCollection.create = create_on_host
    runpy.run_module("samcli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
