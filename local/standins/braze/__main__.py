"""`python -m local.standins.braze --port 8086 [--count-only]`."""

import argparse
import sys

from local.standins.braze.modes import Modes
from local.standins.braze.site import Braze
from local.standins.run import run


def main() -> int:
    """Serve until stopped; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.standins.braze", description="A stand-in for Braze."
    )
    parser.add_argument("--port", type=int, default=8086, help="0 takes a free one (default: 8086)")
    parser.add_argument("--count-only", action="store_true", help="count objects, keep nothing (benchmarks)")
    options = parser.parse_args()
    return run("braze", Braze(Modes(counting=options.count_only)), options.port)


if __name__ == "__main__":
    sys.exit(main())
