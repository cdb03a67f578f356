"""One part of a run on its way to Braze: leased, checkpointed, counted exactly once."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from bridge.errors import Blocked
from bridge.flows.runs.admission import Claims
from bridge.flows.runs.arrivals import UnreadableMessage, readable
from bridge.flows.runs.attempts import LONGEST_RETRY, Jitter
from bridge.flows.runs.part_stores import HeldLines, Pacers, PartRows, Pauses, Readers, RunsToStop, Senders
from bridge.flows.runs.part_work import FRAME, SPARE_SECONDS, PartWork
from bridge.flows.runs.runs import Beat, Finished, Later, Outbox, Parts, Verdict
from bridge.flows.runs.witness import Nobody, Witness
from mapping.export import RunPlan
from mapping.run import Run

LEASE_SECONDS = 60
GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSync:
    """`remaining` says how many seconds this invocation has left."""

    runs: RunsToStop
    rows: PartRows
    parts: Parts
    commits: Outbox
    senders: Senders
    readers: Readers
    claims: Claims
    held: HeldLines
    pauses: Pauses
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    executor: Executor
    pacers: Pacers
    jitter: Jitter
    witness: Witness = field(default_factory=Nobody)
    pulse_seconds: float = 1.0
    lease_seconds: int = LEASE_SECONDS
    longest_retry: float = LONGEST_RETRY
    plans: dict[str, RunPlan] = field(default_factory=dict)

    def worker(self, remaining: Callable[[], float]) -> Callable[..., Verdict]:
        """The work of one invocation."""
        return partial(self.handle, remaining=remaining)

    def handle(self, body: str, *, owner: str, beat: Beat, remaining: Callable[[], float]) -> Verdict:
        """Work on the part a message names, as far as this invocation gets."""
        message = readable(body)
        run_id, part = message.get("run_id"), message.get("part")
        if not isinstance(run_id, str) or not isinstance(part, int):
            raise UnreadableMessage("the message names no part of a run")
        run = self.runs.get(run_id)
        if run is None or run.ended or run.status == "committing":
            return Finished()
        if run.status != "syncing":
            return Later(5, "the run is not syncing yet")
        if not 1 <= part <= run.parts:
            raise UnreadableMessage("the run has no such part")
        if run.kind == "reconcile":
            return self._in_turn(run, message, owner, beat, remaining)
        return self._work(run, part, message, owner, beat, remaining)

    def _in_turn(
        self,
        run: Run,
        message: Mapping[str, Any],
        owner: str,
        beat: Beat,
        remaining: Callable[[], float],
    ) -> Verdict:
        # One reader for all parts: the limit on reading is small, and no worker sees what another one spends.
        done = run.parts_done
        while done < run.parts and not run.halt:
            if remaining() < SPARE_SECONDS:
                return Later(1, "the next part waits")
            verdict = self._work(run, done + 1, message, owner, beat, remaining)
            run, message = self.runs.get(run.id) or run, {}
            if isinstance(verdict, Later) or run.status != "syncing":
                return verdict
            if run.parts_done <= done:
                return Later(self.lease_seconds // 4, "another worker counts the part")
            done = run.parts_done
        return self.last(run.id)

    def _work(
        self,
        run: Run,
        part: int,
        message: Mapping[str, Any],
        owner: str,
        beat: Beat,
        remaining: Callable[[], float],
    ) -> Verdict:
        leased = self.rows.lease(run.id, part, owner, self.lease_seconds)
        if leased.done:
            return self.last(run.id)
        if not leased.mine:
            return Later(self.lease_seconds // 4, "another worker holds the part")
        work = PartWork(self, run, self._plan(run), part, leased, owner, beat, remaining)
        if message.get("step") == "give_up":
            return work.give_up(str(message.get("reason") or GIVEN_UP))
        return work.go_on()

    def _plan(self, run: Run) -> RunPlan:
        ref = run.plan_ref
        if ref is None:
            raise Blocked("no_plan", "the run is syncing without a plan")
        plan = self.plans.get(ref.key)
        if plan is None:
            plan = self.parts.get_plan(ref.key, ref.sha256)
            self.plans.clear()
            self.plans[ref.key] = plan
        return plan

    def last(self, run_id: str) -> Verdict:
        """Ask for the commit when every part is done: asked again on every redelivery, it happens once."""
        run = self.runs.get(run_id)
        stopped = run is not None and run.kind == "reconcile" and run.halt is not None
        if run and run.status == "syncing" and (stopped or run.parts_done >= run.parts):
            self.commits.send([json.dumps({"run_id": run.id, "step": "commit"})], group=run.integration_id)
        return Finished()


__all__ = ["FRAME", "PartSync"]
