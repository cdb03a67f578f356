"""How fast one braze_delivery worker takes planned deliveries to Braze: `python -m benchmarks.realtime`.

From the batch that SQS hands over (10 deliveries of 75 events, as the template has it) to the acknowledged
requests, through Powertools, rows, claims, profile memory, stages, client; one batch after the other, as one
environment works. The stand-in counts in a process of its own. First DeliveriesTable is in memory; then claims,
then all of it, go through boto3 to a server that answers at once: what is measured there is the worker's own
cost, not DynamoDB, whose latency a worker spends waiting while its other deliveries go on.
"""

import multiprocessing
import socket
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks._counting import StandIn, stand_in
from benchmarks._figures import Figures
from benchmarks._realtime_worker import at_work, bodies
from benchmarks._tables import served
from benchmarks.mapping_speed import canonical, raw_event

EVENTS, IN_REQUEST, BATCH = 30_000, 75, 10
SPAWN = multiprocessing.get_context("spawn")
LATENCY = {"fault": "latency", "path": "/users/track", "seconds": 0.05}


def tracks() -> list[dict[str, Any]]:
    """Events, each of which is claimed."""
    return canonical([raw_event(2 * number) for number in range(EVENTS)])


def mixed() -> list[dict[str, Any]]:
    """Every other one changes a profile nobody remembers."""
    return canonical([raw_event(number) for number in range(EVENTS)])


def repeated() -> Iterator[dict[str, Any]]:
    """Identifies of 3,000 users, each told ten times, changed in one trait of five every other time."""
    people = canonical([raw_event(2 * number + 1) for number in range(EVENTS // 10)])
    numbers = count()
    for turn in range(10):
        for one in people:
            traits = one["traits"] | {"orders": turn // 2}
            yield one | {"traits": traits, "messageId": f"m{next(numbers)}", "timestamp": _at(turn)}


def _at(turn: int) -> str:
    return f"2026-09-01T12:00:{turn:02d}.000Z"


def measured(
    server: StandIn, texts: list[str], *, tables: dict[str, str], latency: bool = False, batch: int = BATCH
) -> dict[str, float]:
    """One worker in a fresh process; everything must arrive in as few requests as possible."""
    server.start_anew({"faults": [LATENCY] if latency else []})
    needed = -(-EVENTS // IN_REQUEST)
    with SPAWN.Pool(1) as pool:
        found = pool.apply(at_work, (server.port, texts, batch, tables, {}))
    answers = server.answers()
    if found["failed"] or answers != {"201": needed}:
        sys.exit(f"not as planned: {found['failed']} deliveries came back, answers {answers}")
    return found


def speeds(figures: Figures, server: StandIn, texts: dict[str, list[str]], tables: dict[str, str]) -> None:
    """Events a second with everything in memory, with claims behind boto3, with all rows there."""
    cases: list[tuple[str, str, dict[str, str], int | None]] = [
        ("events, claims in memory", "tracks", {}, 15_000),
        ("half of them identifies, claims and memory in memory", "mixed", {}, 15_000),
        ("events, claims over boto3", "tracks", {"claims": tables["claims"]}, 4_000),
        ("half of them identifies, all rows over boto3", "mixed", tables, 4_000),
    ]
    for name, which, where, target in cases:
        found = measured(server, texts[which], tables=where)
        figures.keep(f"real-time lane, {name}", round(found["events"] / found["seconds"]), "events/s", target)
        cost = round(found["cpu"] / found["events"] * 1e6, 1)
        figures.keep(f"real-time lane, {name}: processor", cost, "us/event", better="lower")
    figures.keep("real-time lane, peak memory", round(found["megabytes"]), "MB", 200, "lower")
    for batch in (BATCH, 60):
        found = measured(server, texts["tracks"], tables={}, latency=True, batch=batch)
        speed = round(found["events"] / found["seconds"])
        figures.keep(
            f"real-time lane, Braze answers after 50 ms, {batch} deliveries at a time", speed, "events/s"
        )


def waste(figures: Figures, server: StandIn) -> None:
    """Requests and attributes sent, by those that are needed."""
    people = list(repeated())
    texts = bodies(people, IN_REQUEST)
    server.start_anew({})
    with SPAWN.Pool(1) as pool:
        pool.apply(at_work, (server.port, texts, 1, {}, {}))
    counted = server.call("GET", "counters")
    changes = EVENTS // 10 * 5  # each user's `orders` has five values, and the first comes with all the rest
    sent = round(counted["attributes"] / changes, 3)
    figures.keep("real-time lane, profiles sent / profiles that changed", sent, "x", 1.0, "lower")


def main() -> None:
    """Run everything, print it, keep it."""
    figures = Figures()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    texts = {"tracks": bodies(tracks(), IN_REQUEST), "mixed": bodies(mixed(), IN_REQUEST)}
    with stand_in() as server, served(port) as address:
        speeds(figures, server, texts, {"claims": address, "rows": address})
        waste(figures, server)
    figures.save()


if __name__ == "__main__":
    main()
