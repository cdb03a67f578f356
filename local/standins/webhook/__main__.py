"""`python -m local.standins.webhook --port 8087`."""

import argparse
import sys

from local.standins.run import run
from local.standins.webhook.site import Receiver


def main() -> int:
    """Serve until stopped; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.standins.webhook", description="A stand-in for a webhook's receiver."
    )
    parser.add_argument("--port", type=int, default=8087, help="0 takes a free one (default: 8087)")
    return run("webhook", Receiver(), parser.parse_args().port)


if __name__ == "__main__":
    sys.exit(main())
