"""MiniStack without the 50 ms that it waits for log lines after every invocation which wrote none.

Run by the interpreter of the emulator's own environment.
"""

from ministack import app
from ministack.core.lambda_runtime import Worker

FIRST_LINE, QUIET, LONGEST = 0.002, 0.002, 0.25
"""Seconds: until the first line, between lines, in all. A later line is told with the next invocation."""


def main() -> None:
    """Serve until ended."""
    Worker._drain_stderr_bounded.__defaults__ = (FIRST_LINE, QUIET, LONGEST)  # noqa: SLF001 - the version is pinned
    app.main()


if __name__ == "__main__":
    main()
