"""A circuit per installation and worker: while a vendor is down, attempts are not spent on finding that out again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

FAILURES_TO_OPEN = 5
FIRST_PAUSE = 15.0
LONGEST_PAUSE = 600.0


@dataclass(slots=True)
class _State:
    failures: int = 0
    failed_probes: int = 0
    probing_until: datetime | None = None


@dataclass(slots=True)
class Circuit:
    """Five failures in a row open it; once the pause is over one request probes, each that fails doubles the pause."""

    _states: dict[str, _State] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def enter(self, installation_id: str, now: datetime, longest: timedelta) -> bool:
        """Whether a request may go out; an open circuit lets one through, for at most `longest`."""
        with self._lock:
            state = self._states.get(installation_id)
            if state is None or state.failures < FAILURES_TO_OPEN:
                return True
            if state.probing_until is not None and state.probing_until > now:
                return False
            state.probing_until = now + longest
            return True

    def answered(self, installation_id: str) -> None:
        """The vendor answered, whatever it said: the circuit closes."""
        with self._lock:
            self._states.pop(installation_id, None)

    def failed(self, installation_id: str) -> float | None:
        """The vendor was not there; seconds to pause when this opens the circuit or keeps it open."""
        with self._lock:
            state = self._states.setdefault(installation_id, _State())
            state.failures += 1
            if state.failures <= FAILURES_TO_OPEN:
                return FIRST_PAUSE if state.failures == FAILURES_TO_OPEN else None
            if state.probing_until is None:
                return None  # it was out before the circuit opened: one outage, told by many requests at once
            state.probing_until = None
            state.failed_probes += 1
            return min(FIRST_PAUSE * 2.0**state.failed_probes, LONGEST_PAUSE)

    def left(self, installation_id: str) -> None:
        """A request that entered did not go out after all."""
        with self._lock:
            state = self._states.get(installation_id)
            if state is not None:
                state.probing_until = None
