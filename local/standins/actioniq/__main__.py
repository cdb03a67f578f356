"""`python -m local.standins.actioniq --port 8085 [--count-only]`."""

import argparse
import sys

from local.standins.actioniq.modes import Modes
from local.standins.actioniq.site import ActionIq
from local.standins.run import run


def main() -> int:
    """Serve until stopped; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.standins.actioniq", description="A stand-in for ActionIQ's ingestion API."
    )
    parser.add_argument("--port", type=int, default=8085, help="0 takes a free one (default: 8085)")
    parser.add_argument("--count-only", action="store_true", help="count records, keep nothing (benchmarks)")
    options = parser.parse_args()
    return run("actioniq", ActionIq(Modes(counting=options.count_only)), options.port)


if __name__ == "__main__":
    sys.exit(main())
