"""`python -m local.demo`: exits 0 when everything arrived exactly once, 1 when anything differs or lacks."""

import argparse
import os
import sys
import uuid
from pathlib import Path

from rich.console import Console

from local.demo import audience, clues, log, prepare, report
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.runs import Exporter
from local.demo.scenario import Scenario
from local.demo.stack import DEFAULT_PATH, Stack
from local.demo.standins import StandIns
from local.demo.watch import Missing, Watch
from local.demo.web import Refused


def main() -> int:
    """The exit code."""
    options = _options()
    console = Console()
    try:
        return _play(options, console)
    except FileNotFoundError as error:
        console.print(f"{error.filename} is not there: is the stack up? (make up)", style="red", markup=False)
    except (Missing, Refused) as error:
        console.print(str(error), style="red", markup=False)
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument(
        "--customers", type=int, default=1000, help="how many customers (default 1000 of 23,570)"
    )
    parser.add_argument("--log", type=Path, default=Path(os.environ.get("CDNOW_LOG", log.SHIPPED)))
    parser.add_argument("--stack", type=Path, default=DEFAULT_PATH)
    return parser.parse_args()


def _play(options: argparse.Namespace, console: Console) -> int:
    stack = Stack.read(options.stack)
    if not stack.write_key:
        raise Refused("the stack has no write key yet: run make up again")
    api, account = Api(stack), Account(stack)
    standins = StandIns(stack, prepare.DESTINATION)
    watch = Watch(lambda: clues.gather(api, account))
    orders = log.sample(log.read(options.log), options.customers, until=max(audience.EXPORTS))
    console.print(f"{len(orders)} orders of {options.customers} CDNOW customers, January to May 1997")
    console.print("clearing the stack, installing ActionIQ and Braze ...")
    scenario = Scenario(
        orders=orders,
        tag=uuid.uuid4().hex[:8],
        installed=prepare.alone(stack, api, standins, account, watch),
        api=api,
        exporter=Exporter(api, account, standins, watch, options.stack.parent / "reports"),
        say=lambda line: console.print(line, markup=False, highlight=False),
    )
    found = scenario.play()
    report.show(found, console)
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main())
