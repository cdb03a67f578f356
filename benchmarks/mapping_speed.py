"""How many events a second one core maps: `python benchmarks/mapping_speed.py [events]`, one line a path."""

import gzip
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "mapping"))

from mapping import actioniq, braze
from mapping.braze_requests import plan_track
from mapping.delivery import DeliveryMessage, delivery_id, frame
from mapping.event import Event, normalise
from mapping.installation import ActionIqSettings, BrazeSettings
from mapping.json_values import encode
from mapping.outcome import ItemOutcome
from mapping.packing import ACTIONIQ_RECORDS, BRAZE_OBJECTS, MESSAGE_BYTES, pack

RECEIVED = datetime(2026, 9, 1, 12, tzinfo=UTC)
BRAZE = BrazeSettings(rest_endpoint="https://rest.iad-01.braze.com")
BATCH = 500
ACTIONIQ = ActionIqSettings(account_id="your-account-id", destination_id="dest-12345")


def raw_event(number: int) -> Event:
    """Half tracks, half identifies, five properties or traits each, as analytics-python sends them."""
    shared = {
        "userId": f"customer-{number}",
        "anonymousId": None,
        "messageId": f"{number:08x}-5f0c-4d1e-9b7a-0123456789ab",
        "timestamp": "2026-09-01T11:59:58.123456+00:00",
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "integrations": {},
    }
    if number % 2:
        traits = {
            "firstName": "Ann",
            "email": f"a{number}@example.com",
            "orders": 3,
            "value": 41.5,
            "vip": False,
        }
        return shared | {"type": "identify", "traits": traits}
    properties = {"order_id": f"o-{number}", "total": 41.5, "currency": "USD", "quantity": 2, "gift": False}
    return shared | {"type": "track", "event": "Order Completed", "properties": properties}


def canonical(raws: list[Event]) -> list[Event]:
    """Every event validated and in canonical form."""
    return [
        normalise(raw, received_at=RECEIVED, fallback_id="x", sent_at="2026-09-01T12:00:00.001Z")
        for raw in raws
    ]


def ingest(raws: list[Event]) -> list[str]:
    """From parsed events to Braze's queue messages, as the ingest function does it."""
    wanted = [event for event in canonical(raws) if braze.wanted(event, BRAZE) is None]
    texts = [encode(event).decode("ascii") for event in wanted]
    packs = pack(
        wanted,
        max_items=ACTIONIQ_RECORDS,
        max_objects=BRAZE_OBJECTS,
        max_bytes=MESSAGE_BYTES,
        count=lambda event: braze.object_count(event, BRAZE),
        sizes=[len(text) for text in texts],
    )
    return [
        frame(
            DeliveryMessage(
                delivery_id=delivery_id("int_1", wanted[chosen[0]]["messageId"]),
                integration_id="int_1",
                kind="events",
                created_at="2026-09-01T12:00:00.000Z",
                items=[],
            ),
            [texts[index] for index in chosen],
        )
        for chosen in packs
    ]


def map_and_pack(raws: list[Event]) -> list[bytes]:
    """From parsed events to Braze's request bodies: validate, map, pack, merge, encode."""
    objects: list[list[braze.BrazeObject]] = []
    times = []
    for event in canonical(raws):
        mapped = braze.to_objects(event, BRAZE)
        if not isinstance(mapped, ItemOutcome):
            objects.append(mapped)
            times.append(event["timestamp"])
    return [
        plan_track(objects[at : at + BRAZE_OBJECTS], times=times[at : at + BRAZE_OBJECTS]).body()
        for at in range(0, len(objects), BRAZE_OBJECTS)
    ]


def collect(body: bytes) -> list[str]:
    """From one gzipped batch to texts for the queue: gunzip, decode, validate, encode."""
    return [encode(event).decode("ascii") for event in canonical(json.loads(gzip.decompress(body))["batch"])]


def to_records(events: list[Event]) -> list[Any]:
    """ActionIQ's records."""
    return [actioniq.to_record(event, ACTIONIQ) for event in events]


def to_objects(events: list[Event]) -> list[Any]:
    """Braze's objects."""
    return [braze.to_objects(event, BRAZE) for event in events]


def in_batches(path: Callable[[list[Event]], Any], events: list[Event]) -> None:
    """Run a path as a function is run: one batch, its result handed on and forgotten."""
    for at in range(0, len(events), BATCH):
        path(events[at : at + BATCH])


def measure(many: int = 20_000) -> dict[str, float]:
    """Events a second of each path: the best of seven runs, by CPU time of this one process."""
    raws = [raw_event(number) for number in range(many)]
    bodies = [
        gzip.compress(json.dumps({"batch": raws[at : at + BATCH]}).encode(), 6)
        for at in range(0, many, BATCH)
    ]
    events = canonical(raws)
    paths: dict[str, Callable[[], Any]] = {
        "normalise": lambda: in_batches(canonical, raws),
        "normalise again": lambda: in_batches(canonical, events),
        "to ActionIQ records": lambda: in_batches(to_records, events),
        "to Braze objects": lambda: in_batches(to_objects, events),
        "normalise, map, pack to Braze requests": lambda: in_batches(map_and_pack, raws),
        "normalise, route, pack to queue messages": lambda: in_batches(ingest, raws),
        "gunzip, decode, normalise, encode": lambda: [collect(body) for body in bodies],
    }
    return {name: many / min(_seconds(path) for _ in range(7)) for name, path in paths.items()}


def main() -> None:
    """Print one line a path."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for name, rate in measure(many).items():
        print(f"{name:44} {rate:>12,.0f} events/s")


def _seconds(path: Callable[[], Any]) -> float:
    start = process_time()
    path()
    return process_time() - start


if __name__ == "__main__":
    main()
