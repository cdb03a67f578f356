"""Half an hour at half of what the running stack can carry: `make soak`, or `python -m benchmarks.soak`.

First the ceiling: as many events as the senders get accepted in half a minute, and how many a second are at both
vendors when the last one has come. Then half of that for 30 minutes (`--minutes`, or `--seconds` to try it).
Every ten seconds it looks at the memory of the function processes (the emulator and the stand-ins, which keep
everything in memory by design, stand apart), at the age of the oldest event under way and at the queues; at the
end it compares by id. The run's second fifth, warm by then, is held against its last one.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event, Thread

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks._figures import Figures
from benchmarks._load import Pace, percentile, stream, tag
from benchmarks._processes import memory
from benchmarks._round import Round, Watched
from local.demo.aws import Account
from local.demo.stack import Stack
from local.settings import LocalSettings
from tests.stack.house import House

SIZE = 50
CEILING_SECONDS = 30
SENDERS = 8
EVERY = 10.0
QUEUES = ("EventQueueUrl", "ActionIqQueueUrl", "BrazeQueueUrl")
ON_THE_WAY = ("CollectFunction", "IngestFunction", "ActionIqDeliveryFunction", "BrazeDeliveryFunction")
MOST_GROWTH = 5.0
"""Percent that a function's memory may differ between the two fifths."""
OLDER_BY = 1.0
"""Seconds by which the oldest event under way may be older in the last fifth."""
FAILED = ": Lambda "
"""In the emulator's log beside `failed`: an invocation that ended in an error."""


@dataclass
class Samples:
    """What was seen every ten seconds: the time, MB by process, messages in the queues."""

    settings: LocalSettings
    account: Account
    every: float = EVERY
    seen: list[tuple[float, dict[str, float], int]] = field(default_factory=list)

    def look(self) -> None:
        """Once."""
        depth = sum(self.account.depths(QUEUES).values())
        self.seen.append((time.time(), memory(self.settings), depth))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """As long as it lasts, with a line a minute."""
        done = Event()

        def run() -> None:
            while not done.wait(self.every):
                self.look()
                if len(self.seen) % 6 == 0:
                    self.tell()

        thread = Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def tell(self) -> None:
        """The latest."""
        _, found, depth = self.seen[-1]
        parts = ", ".join(f"{name.removesuffix('Function')} {found.get(name, 0):.0f}" for name in ON_THE_WAY)
        print(
            f"  {len(self.seen) * self.every / 60:4.0f} min: {depth} messages in queues; MB: {parts}, "
            f"emulator {found.get('emulator', 0):.0f}",
            flush=True,
        )


def ceiling(figures: Figures, run: Round) -> float:
    """Events a second from the first request to the last arrival at both vendors, with all senders busy."""
    run.offer(Pace(stream(tag(run.house), SIZE, (math.inf, SIZE * 40))), senders=SENDERS)
    run.until_drained()
    pace = Pace(stream(tag(run.house), SIZE, (math.inf, 10**9)), ends=time.time() + CEILING_SECONDS)
    taken = run.offer(pace, senders=SENDERS)
    events = sum(len(told.ids) for told in taken)
    speed = events / (run.until_drained() - pace.started)
    figures.keep("soak: ceiling, both vendors", round(speed), "events/s")
    return speed


def soak(figures: Figures, run: Round, rate: float, seconds: int) -> list[str]:
    """What is wrong; nothing when it is well."""
    log = run_log(LocalSettings.load())
    before = log.stat().st_size
    samples = Samples(LocalSettings.load(), Account(run.house.stack), min(EVERY, seconds / 30))
    pace = Pace(stream(tag(run.house), SIZE, (rate, round(rate * seconds))))
    with Watched(run, 1.0) as watched, samples.watching():
        taken = run.offer(pace)
    run.until_drained()
    ages = watched.ages(taken)
    faults = [
        *grown(figures, samples, pace.started, seconds),
        *aged(figures, ages, pace.started, seconds),
    ]
    errors = {
        "requests refused": sum(told.refused for told in taken),
        "invocations failed": failed(log, before),
        "dead letters": run.letters(),
        **dict(zip(("events lost", "events doubled"), run.lost_and_doubled(), strict=True)),
    }
    for name, number in errors.items():
        figures.keep(f"soak: {name}", number, "", 0, "lower")
    return [*faults, *(f"{number} {name}" for name, number in errors.items() if number)]


