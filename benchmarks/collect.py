"""How many events a second one core collects inside the handler: `python benchmarks/collect.py [events]`.

From the gateway's event (base64, gzip, 500 events a batch) to the answer: decode, gunzip, parse, check,
normalise, frame. The queue takes everything at once, the sources are in memory.
Prints each figure beside its target and keeps it in `.local/bench.json`.
"""

import base64
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks._results import keep, row
from benchmarks.mapping_speed import BATCH, raw_event
from bridge.flows.events.front_door import FrontDoor
from bridge.flows.events.gateway import Answer, Request

TARGET = 60_000
"""Events a second and core, in gzip batches of 500 with every check."""
RECEIVED = datetime(2026, 9, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Source:
    """A source in memory."""

    id: str = "src_1"
    kind: Literal["browser", "server"] = "server"
    test: bool = False
    enabled: bool = True


class Stand:
    """Everything behind the front door."""

    def __init__(self, kind: Literal["browser", "server"]) -> None:
        self.source = Source(kind=kind)
        self.bodies = 0

    def by_write_key(self, _key: str) -> Source:
        return self.source

    def of_source(self, _source_id: str) -> str | None:
        return None

    def offer(self, bodies: Sequence[str], *, group: str | None = None) -> tuple[int, ...]:  # noqa: ARG002
        self.bodies += len(bodies)
        return ()

    def answer(self, _request: Request, _now: datetime) -> Answer:
        return Answer(202)


def gateway_event(raws: list[dict[str, Any]], *, compressed: bool) -> dict[str, Any]:
    """One POST /v1/batch as the HTTP API hands it over."""
    body = json.dumps({"batch": raws, "sentAt": "2026-09-01T12:00:00.001Z"})
    packed = base64.b64encode(gzip.compress(body.encode(), 6)).decode() if compressed else body
    return {
        "rawPath": "/v1/batch",
        "rawQueryString": "",
        "headers": {"authorization": "Basic " + base64.b64encode(b"dk_live_x:").decode()},
        "requestContext": {"http": {"method": "POST"}, "requestId": "r", "stage": "$default"},
        "body": packed,
        "isBase64Encoded": compressed,
    }


def measure(many: int = 20_000) -> dict[str, float]:
    """Events a second of each way in: the best of seven runs, by CPU time of this one process."""
    raws = [raw_event(number) for number in range(many)]
    batches = [raws[at : at + BATCH] for at in range(0, many, BATCH)]
    rates = {}
    for name, kind, compressed in (
        ("collect, gzip batches of 500", "server", True),
        ("collect, plain batches of 500", "server", False),
        ("collect, gzip batches of 500, browser source", "browser", True),
    ):
        events = [gateway_event(batch, compressed=compressed) for batch in batches]
        rates[name] = many / min(_seconds(events, kind) for _ in range(7))
    single = [gateway_event([raw], compressed=False) for raw in raws[:2000]]
    rates["collect, batches of one event"] = len(single) / min(_seconds(single, "server") for _ in range(7))
    return rates


def _seconds(events: list[dict[str, Any]], kind: Any) -> float:
    stand = Stand(kind)
    door = FrontDoor(stand, stand, stand, stand, lambda: RECEIVED, str)
    start = process_time()
    statuses = {door.answer(event)["statusCode"] for event in events}
    spent = process_time() - start
    if statuses != {200} or not stand.bodies:
        raise SystemExit(f"answered {statuses}, queued {stand.bodies} messages")
    return spent


def main() -> None:
    """One line a way in."""
    rates = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    aimed = {name: TARGET for name in rates if "batches of 500" in name}
    keep([row(name, round(rate), "events/s", aimed.get(name)) for name, rate in rates.items()])


if __name__ == "__main__":
    main()
