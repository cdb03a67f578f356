"""One part of a run on its way to Braze: leased, checkpointed, counted exactly once."""

import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Literal

from bridge.errors import Blocked, Retryable
from bridge.flows.runs.admission import Claims, admission
from bridge.flows.runs.arrivals import readable
from bridge.flows.runs.ledger import Ledger
from bridge.flows.runs.part_stores import Pacers, PartRow, PartRows, Pauses, RunsToStop, Senders
from bridge.flows.runs.pump import Pump, Stop
from bridge.flows.runs.runs import Beat, Finished, Later, Outbox, Parts, Verdict, stamp
from mapping.export import PartRef, RunPlan
from mapping.run import Halt, Run

LEASE_SECONDS = 60
MAX_TRIES = 5
MAX_HIDE = 900
SPARE_SECONDS = 20.0
FRAME = {"audience": 75, "events": 75, "campaign": 50}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSync:
    """`remaining` says how many seconds this invocation has left."""

    runs: RunsToStop
    rows: PartRows
    parts: Parts
    commits: Outbox
    senders: Senders
    claims: Claims
    pauses: Pauses
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    executor: Executor
    pacers: Pacers
    pulse_seconds: float = 1.0
    plans: dict[str, RunPlan] = field(default_factory=dict)

    def worker(self, remaining: Callable[[], float]) -> Callable[..., Verdict]:
        """The work of one invocation."""
        return partial(self.handle, remaining=remaining)

    def handle(self, body: str, *, owner: str, beat: Beat, remaining: Callable[[], float]) -> Verdict:
        """Work on the part a message names, as far as this invocation gets."""
        message = readable(body)
        run_id, part = message.get("run_id"), message.get("part")
        if not isinstance(run_id, str) or not isinstance(part, int):
            raise ValueError("the message names no part of a run")  # noqa: TRY004 - for the caller it is a bad value
        run = self.runs.get(run_id)
        if run is None or run.ended or run.status == "committing":
            return Finished()
        if run.status != "syncing":
            return Later(5, "the run is not syncing yet")
        if not 1 <= part <= run.parts:
            raise ValueError("the run has no such part")
        leased = self.rows.lease(run_id, part, owner, LEASE_SECONDS)
        if leased.done:
            return self.last(run_id)
        if not leased.mine:
            return Later(LEASE_SECONDS // 4, "another worker holds the part")
        work = _Work(self, run, self._plan(run), part, leased, owner, beat, remaining)
        return work.give_up() if message.get("step") == "give_up" else work.go_on()

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
        if run and run.status == "syncing" and run.parts_done >= run.parts:
            self.commits.send([json.dumps({"run_id": run.id, "step": "commit"})], group=run.integration_id)
        return Finished()


@dataclass(slots=True)
class _Work:
    """One worker's hold on one part."""

    flow: PartSync
    run: Run
    plan: RunPlan
    part: int
    leased: PartRow
    owner: str
    beat: Beat
    remaining: Callable[[], float]
    ledger: Ledger = field(init=False)
    ref: PartRef = field(init=False)
    halt: Halt | None = field(init=False)

    def __post_init__(self) -> None:
        self.ref = self.plan.parts[self.part - 1]
        self.ledger = Ledger.read(self.leased.ledger, self.ref.rows)
        self.ledger.started_at = self.ledger.started_at or self._now()
        self.halt = self.run.halt

    def go_on(self) -> Verdict:
        """Send what is left; the part ends when every line has an outcome, or the run was stopped."""
        if self.halt:
            return self._finish("halted")
        if self.leased.tries > MAX_TRIES:
            return self.give_up()
        before = len(self.ledger.remaining())
        self._recover()
        try:
            stop = self._pump().run()
        except Blocked as error:
            stop = Stop(halt=Halt(status="blocked", reason=error.reason, detail=error.detail))
        except Retryable as error:
            stop = Stop(after=error.after or 5.0)
        if stop is None:
            return self._finish("sent")
        if stop.halt:
            self.flow.runs.stop(self.run.id, stop.halt)
            return self._finish("halted")
        return self._leave(stop, progressed=len(self.ledger.remaining()) < before)

    def give_up(self) -> Verdict:
        """Count the part as done with what its checkpoint holds; the rest goes with the next run."""
        return self._finish("gave_up")

    def _recover(self) -> None:
        # A worker died while these were under way: whether they arrived is not known.
        if self._holds_unknown():
            self.ledger.hold(set(self.ledger.sending))
        self.ledger.sending.clear()

    def _holds_unknown(self) -> bool:
        return self.plan.kind == "campaign" and self.plan.details.get("on_ambiguous", "hold") == "hold"

    def _pump(self) -> Pump:
        body = self.flow.parts.get_part(self.ref.key)
        if sha256(body).hexdigest() != self.ref.sha256:
            raise Blocked("part_corrupt", f"{self.ref.key} is not what was planned")
        return Pump(
            lines=body.split(b"\n")[: self.ref.rows],
            ledger=self.ledger,
            sender=self.flow.senders(self.plan),
            frame_lines=FRAME[self.plan.kind],
            gate=self.flow.pacers(self.plan.integration_id, self.plan.kind),
            executor=self.flow.executor,
            monotonic=self.flow.monotonic,
            pulse=self._pulse,
            admission=admission(self.plan, self.run.id, self.flow.claims, self.flow.clock),
            hold_unknown=self._holds_unknown(),
            pulse_seconds=self.flow.pulse_seconds,
        )

    def _pulse(self) -> Stop | None:
        self.beat()
        ledger = self.ledger.write()
        if not self.flow.rows.checkpoint(self.run.id, self.part, self.owner, ledger, LEASE_SECONDS):
            return Stop(after=LEASE_SECONDS / 4)
        run = self.flow.runs.get(self.run.id)
        if run is not None and run.halt:
            return Stop(halt=run.halt)
        if self.remaining() < SPARE_SECONDS:
            return Stop()
        until = self.flow.pauses.get(self.plan.integration_id).until
        wait = (until - self.flow.clock()).total_seconds() if until else 0.0
        return Stop(after=wait) if wait > 0 else None

    def _finish(self, ended: Literal["sent", "halted", "gave_up"]) -> Verdict:
        if ended != "sent" and not self._holds_unknown():
            self.ledger.sending.clear()
        self.flow.parts.put_result(self.run.id, self.ledger.result(self.part, ended, self._now()))
        if not self.flow.rows.finish(self.run.id, self.part, self.owner):
            return Later(LEASE_SECONDS // 4, "the part was taken over")
        return self.flow.last(self.run.id)

    def _leave(self, stop: Stop, *, progressed: bool) -> Verdict:
        tries = 0 if progressed else self.leased.tries - (0 if stop.costs_attempt else 1)
        self.flow.rows.leave(self.run.id, self.part, self.owner, self.ledger.write(), max(0, tries))
        return Later(min(MAX_HIDE, round(stop.after)), "the rest of the part waits")

    def _now(self) -> str:
        return stamp(self.flow.clock())
