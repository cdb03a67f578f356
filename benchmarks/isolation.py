"""By how much one installation's latency moves while another's vendor fails, on the running stack.

`python -m benchmarks.isolation` lets one source feed two ActionIQ installations, which share a queue and its
workers, at a steady pace. Three times in one run the second one's destination turns bad: answers 500, answers
after 10 s, takes requests and never answers. The first one's p50 and p95 (from the accepted request to the
stand-in's arrival) while that lasts are held against the stretches before and after it. Each fault begins
within its stretch: how long it takes until the workers know of it is part of the figure.
"""

import argparse
import math
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks._arrivals import Destination, drained
from benchmarks._figures import Figures
from benchmarks._load import Pace, offer, percentile, stream, tag
from local.demo.stack import Stack
from tests.stack.house import ACCOUNT, House, ask

FAULTS: dict[str, dict[str, Any]] = {
    "answers 500": {"fault": "status", "status": 500},
    "answers after 10 s": {"fault": "latency", "seconds": 10},
    "never answers": {"fault": "hang_before"},
}
RATE, SIZE = 40, 10
SETTLE = 20.0
"""Seconds between a fault and the stretch after it: what the failing installation had in flight ends."""
TARGET = 20.0
SHARES = (50, 95)


@dataclass
class Street:
    """Two houses' worth of installations behind one source; the second one's destination is a new one each time."""

    house: House
    destination: Destination
    sent: int = 0

    def neighbour(self) -> tuple[str, str]:
        """Another installation of the same vendor, fed by the same source: its id and its destination's."""
        site = f"{self.house.stack.actioniq_url}/_standin"
        _, made = ask("POST", f"{site}/destinations", {"account_id": ACCOUNT, "name": uuid.uuid4().hex})
        _, key = ask("POST", f"{site}/keys", {"account_id": ACCOUNT, "destination_ids": [made["id"]]})
        config = {"destination_id": made["id"], "api_key": key["key"]}
        return self.house.install("actioniq", config=config), made["id"]

    def faults(self, *rules: dict[str, Any]) -> None:
        """What goes wrong from now on."""
        ask("PUT", f"{self.house.stack.actioniq_url}/_standin/modes", {"faults": list(rules)})

    def stretch(self, seconds: int, rate: float = RATE) -> list[float]:
        """The first installation's waits in seconds, event by event, under a steady load for so long."""
        events = RATE * seconds
        taken = offer(self.house, Pace(stream(tag(self.house), SIZE, (rate, events))))
        self.sent += events
        drained(self.sent, self.destination.total)
        arrived = self.destination.times()
        missing = sum(one not in arrived for told in taken for one in told.ids)
        if missing:
            sys.exit(f"{missing} of {events} events never reached the installation that works")
        return [arrived[one] - told.accepted for told in taken for one in told.ids]


def beside(street: Street, fault: dict[str, Any], seconds: int) -> tuple[list[float], list[float]]:
    """The waits without and with a neighbour that fails."""
    installed, destination = street.neighbour()
    street.stretch(seconds, rate=math.inf)  # as many workers as the lane may have
    before = street.stretch(seconds)
    street.faults(fault | {"path": f"/v1/accounts/{ACCOUNT}/destinations/{destination}/*"})
    during = street.stretch(2 * seconds)
    street.house.admin("DELETE", f"integrations/{installed}")
    street.faults()
    time.sleep(SETTLE)
    installed, _ = street.neighbour()
    street.stretch(seconds, rate=math.inf)
    after = street.stretch(seconds)
    street.house.admin("DELETE", f"integrations/{installed}")
    return before + after, during


def keep(figures: Figures, name: str, without: list[float], during: list[float]) -> None:
    """Both shares with and without, and how far they moved."""
    for share in SHARES:
        base, moved = (percentile(waits, share / 100) for waits in (without, during))
        figures.keep(
            f"isolation, beside one that {name}: p{share} before and after", round(base * 1000), "ms"
        )
        figures.keep(f"isolation, beside one that {name}: p{share} meanwhile", round(moved * 1000), "ms")
        figures.keep(
            f"isolation, beside one that {name}: p{share} moved",
            round(100 * (moved / base - 1), 1), "%", TARGET, "lower",
        )  # fmt: skip


def main() -> None:
    """Measure, print, keep."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=20, help="without a fault; twice as long with it")
    arguments.add_argument("--only", choices=list(FAULTS), help="this fault alone")
    options = arguments.parse_args()
    house, figures = House(Stack.read()), Figures()
    house.open()
    street = Street(house, Destination(house.stack, house.destination))
    try:
        house.install("actioniq")
        for name, fault in FAULTS.items():
            if options.only in (None, name):
                keep(figures, name, *beside(street, fault, options.seconds))
    finally:
        street.faults()
        house.close()
    figures.save()


if __name__ == "__main__":
    main()
