"""Who is told how parts end: metrics, and the health of the installation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from mapping.outcome import Outcome
from mapping.run import Halt, Run

KIND = "audience"
"""The kind of delivery that health rows of runs are about, beside `events` and `campaign`."""


class Witness(Protocol):
    """Told once of each part."""

    def ended(self, run: Run, outcomes: Mapping[Outcome, int]) -> None:
        """Every line of the part has an outcome; `retry` goes with the next run."""
        ...

    def blocked(self, run: Run, halt: Halt) -> None:
        """The vendor refused the installation as a whole."""
        ...


class Nobody:
    """Tells no one."""

    def ended(self, run: Run, outcomes: Mapping[Outcome, int]) -> None:
        """Nothing."""

    def blocked(self, run: Run, halt: Halt) -> None:
        """Nothing."""


class Health(Protocol):
    """Whether an installation works."""

    def failed(
        self,
        installation_id: str,
        kind: str,
        reason: str,
        hint: str,
        *,
        now: datetime,
        verdict: Literal["refused", "blocked", "degraded"] = "blocked",
    ) -> None: ...

    def succeeded(self, installation_id: str, kind: str, *, now: datetime) -> None: ...


class Publish(Protocol):
    """Takes the metrics of one installation."""

    def __call__(
        self, lane: str, integration_id: str, totals: Mapping[str, int], measures: Mapping[str, list[int]]
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """Both of them; a part's lags are the run's: since its export was made, and since it arrived."""

    health: Health
    publish: Publish
    clock: Callable[[], datetime]

    def ended(self, run: Run, outcomes: Mapping[Outcome, int]) -> None:
        """Count the part."""
        now = self.clock()
        totals = {str(outcome): number for outcome, number in outcomes.items() if number}
        times = {"EventLag": run.exported_at, "AcceptedLag": run.created_at} if outcomes else {}
        lags = {name: [_since(time, now)] for name, time in times.items() if time}
        self.publish("audience", run.integration_id, totals, lags)
        if outcomes.get(Outcome.DELIVERED):
            self.health.succeeded(run.integration_id, KIND, now=now)

    def blocked(self, run: Run, halt: Halt) -> None:
        """One strike."""
        who, now = run.integration_id, self.clock()
        self.health.failed(who, KIND, halt.reason, halt.detail, now=now, verdict="refused")


def _since(time: str, now: datetime) -> int:
    return max(0, round((now - datetime.fromisoformat(time)).total_seconds() * 1000))
