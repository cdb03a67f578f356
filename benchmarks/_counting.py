"""What a sender is measured with: planned parts on disk, and the stand-in that counts, in a process of its own."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import batched
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

import urllib3

from mapping.export import PartRef

ROWS_IN_PART = 7_500
KEY = "brz_local_key"


@dataclass(frozen=True)
class StandIn:
    """The counting stand-in, switched over its control API."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control API."""
        answer = urllib3.request(method, f"{self.url}/_standin/{path}", json=body, timeout=10)
        return answer.json() if answer.data else None

    def start_anew(self, modes: Mapping[str, Any]) -> None:
        """Forget everything, then switch."""
        self.call("POST", "reset")
        self.call("PUT", "modes", {"counting": True, **modes})

    def answers(self) -> dict[str, int]:
        """How many requests got which status."""
        found: dict[str, int] = self.call("GET", "counters")["requests"].get("/users/track", {})
        return found


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Start it, stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "local.standins.braze", "--count-only", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603 - a program of this repository
        next(iter(process.stdout or ()))
        try:
            yield StandIn(port)
        finally:
            process.terminate()


def generate(directory: Path, rows: int) -> list[PartRef]:
    """Parts of profile updates with 5 attributes, in wire form."""
    refs = []
    for number, members in enumerate(batched(range(rows), ROWS_IN_PART, strict=False), start=1):
        lines = [
            {
                "external_id": f"customer-{member:09}",
                "AIQ_42_1": member % 3 > 0,
                "plan": ("free", "gold", "team")[member % 3],
                "city": f"city {member % 997}",
                "orders": member % 19,
                "value": member % 100_003 / 100,
            }
            for member in members
        ]
        body = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
        path = directory / f"{number:05}.jsonl"
        path.write_bytes(body)
        refs.append(PartRef(number=number, key=str(path), rows=len(lines), sha256=sha256(body).hexdigest()))
    return refs
