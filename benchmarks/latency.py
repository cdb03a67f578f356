"""From an accepted event to ActionIQ's acknowledgement on the running stack, cold and warm: how long.

`python -m benchmarks.latency` sends single events to functions that have just been deployed anew, then to warm
ones, then batches at 100, 1,000 and 5,000 events a second for ten seconds each, as SDKs would send them, and
waits until all have arrived. An event's time runs from the answer to its request to the request that brought
it to the stand-in, by the clock of this one machine. At each rate it says what was offered, accepted and
drained: behind what the emulator can carry, latency is the length of the queue and nothing else.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks._arrivals import Destination, drained
from benchmarks._figures import Figures
from benchmarks._load import Pace, Taken, offer, percentile, stream, tag
from local.demo.stack import Stack
from local.emulator import Aws
from local.settings import LocalSettings
from tests.stack.house import House

RATES = ((100, 20), (1_000, 100), (5_000, 500))
"""Events a second, and how many of them an SDK puts into one request at that rate."""
ON_THE_WAY = ("CollectFunction", "IngestFunction", "ActionIqDeliveryFunction")
COLD, WARM = 5, 100
WARM_UP = 3
"""Seconds of each rate before it counts, so that as many environments are there as it needs."""
TARGET_MS = 1_000


@dataclass
class Line:
    """A house with one ActionIQ installation, and its events' way."""

    house: House
    destination: Destination
    sent: int = 0

    def offer(self, events: int, size: int, rate: float) -> tuple[list[Taken], dict[str, float]]:
        """The requests, and when each event arrived (epoch seconds)."""
        taken = offer(self.house, Pace(stream(tag(self.house), size, (rate, events))))
        self.sent += events
        drained(self.sent, self.destination.total, poll=0.1)
        arrived = self.destination.times()
        missing = [one for told in taken for one in told.ids if one not in arrived]
        if missing:
            sys.exit(f"{len(missing)} of {events} events did not arrive, {missing[0]} for one")
        return taken, arrived


def waits(taken: list[Taken], arrived: dict[str, float]) -> list[float]:
    """Each event's seconds from acceptance to arrival."""
    return [arrived[one] - told.accepted for told in taken for one in told.ids]


def deploy_anew(settings: LocalSettings) -> None:
    """As after a deployment: no environment of the three functions is left."""
    client = Aws(settings).functions()
    pages = client.get_paginator("list_functions").paginate()
    for function in (one for page in pages for one in page["Functions"]):
        name = function["FunctionName"]
        if any(word in name for word in ON_THE_WAY):
            client.update_function_configuration(FunctionName=name, MemorySize=function["MemorySize"])
            client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def singles(figures: Figures, line: Line) -> None:
    """One event at a time: cold, then warm."""
    whole, rest = [], []
    for _ in range(COLD):
        deploy_anew(LocalSettings.load())
        taken, arrived = line.offer(1, 1, 1.0)
        [wait] = waits(taken, arrived)
        rest.append(wait)
        whole.append(taken[0].accepted - taken[0].begun + wait)
    figures.keep(
        "latency, cold: request sent to ActionIQ, median of 5", ms(median(whole)), "ms", None, "lower"
    )
    figures.keep("latency, cold: accepted to ActionIQ, median of 5", ms(median(rest)), "ms", None, "lower")
    keep_shares(figures, "latency, warm, one event at a time", waits(*line.offer(WARM, 1, 5.0)), TARGET_MS)


def at_rate(figures: Figures, line: Line, rate: int, size: int, seconds: int) -> None:
    """Offered, accepted, drained, and how long an event was on its way."""
    events, name = rate * seconds, f"latency, {rate:,} events/s offered"
    line.offer(rate * WARM_UP, size, rate)
    taken, arrived = line.offer(events, size, rate)
    start = taken[0].due - size / rate  # a batch has been filling for so long when it goes out
    ends = {
        f"{name} in batches of {size}: sent": max(told.begun for told in taken),
        f"{name}: accepted": max(told.accepted for told in taken),
        f"{name}: drained": max(arrived[one] for told in taken for one in told.ids),
    }
    for what, end in ends.items():
        figures.keep(what, round(events / (end - start)), "events/s")
    figures.keep(f"{name}: refused", sum(told.refused for told in taken), "requests", 0, "lower")
    keep_shares(figures, name, waits(taken, arrived), TARGET_MS if rate == RATES[0][0] else None)


def keep_shares(figures: Figures, name: str, seconds: list[float], target: int | None) -> None:
    """p50 and p99."""
    for share in (50, 99):
        figures.keep(f"{name}: p{share}", ms(percentile(seconds, share / 100)), "ms", target, "lower")


def ms(seconds: float) -> int:
    """Milliseconds."""
    return round(1000 * seconds)


def main() -> None:
    """Measure, print, keep."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=10, help="for which each rate is offered")
    seconds: int = arguments.parse_args().seconds
    house, figures = House(Stack.read()), Figures()
    house.open()
    try:
        house.install("actioniq")
        line = Line(house, Destination(house.stack, house.destination))
        singles(figures, line)
        for rate, size in RATES:
            at_rate(figures, line, rate, size, seconds)
    finally:
        house.close()
    figures.save()


if __name__ == "__main__":
    main()
