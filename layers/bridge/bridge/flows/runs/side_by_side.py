"""Work that goes on beside what hands it over: so the network and the processor need not wait for each other."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, wait

AHEAD = 8
"""Pieces that may be under way at once: parts in memory, connections to the store."""


class InOrder[T]:
    """Results in the order of their calls; without an executor each call is done at once.

    An error is raised where a later call is handed over, or by `results`.
    """

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        self._under_way: deque[Future[T]] = deque()
        self._done: list[T] = []

    def call[A](self, work: Callable[[A], T], argument: A) -> None:
        """Begin it; waits when too much is under way."""
        if self._executor is None:
            self._done.append(work(argument))
            return
        if len(self._under_way) >= AHEAD:
            self._done.append(self._under_way.popleft().result())
        self._under_way.append(self._executor.submit(work, argument))

    def results(self) -> list[T]:
        """Everything, once it is done."""
        while self._under_way:
            self._done.append(self._under_way.popleft().result())
        return self._done

    def rest(self) -> None:
        """Wait until nothing is under way, whatever becomes of it."""
        wait(self._under_way)


def in_order[A, T](executor: Executor | None, work: Callable[[A], T], arguments: Iterable[A]) -> list[T]:
    """The result of each call, in their order; when one fails, nothing is under way any more."""
    calls = InOrder[T](executor)
    try:
        for argument in arguments:
            calls.call(work, argument)
        return calls.results()
    finally:
        calls.rest()
