"""Whose an audience is: one run at a time, the next once Braze has settled what the one before sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bridge.flows.runs.describing import Order
from bridge.flows.runs.healing import Healing
from bridge.flows.runs.runs import Later, Runs, Watch
from mapping.run import Run

SHORTLY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a waiting run's message hides at first and at most, and how the worker's lease is kept (seconds)."""

    settle: int
    approval: int = 300
    audience: int = 15
    longest: int = 1_800
    lease: int = 60
    beat: float = 2.0

    def patience(self, waited: timedelta, least: int) -> int:
        """Seconds until the next look: each is a receive, of which a message has a thousand."""
        return max(least, min(self.longest, round(waited / timedelta(seconds=10))))


def waited(since: str, now: datetime) -> timedelta:
    """How long it is since then; since never, not at all."""
    return now - datetime.fromisoformat(since) if since else timedelta()


class Line(Protocol):
    """Those who wait for an audience, by the age of their exports."""

    def stand(self, audience: str, run_id: str, exported_at: str, until: datetime) -> None:
        """Stay in line until then."""

    def before(self, audience: str, exported_at: str) -> Sequence[str]:
        """The runs of older exports that will look again, oldest first."""


@dataclass(frozen=True, slots=True)
class Taking:
    """The lease of an audience is never released: it is free when its run has ended and has settled."""

    runs: Runs
    line: Line
    healing: Healing
    clock: Callable[[], datetime]
    pace: Pace

    def take(self, run: Run, order: Order, owner: str, watch: Watch) -> Later | None:
        """None when the run has its audience, else for how long to wait and for whom."""
        wait = self._wait(run, order, owner, watch)
        if wait and run.origin == "export":
            until = self.clock() + timedelta(seconds=wait.seconds + self.pace.lease)
            self.line.stand(run.audience, run.id, order.exported_at, until)
        return wait

    def _wait(self, run: Run, order: Order, owner: str, watch: Watch) -> Later | None:
        holder_id = self.runs.holder(run.audience)
        if holder_id == run.id:
            return None
        if holder_id and holder_id.startswith("era_") and self.runs.erasing(holder_id):
            return Later(self.pace.audience, holder_id)
        holder = self.runs.get(holder_id) if holder_id else None
        if holder and not holder.ended:
            newer = order.manifest.mode == "full" and order.exported_at > (holder.exported_at or "")
            waiting = holder.status == "waiting_approval"
            if not (waiting and newer and self.runs.supersede(holder.id, run.id)):
                return Later(self._patience(run), holder.id)
        elif holder and (rest := self._unsettled(holder)) > 0:
            return Later(rest, holder.id)
        elif older := self._older(run, order):
            return Later(self._patience(run), older)
        elif holder:
            self.healing.heal(holder, run.id, owner, self.pace.lease, watch)
        taken = self.runs.take_audience(run.audience, run.id, holder_id)
        return None if taken else Later(SHORTLY, holder_id or "the audience")

    def _patience(self, run: Run) -> int:
        return self.pace.patience(waited(run.waiting_since, self.clock()), self.pace.audience)

    def _older(self, run: Run, order: Order) -> str | None:
        # Committed before it, a delta would make an older export stale; a full one makes it needless.
        if run.origin != "export" or order.manifest.mode != "delta":
            return None
        for run_id in self.line.before(run.audience, order.exported_at):
            other = self.runs.get(run_id)
            if other and other.status == "waiting_lease":
                return run_id
        return None

    def overtake(self, run: Run, order: Order) -> None:
        """Called once, when a run begins to wait: a full export makes the older ones in line needless.

        An older one that comes later is stale by what this one commits.
        """
        if run.origin != "export" or order.manifest.mode != "full":
            return
        for other in self.runs.in_line(run.audience):
            if other.id != run.id and order.exported_at > (other.exported_at or order.exported_at):
                self.runs.supersede(other.id, run.id, "waiting_lease")

    def _unsettled(self, holder: Run) -> int:
        # Braze keeps no order between requests, so the next run waits until the last answer has settled.
        if not holder.ended_at or not holder.queued or holder.kind == "reconcile":
            return 0
        ended = datetime.fromisoformat(holder.ended_at)
        rest = ended + timedelta(seconds=self.pace.settle) - self.clock()
        return -(-rest // timedelta(seconds=1))
