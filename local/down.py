"""`make down`: ends the processes that `make up` started, and no others."""

import shutil
import sys

from local.settings import LocalSettings
from local.up import processes


def main() -> int:
    """Return the exit code."""
    settings = LocalSettings.load()
    running = processes(settings)
    for name in running.names():
        if running.stop(name):
            print(f"down: {name} ended")
    settings.stack_file.unlink(missing_ok=True)
    shutil.rmtree(settings.state / "emulator", ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
