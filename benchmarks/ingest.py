"""How many events a second one core plans inside ingest: `python benchmarks/ingest.py [events]`.

From the queue's messages, as collect frames them, to the planned deliveries of an ActionIQ and a Braze
installation: parse, normalise, route, pack, encode. Queues and the record are in memory.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks.mapping_speed import BATCH, BRAZE, raw_event
from bridge.flows.events.event_messages import Message
from bridge.flows.events.ingest import Ingest
from mapping.braze import to_objects
from mapping.braze_requests import plan_track
from mapping.event import normalise
from mapping.installation import BrazeSettings, Installation

RECEIVED = datetime(2026, 9, 1, 12, tzinfo=UTC)
MESSAGES = 10


class Stand:
    """Queues, record and installations in memory."""

    def __init__(self, installations: Sequence[Installation]) -> None:
        self.installations = installations
        self.sent = 0

    def all(self) -> Sequence[Installation]:
        return self.installations

    def offer(
        self,
        bodies: Sequence[str],
        *,
        group: str | None = None,  # noqa: ARG002
        attributes: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> tuple[int, ...]:
        self.sent += len(bodies)
        return ()

    def record(self, *_row: object) -> None:
        return


def installation(key: str, config: dict[str, Any]) -> Installation:
    """An installation of that catalog key, with defaults."""
    at = "2026-01-01T00:00:00.000Z"
    known = {"id": f"int_{key}", "catalog_key": key, "name": key, "config": config}
    revision = {"id": "rev_1", "revision_number": 1, "created_at": at}
    return Installation.model_validate(known | {"revision": revision, "created_at": at, "updated_at": at})


def invocations(many: int) -> list[list[Message]]:
    """Ten messages an invocation, 500 canonical events a message."""
    raws = [raw_event(number) for number in range(many)]
    events = [normalise(raw, received_at=RECEIVED, fallback_id="x", source_id="src_1") for raw in raws]
    head = {"source_id": "src_1", "source_kind": "server", "received_at": RECEIVED.isoformat()}
    messages = [
        Message(f"sqs-{at}", json.dumps(head | {"batch": events[at : at + BATCH]}), RECEIVED)
        for at in range(0, many, BATCH)
    ]
    return [messages[at : at + MESSAGES] for at in range(0, len(messages), MESSAGES)]


def measure(many: int = 20_000) -> dict[str, float]:
    """Events a second: the best of seven runs, by CPU time of this one process."""
    batches = invocations(many)
    braze = installation("braze", BRAZE.model_dump())
    actioniq = installation("actioniq", {"account_id": "a", "destination_id": "d"})
    raws = [raw_event(number) for number in range(many)]
    return {
        "ingest, Braze and ActionIQ": many / min(_planning(batches, [braze, actioniq]) for _ in range(7)),
        "ingest, Braze alone": many / min(_planning(batches, [braze]) for _ in range(7)),
        "parsed events to Braze requests": many / min(_requests(raws, BRAZE) for _ in range(7)),
    }


def _planning(batches: list[list[Message]], installations: list[Installation]) -> float:
    stand = Stand(installations)
    ingest = Ingest(stand, {"braze": stand, "actioniq": stand}, stand, stand, lambda: RECEIVED)
    start = process_time()
    failed = {one for batch in batches for one in ingest.take(batch)}
    spent = process_time() - start
    if failed or not stand.sent:
        raise SystemExit("nothing was planned")
    return spent


def _requests(raws: list[dict[str, Any]], settings: BrazeSettings) -> float:
    """Validate, map, and put 75 objects into each request, merged."""
    start = process_time()
    for at in range(0, len(raws), 75):
        part = raws[at : at + 75]
        events = [normalise(raw, received_at=RECEIVED, fallback_id="x") for raw in part]
        objects = [to_objects(event, settings) for event in events]
        plan_track([one for one in objects if isinstance(one, list)])
    return process_time() - start


def main() -> None:
    """Print one line a path."""
    for name, rate in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000).items():
        print(f"{name:48} {rate:>12,.0f} events/s")


if __name__ == "__main__":
    main()
