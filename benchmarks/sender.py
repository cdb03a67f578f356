"""How fast one audience_sync worker sends planned parts: `python -m benchmarks.sender [--quick]`.

The stand-in counts in a process of its own, the worker runs in another: messages of 20 parts as Lambda hands
them over, through RunMessages, PartSync, Pump, BrazeSenders and the client; leases, checkpoints and results
are kept in memory, the parts on disk. Beside it, in the same run, a bare loop of prebuilt bodies over 64
threads of urllib3. Then two workers share an account with a limit.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

import requests
import urllib3

from benchmarks._braze_worker import numbered, workers
from benchmarks._counting import KEY, StandIn, generate, stand_in
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.flows.runs.framing import frame
from mapping.export import PartRef

ROWS_IN_REQUEST = 75
RESULTS = ROOT / ".local" / "bench.json"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def bodies(refs: Sequence[PartRef]) -> list[bytes]:
    """The requests of some parts, prebuilt."""
    lines = [line for ref in refs for line in Path(ref.key).read_bytes().splitlines()]
    return [frame(chunk, b"attributes") for chunk in batched(lines, ROWS_IN_REQUEST, strict=False)]


def bare(port: int, wire: Sequence[bytes]) -> float:
    """Rows a second of a loop that does nothing but send, over 64 threads."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=64)

    def send(body: bytes) -> None:
        pool.urlopen("POST", "/users/track", body=body, headers=HEADERS)

    with ThreadPoolExecutor(64) as threads:
        started = time.monotonic()
        list(threads.map(send, wire))
        return len(wire) * ROWS_IN_REQUEST / (time.monotonic() - started)


def processor(port: int, wire: Sequence[bytes]) -> dict[str, float]:
    """Microseconds of processor a request costs, alone on one thread: requests, urllib3, and what the bridge uses."""
    session = requests.Session()
    session.trust_env = False
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port)
    transport = Transport(AllowedHosts.of([f"127.0.0.1:{port}"], "braze"))
    url = f"http://127.0.0.1:{port}/users/track"
    ways: dict[str, Callable[[bytes], object]] = {
        "requests": lambda body: session.post(url, data=body, headers=HEADERS, timeout=(3, 15)),
        "urllib3": lambda body: pool.urlopen("POST", "/users/track", body=body, headers=HEADERS),
        "bridge": lambda body: transport.send("POST", url, headers=HEADERS, body=body),
    }
    found = dict.fromkeys(ways, float("inf"))
    for _ in range(3):
        for name, send in ways.items():
            started = time.process_time()
            for body in wire:
                send(body)
            found[name] = min(found[name], (time.process_time() - started) / len(wire) * 1e6)
    return found


LATENCY = {"fault": "latency", "path": "/users/track"}
REFUSED = {"fault": "status", "status": 429, "path": "/users/track", "rate": 0.01}
CASES: dict[str, list[dict[str, Any]]] = {
    "0 ms": [],
    "50 ms": [{**LATENCY, "seconds": 0.05}],
    "200 ms": [{**LATENCY, "seconds": 0.2}],
    "50 ms, 1 % 429": [{**LATENCY, "seconds": 0.05}, REFUSED],
}
WITH_WAIT = [{**LATENCY, "seconds": 0.05}, {**REFUSED, "headers": {"retry-after": "1"}}]
BURST = {"rate_limit": "burst", "burst_requests": 3_000, "burst_seconds": 3}
HOURLY = {"rate_limit": "hourly", "hourly_requests": 6_000, "clock_scale": 360}


@cache
def rows_to_keep() -> list[dict[str, Any]]:
    """What goes into bench.json."""
    return []


def check(holds: bool, what: str) -> None:  # noqa: FBT001 - reads like assert
    """End the benchmark when what it measures is not what it says."""
    if not holds:
        sys.exit(f"not as planned: {what}")


def keep(name: str, value: float, unit: str, target: float | None, better: str = "higher") -> None:
    """Print one figure and remember it."""
    rows_to_keep().append({"name": name, "value": value, "unit": unit, "target": target, "better": better})
    aim = "" if target is None else f"   (target {'≥' if better == 'higher' else '≤'} {target:,})"
    print(f"{name:58} {value:12,} {unit}{aim}", flush=True)


