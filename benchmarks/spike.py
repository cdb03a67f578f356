"""Ten times the load for a minute on the running stack: what is lost, and how long until it is drained.

`python -m benchmarks.spike` sends a steady stream through both vendors, ten times as much for one minute, and
the steady stream again, then waits until both stand-ins hold all and compares by id. It is drained once the
oldest event under way is young again, counted from the spike's end.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks._figures import Figures
from benchmarks._load import Pace, stream, tag
from benchmarks._round import Round, Watched
from local.demo.stack import Stack
from tests.stack.house import House

STEADY, SIZE, TIMES = 30, 30, 10
"""Events a second, events in a request, and how many times as many in the spike."""
CALM = 3.0
"""Seconds: as old as the oldest event under way may be when the spike is over."""
DRAIN_TARGET_S = 300


def measure(figures: Figures, run: Round, steady: int, seconds: int) -> bool:
    """True when every event is at both vendors once."""
    run.offer(Pace(stream(tag(run.house), SIZE, (steady, steady * 5))))
    run.until_drained()
    spike = steady * TIMES
    calm, wild = (steady, steady * seconds // 2), (spike, spike * seconds)
    pace = Pace(stream(tag(run.house), SIZE, calm, wild, calm))
    with Watched(run, 0.5) as watched:
        taken = run.offer(pace)
        last = run.until_drained()
    begins, ends = pace.started + seconds // 2, pace.started + seconds // 2 + seconds
    ages = watched.ages(taken)
    drained = next((now for now, age in ages if now >= ends and age <= CALM), last)
    oldest = max((age for now, age in ages if now >= begins), default=0.0)
    during = [told for told in taken if begins <= told.due < ends]
    accepted = max(told.accepted for told in during) - begins
    name = f"spike of {spike:,} events/s after {steady}"
    figures.keep(f"{name}: accepted", round(sum(len(one.ids) for one in during) / accepted), "events/s")
    figures.keep(f"{name}: requests refused", sum(told.refused for told in taken), "requests", 0, "lower")
    figures.keep(f"{name}: oldest event under way", round(oldest, 1), "s", None, "lower")
    figures.keep(f"{name}: drained after its end", round(drained - ends, 1), "s", DRAIN_TARGET_S, "lower")
    lost, doubled = run.lost_and_doubled()
    figures.keep(f"{name}: lost at either vendor", lost, "events", 0, "lower")
    figures.keep(f"{name}: doubled at either vendor", doubled, "events", 0, "lower")
    return not lost and not doubled


def main() -> int:
    """The exit code: 1 when anything is lost or doubled."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steady", type=int, default=STEADY, help="events a second before and after")
    arguments.add_argument("--seconds", type=int, default=60, help="for which ten times as many come")
    options = arguments.parse_args()
    figures = Figures()
    with Round(House(Stack.read())) as run:
        whole = measure(figures, run, options.steady, options.seconds)
    figures.save()
    return int(not whole)


if __name__ == "__main__":
    sys.exit(main())
