"""The whole CDNOW log through the running stack: every order once at both vendors, and how fast.

`python -m benchmarks.full_log` installs both vendors afresh, sends 69,659 orders as batches of 500, waits
until both stand-ins hold all, checks by id that none is lost or doubled, and adds its figures to
`.local/bench.json`.
"""

import argparse
import json
import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.demo import clues, events, log, prepare
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.log import Order
from local.demo.stack import DEFAULT_PATH, Stack
from local.demo.standins import StandIns
from local.demo.watch import Missing, Patience, Watch
from local.demo.web import Refused

RESULTS = DEFAULT_PATH.parent / "bench.json"
TARGET_EVENTS_PER_SECOND = 200.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds until the last batch was accepted and until both vendors held all; and what went wrong."""

    orders: int
    accepted: float
    delivered: float
    lost: int
    doubled: int

    def rows(self) -> list[dict[str, Any]]:
        """As `make bench` prints and keeps them."""
        return [
            _row(
                "full log: events/s accepted",
                self.orders / self.accepted,
                "events/s",
                TARGET_EVENTS_PER_SECOND,
            ),
            _row(
                "full log: events/s end to end",
                self.orders / self.delivered,
                "events/s",
                TARGET_EVENTS_PER_SECOND,
            ),
            _row("full log: lost at either vendor", self.lost, "events", 0, better="lower"),
            _row("full log: doubled at either vendor", self.doubled, "events", 0, better="lower"),
        ]


def _row(name: str, value: float, unit: str, target: float, *, better: str = "higher") -> dict[str, Any]:
    return {"name": name, "value": round(value, 1), "unit": unit, "target": target, "better": better}


def lost_and_doubled(expected: Iterable[str], found: Iterable[str]) -> tuple[int, int]:
    """How many of the expected ids are missing, and how many arrivals are too many, strangers included."""
    wanted, have = Counter(expected), Counter(found)
    return (wanted - have).total(), (have - wanted).total()


def measure(stack: Stack, orders: list[Order]) -> Measured:
    """Everything, from an emptied stack to the last id compared."""
    api, account = Api(stack), Account(stack)
    standins = StandIns(stack, prepare.DESTINATION)
    watch = Watch(lambda: clues.gather(api, account), Patience(total=3600, stalled=120, poll=1))
    prepare.alone(stack, api, standins, account, watch)
    tag = uuid.uuid4().hex[:8]
    built = [events.order_completed(order, run=tag) for order in orders]
    started = time.monotonic()
    sum(api.send(built))
    accepted = time.monotonic() - started
    watch.until("records at ActionIQ", len(orders), standins.records)
    watch.until("events at Braze", len(orders), standins.events)
    delivered = time.monotonic() - started
    prepare.quiet(account, watch)
    return _checked(standins, built, accepted, delivered)


def _checked(standins: StandIns, built: list[events.Event], accepted: float, delivered: float) -> Measured:
    held = standins.held()
    records = lost_and_doubled((e["messageId"] for e in built), (str(r["record_id"]) for r in held.records))
    arrived = (str(event["properties"]["order_id"]) for event in held.events)
    at_braze = lost_and_doubled((e["properties"]["order_id"] for e in built), arrived)
    return Measured(len(built), accepted, delivered, records[0] + at_braze[0], records[1] + at_braze[1])


def keep(rows: list[dict[str, Any]], path: Path) -> None:
    """Append, or replace what an earlier measurement left under the same name."""
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    names = {row["name"] for row in rows}
    kept = [row for row in earlier if row["name"] not in names]
    path.write_text(json.dumps([*kept, *rows], indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """The exit code: 1 when anything is lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_log", description=__doc__)
    parser.add_argument("--log", type=Path, default=Path(os.environ.get("CDNOW_LOG", log.SHIPPED)))
    parser.add_argument("--stack", type=Path, default=DEFAULT_PATH)
    parser.add_argument("--orders", type=int, help="only the first so many")
    options = parser.parse_args()
    try:
        measured = measure(Stack.read(options.stack), log.read(options.log)[: options.orders])
    except (Missing, Refused, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    keep(measured.rows(), RESULTS)
    for row in measured.rows():
        sys.stdout.write(f"{row['name']:40} {row['value']:>12} {row['unit']} (target {row['target']})\n")
    return int(bool(measured.lost or measured.doubled))


if __name__ == "__main__":
    sys.exit(main())
