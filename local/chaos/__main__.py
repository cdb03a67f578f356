"""`python -m local.chaos`: exits 0 when every line of the ledger is right, 1 when anything is off."""

import argparse
import secrets
import signal
import sys

from rich.console import Console

from local.chaos import report
from local.chaos.asking import Refused
from local.chaos.outcome import Plan
from local.chaos.scenario import Scenario
from local.chaos.workers import Workers
from local.demo.stack import DEFAULT_PATH, Stack
from local.settings import LocalSettings
from local.up import processes

DRAIN = 160.0
"""Seconds in which everything has to come to its end; what is calm earlier is proved earlier."""
BESIDES = 25.0
"""Seconds for setting up, clearing away and reading the logs."""
WIDTH = 120
_ENDED = 143
SHORTEST = DRAIN + BESIDES + 30.0


def main() -> int:
    """The exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_ENDED))  # so that what was hurried is set back
    console, settings = Console(width=max(Console().width, WIDTH)), LocalSettings.load()
    running = processes(settings)
    pid = running.pid("emulator")
    if pid is None or not DEFAULT_PATH.exists():
        console.print("no stack is up: make up", style="red")
        return 1
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    console.print(f"chaos for {options.seconds:.0f} s at the most, seed {seed}", highlight=False)
    plan = Plan(seed, options.seconds - DRAIN - BESIDES, DRAIN, options.rate, secrets.token_hex(4))
    workers = Workers(pid, settings.state / "emulator")
    scenario = Scenario(
        plan, Stack.read(), workers, running.pid, lambda line: console.print(line, highlight=False)
    )
    try:
        outcome = scenario.play()
    except Refused as error:
        console.print(str(error), style="red", markup=False)
        return 1
    if options.tell:
        report.told(outcome, console)
    report.show(outcome, console)
    return 1 if outcome.faults() else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="at the most, in all (default 600)")
    parser.add_argument("--rate", type=float, default=60.0, help="events a second (default 60)")
    parser.add_argument("--seed", type=int, help="of the dice; any by default, and printed")
    parser.add_argument("--tell", action="store_true", help="list everything that was done, in order")
    options = parser.parse_args()
    if options.seconds < SHORTEST:
        parser.error(f"--seconds: {SHORTEST:.0f} at least")
    return options


if __name__ == "__main__":
    sys.exit(main())
