"""What needs a person: counted at every look, and told of once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from mapping.run import Run

LOOKS_BACK = timedelta(days=14)
"""As long as a run's message may wait with it. One that nobody decided on by then still can be approved."""


class Conditions(Protocol):
    """How each installation is, as the health report shows it."""

    def all(self) -> Sequence[Mapping[str, Any]]: ...


class Runs(Protocol):
    """Where runs are kept."""

    def waiting(self, since: datetime) -> Sequence[Run]:
        """Those made since then that a person can let go on."""
        ...


class Notices(Protocol):
    """What was told already."""

    def is_new(self, about: str) -> bool: ...
    def told(self, about: str) -> None: ...


class Topic(Protocol):
    """Whoever wants to be told."""

    def publish(self, subject: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """One look; installations that are switched off do not count."""

    blocked: int
    degraded: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Notice:
    """`about` is the same for the same event, so that it is told once; twice only when a look is cut short."""

    about: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Lookout:
    """`api_url` is where a person can act."""

    conditions: Conditions
    runs: Runs
    notices: Notices
    topic: Topic
    clock: Callable[[], datetime]
    api_url: str

    def look(self) -> Seen:
        """Count, and tell of what is new."""
        told = [one for one in self.conditions.all() if one["enabled"]]
        blocked = [one for one in told if one["status"] == "blocked"]
        found = self.runs.waiting(self.clock() - LOOKS_BACK)
        waiting = [run for run in found if run.status == "waiting_approval"]
        # Of what another run took the place of, nothing is missing; what came too late is left out in silence.
        late = [run for run in found if run.status == "stale" and not run.waits_on]
        names = {one["id"]: one["name"] for one in told}
        self._tell(
            [*map(self._of_installation, blocked), *(self._of_run(run, names) for run in (*waiting, *late))]
        )
        degraded = sum(1 for one in told if one["status"] == "degraded")
        return Seen(len(blocked), degraded, len(waiting))

    def _tell(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            if self.notices.is_new(notice.about):
                self.topic.publish(notice.subject, notice.text)
                self.notices.told(notice.about)

    def _of_installation(self, one: Mapping[str, Any]) -> Notice:
        text = (
            f"{one['name']} ({one['id']}) delivers nothing since {one['since']}.\n\n{one['message']}\n\n"
            f"What was given up can be replayed afterwards: POST {self.api_url}/v1/admin/replays\n"
            "Runbook: docs/runbooks/installation-blocked.md"
        )
        return Notice(f"INSTALLATION#{one['id']}#{one['since']}", f"{one['name']} is blocked", text)

    def _of_run(self, run: Run, names: Mapping[str, str]) -> Notice:
        what = (
            f"audience {run.audience_id}, split {run.split_id}" if run.audience_id else f"{run.kind} export"
        )
        waits = [f"- {wait.code}: {wait.detail}" for wait in run.plan.waits_for] if run.plan else []
        where = f"{self.api_url}/v1/admin/audience-runs/{run.id}"
        text = "\n".join(
            [
                f"Run {run.id} ({what}, {names.get(run.integration_id, run.integration_id)}) waits for a person:",
                *waits,
                "",
                f"Look: GET {where}",
                f"Let it go: POST {where}/approve",
                f"End it: POST {where}/cancel",
                "Runbook: docs/runbooks/run-waiting.md",
            ]
        )
        return Notice(f"RUN#{run.id}#{run.attempt}", f"A run of {what} waits for approval", text)
