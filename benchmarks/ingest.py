"""How many events a second one core plans inside ingest: `python benchmarks/ingest.py [events]`.

From the queue's messages, as collect frames them, to the planned deliveries of an ActionIQ and a Braze
installation: parse, normalise, route, pack, encode. Queues and the record are in memory.
And from parsed events to the bodies of Braze's requests: normalise, map, pack by 75, merge, encode.
Prints each figure beside its target and keeps it in `.local/bench.json`.
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

from benchmarks._results import keep, row
from benchmarks.mapping_speed import BATCH, BRAZE, raw_event
from bridge.flows.events.event_messages import Message
from bridge.flows.events.ingest import Ingest
from mapping.braze import to_objects
from mapping.braze_requests import plan_track
from mapping.event import normalise
from mapping.installation import BrazeSettings, Installation
from mapping.packing import BRAZE_OBJECTS

RECEIVED = datetime(2026, 9, 1, 12, tzinfo=UTC)
MESSAGES = 10
TARGET = 66_000
"""Parsed events a second and core, five traits or properties each, to Braze's requests."""
TO_REQUESTS = "parsed events to Braze requests"


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
        TO_REQUESTS: many / min(_requests(raws, BRAZE) for _ in range(7)),
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
    """Validate, map, and put 75 objects into each request, merged and encoded."""
    start = process_time()
    for at in range(0, len(raws), BRAZE_OBJECTS):
        part = raws[at : at + BRAZE_OBJECTS]
        events = [normalise(raw, received_at=RECEIVED, fallback_id="x") for raw in part]
        objects = [to_objects(event, settings) for event in events]
        plan_track([one for one in objects if isinstance(one, list)]).body()
    return process_time() - start


def deliveries(installations: list[Installation]) -> tuple[int, int]:
    """Objects of one invocation, and the messages they leave it in."""
    [batch] = invocations(BATCH * MESSAGES)
    stand = Stand(installations)
    Ingest(stand, {"braze": stand}, stand, stand, lambda: RECEIVED).take(batch)
    return BATCH * MESSAGES, stand.sent


def main() -> None:
    """One line a path, and into how many messages an invocation's objects go."""
    rates = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    aimed = {TO_REQUESTS: TARGET}
    rows = [row(name, round(rate), "events/s", aimed.get(name)) for name, rate in rates.items()]
    objects, sent = deliveries([installation("braze", BRAZE.model_dump())])
    least = -(-objects // BRAZE_OBJECTS)
    rows.append(row(f"messages for {objects:,} Braze objects", sent, "messages", least, "lower"))
    keep(rows)
    if sent != least:
        raise SystemExit(f"{sent} messages, not {least}")


if __name__ == "__main__":
    main()