def fifths[T](seen: Sequence[tuple[float, T]], started: float, seconds: int) -> tuple[list[T], list[T]]:
    """What was seen in the second and in the last fifth."""
    part = seconds / 5
    return (
        [one for at, one in seen if part <= at - started < 2 * part],
        [one for at, one in seen if 4 * part <= at - started <= seconds],
    )


def grown(figures: Figures, samples: Samples, started: float, seconds: int) -> Iterator[str]:
    """Memory by process: the functions' is judged, the others' is told."""
    early, late = fifths([(at, found) for at, found, _ in samples.seen], started, seconds)
    for name in (*ON_THE_WAY, "front", "emulator", "actioniq", "braze"):
        first, last = (median(found.get(name, 0.0) for found in part) for part in (early, late))
        growth = 100 * (last / first - 1) if first else 0.0
        judged = name in ON_THE_WAY
        figures.keep(f"soak: memory of {name}", round(last), "MB", None, "lower")
        target = MOST_GROWTH if judged else None
        figures.keep(f"soak: memory of {name}, growth", round(growth, 1), "%", target, "lower")
        if judged and growth > MOST_GROWTH:
            yield f"memory of {name} grew by {growth:.1f} %"
    depths = fifths([(at, depth) for at, _, depth in samples.seen], started, seconds)
    for part, found in zip(("second fifth", "last fifth"), depths, strict=True):
        figures.keep(
            f"soak: messages in the queues, {part}", round(median(found), 1), "messages", None, "lower"
        )


def aged(figures: Figures, ages: list[tuple[float, float]], started: float, seconds: int) -> Iterator[str]:
    """The age of the oldest event under way, second by second."""
    early, late = fifths(ages, started, seconds)
    for part, found in (("second fifth", early), ("last fifth", late)):
        for share in (50, 95):
            age = round(percentile(found, share / 100), 2)
            figures.keep(f"soak: oldest event under way, {part}: p{share}", age, "s", None, "lower")
    older = percentile(late, 0.95) - percentile(early, 0.95)
    figures.keep("soak: oldest event under way, growth of p95", round(older, 2), "s", OLDER_BY, "lower")
    if older > OLDER_BY:
        yield f"the oldest event under way grew older by {older:.1f} s"


def run_log(settings: LocalSettings) -> Path:
    """Where the emulator writes."""
    return settings.logs / "emulator.log"


def failed(log: Path, since: int) -> int:
    """Invocations that the emulator says have failed or run into their timeout."""
    with log.open(errors="replace") as lines:
        lines.seek(since)
        return sum((FAILED in one and " failed " in one) or "timed out after" in one for one in lines)


def main() -> int:
    """The exit code: 1 unless memory and age stay flat, nothing fails and nothing is lost."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=30)
    arguments.add_argument("--seconds", type=int, help="instead of minutes, to try it")
    arguments.add_argument("--rate", type=float, help="events a second, instead of half the ceiling")
    options = arguments.parse_args()
    figures = Figures()
    with Round(House(Stack.read())) as run:
        rate = options.rate or ceiling(figures, run) / 2
        seconds = options.seconds or round(options.minutes * 60)
        print(f"  {rate:.0f} events/s for {seconds} s", flush=True)
        faults = soak(figures, run, rate, seconds)
    figures.save()
    print("soak: " + ("; ".join(faults) or "memory and age flat, no error, nothing lost"))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
