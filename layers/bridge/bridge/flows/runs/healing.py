"""A run that was abandoned after it had sent something is committed by the next one: Braze's state is known again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.errors import Rejected, Retryable
from bridge.flows.runs.commit import Committing
from bridge.flows.runs.ledger import Ledger
from bridge.flows.runs.runs import Parts, Runs, Watch
from mapping.export import RunPlan
from mapping.run import PartResult, Run

SHORTLY = 15
TRIES = 3
"""A commit that kills its worker must not keep the audience for ever."""


class Ledgers(Protocol):
    """The checkpoints of a run's parts."""

    def ledgers(self, run_id: str) -> Mapping[int, str]:
        """By part; a part nobody has begun has none."""


@dataclass(frozen=True, slots=True)
class Healing:
    """Called while nobody works on the abandoned run, before the next run of its audience takes over."""

    runs: Runs
    parts: Parts
    ledgers: Ledgers
    committing: Committing

    def heal(self, abandoned: Run, by: str, owner: str, seconds: int, watch: Watch) -> None:
        """Make what Braze accepted of a run without a snapshot the audience's state; done already is done.

        Raises Retryable while another worker does it.
        """
        if not _owes(abandoned):
            return
        held = self.runs.hold(abandoned.id, owner, seconds)
        if held is None:
            raise Retryable("healing", "another worker commits what was abandoned", after=SHORTLY)
        try:
            if _owes(held):
                self._commit(held, by, owner, watch)
        finally:
            self.runs.let_go(abandoned.id, owner)

    def _commit(self, run: Run, by: str, owner: str, watch: Watch) -> None:
        try:
            plan = self.committing.plan_of(run)
            results = self._results(run, plan)
            if not any(result.accepted for result in results):
                return
            run = self._note(run, owner, {"healing": _tries(run) + 1}) or run
            snapshot = self.committing.committed(run, plan, results, watch)
        except Rejected as error:
            self._note(run, owner, {"healing": TRIES, "not_healed": error.reason})
            return
        told = {"committed_by": by, "snapshot_version": snapshot.version, "members": snapshot.members}
        self._note(run, owner, told)

    def _note(self, run: Run, owner: str, more: Mapping[str, object]) -> Run | None:
        return self.runs.move(run, owner, expect={run.status}, result={**run.result, **more})

    def _results(self, run: Run, plan: RunPlan) -> Sequence[PartResult]:
        found = {result.part: result for result in self.parts.results_there(run.id)}
        ledgers = self.ledgers.ledgers(run.id)
        for ref in plan.parts:
            if ref.number not in found:
                ledger = Ledger.read(ledgers.get(ref.number, ""), ref.rows)
                found[ref.number] = ledger.result(ref.number, "gave_up", run.ended_at or "")
        return [found[ref.number] for ref in plan.parts]


def _owes(run: Run) -> bool:
    """Whether it ended with a plan that may have been sent, and without the commit that follows."""
    ended_early = run.status in ("blocked", "cancelled")
    committed = run.result.get("snapshot_version") is not None
    sent = run.kind == "audience" and run.plan_ref is not None
    return sent and ended_early and not committed and _tries(run) < TRIES


def _tries(run: Run) -> int:
    tries = run.result.get("healing", 0)
    return tries if isinstance(tries, int) else 0
