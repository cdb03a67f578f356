"""Runs every file in events/ through `sam local invoke` and says which functions answered."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.emulator import Aws
from local.invoke import FUNCTIONS, Invocation, invoke, logical_id
from local.settings import ROOT, LocalSettings

AT_A_TIME = 2


def main() -> int:
    """Return the exit code: 0 when every function has an event and answered each of its own."""
    settings = LocalSettings.load()
    aws = Aws(settings)
    events = sorted((ROOT / "events").glob("*.json"))
    lacking = set(FUNCTIONS.values()) - {logical_id(event) for event in events}
    # The first one alone: it builds the image that the others share.
    done = [invoke(settings, aws, event) for event in events[:1]]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        done += pool.map(lambda event: invoke(settings, aws, event), events[1:])
    for event, invocation in zip(events, done, strict=True):
        _report(event, invocation)
    for name in sorted(lacking):
        print(f"FAILED  no event in events/ for {name}")
    failed = sum(invocation.failed for invocation in done) + len(lacking)
    print(f"invoke: {len(done) - sum(invocation.failed for invocation in done)} passed, {failed} failed")
    return int(failed > 0)


def _report(event: Path, invocation: Invocation) -> None:
    if not invocation.failed:
        print(f"ok      {event.name}: {json.dumps(invocation.answer)[:100]}")
        return
    print(f"FAILED  {event.name}: {json.dumps(invocation.answer)[:300]}")
    print("\n".join(f"        {line[:300]}" for line in invocation.log.splitlines()[-5:]))


if __name__ == "__main__":
    sys.exit(main())
