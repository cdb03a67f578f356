"""A wish to stop, heard where Python works between two statements that DuckDB could interrupt by itself."""

from collections.abc import Callable
from threading import Event

import duckdb

type Going = Callable[[], None]
"""Called from time to time; raises duckdb.InterruptException once the work is to end."""


class Stopping:
    """Asked from the heartbeat's thread, heard in the worker's; what was asked to stop is not used again."""

    def __init__(self) -> None:
        self._asked = Event()

    def ask(self) -> None:
        """End at the next look."""
        self._asked.set()

    def going(self) -> None:
        """Raise once it was asked."""
        if self._asked.is_set():
            raise duckdb.InterruptException("stopped")