def speeds(server: StandIn, refs: Sequence[PartRef], pauses: Path) -> None:
    """The four cases with one worker."""
    rows = sum(ref.rows for ref in refs)
    most = 0.0
    for name, faults in CASES.items():
        server.start_anew({"faults": faults})
        [found] = workers(1, server.port, refs, pauses)
        taken = server.answers()["201"]
        check(found["accepted"] == rows, f"{found['accepted']} of {rows} rows accepted")
        check(taken == sum(-(-ref.rows // ROWS_IN_REQUEST) for ref in refs), f"{taken} requests")
        most = max(most, found["megabytes"])
        keep(f"sender {rows:,} rows, {name}", round(rows / found["seconds"]), "rows/s", 60_000)
    keep(f"sender {rows:,} rows, peak memory", round(most), "MB", 150, "lower")


def with_waits(server: StandIn, refs: Sequence[PartRef], pauses: Path) -> None:
    """1 % of 429 with a wait of a second each: what is left between the pauses is used."""
    server.start_anew({"faults": WITH_WAIT})
    [found] = workers(1, server.port, refs, pauses)
    rows = sum(ref.rows for ref in refs)
    check(found["accepted"] == rows, f"{found['accepted']} of {rows} rows accepted")
    between = found["seconds"] - found["paused"]
    print(f"  {found['paused']:.1f} s of {found['seconds']:.1f} s were pauses")
    keep(
        f"sender {rows:,} rows, 50 ms, 1 % 429 with a wait",
        round(rows / between),
        "rows/s between pauses",
        57_000,
    )


def limited(server: StandIn, refs: Sequence[PartRef], pauses: Path, name: str, modes: dict[str, Any]) -> None:
    """Two workers on one limit: its use over whole windows, once the first one is behind."""
    window, windows = (10, 2) if modes["rate_limit"] == "hourly" else (3, 4)
    allowed = modes.get("hourly_requests", 3_000)
    server.start_anew({**modes, "faults": [{**LATENCY, "seconds": 0.05}]})
    counted: list[int] = []

    def watch() -> None:
        turn = time.time() // window + 1
        for boundary in range(windows + 1):
            time.sleep(max(0.0, (turn + boundary) * window - time.time()))
            counted.append(server.answers().get("201", 0))

    refs = [*refs, *refs, *refs]
    workers(2, server.port, refs, pauses, seconds=window * (windows + 3), watch=watch)
    answers = server.answers()
    used = (counted[-1] - counted[0]) / (windows * allowed)
    refused = answers.get("429", 0) / sum(answers.values())
    keep(f"two workers, {name}, limit used", round(100 * used, 1), "%", 95)
    keep(f"two workers, {name}, answered 429", round(100 * refused, 3), "%", 0.1, "lower")


def main() -> None:
    """Run everything, print it, keep it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="100,000 rows only")
    quick: bool = arguments.parse_args().quick
    with TemporaryDirectory() as root, stand_in() as server:
        pauses = Path(root, "paused_until")
        refs = generate(Path(root), 1_000_000)
        Path(root, "rest").mkdir()
        few = numbered([*refs[:13], *generate(Path(root, "rest"), 2_500)])
        wire = bodies(few)
        cost = processor(server.port, wire)
        for name, spent in cost.items():
            keep(f"processor for a request, {name}", round(spent), "us", None, "lower")
        keep(
            "processor for a request, requests / bridge",
            round(cost["requests"] / cost["bridge"], 2),
            "x",
            1.5,
        )
        loop = bare(server.port, wire)
        keep("bare loop of prebuilt bodies, 64 threads, 0 ms", round(loop), "rows/s", None)
        [free] = workers(1, server.port, few, pauses, speed=1e9)
        flat_out = free["accepted"] / free["seconds"]
        keep("sender 100,000 rows, 0 ms, without a speed limit", round(flat_out), "rows/s", None)
        keep("sender without a speed limit / bare loop", round(flat_out / loop, 2), "x", None)
        speeds(server, few, pauses)
        if not quick:
            speeds(server, refs, pauses)
        with_waits(server, few, pauses)
        for dialect in ("epoch", "delta"):
            told = {"header_dialect": dialect}
            limited(server, refs, pauses, f"3,000 in 3 s, {dialect}", {**BURST, **told})
            limited(server, refs, pauses, f"hour of 10 s, {dialect}", {**HOURLY, **told})
    rows = rows_to_keep()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    names = {row["name"] for row in rows}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([*(row for row in kept if row["name"] not in names), *rows], indent=2))


if __name__ == "__main__":
    main()
