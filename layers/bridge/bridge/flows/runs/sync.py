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
from bridge.flows.runs.part_stores import (
    Pacers,
    PartReader,
    PartRow,
    PartRows,
    Pauses,
    Readers,
    RunsToStop,
    Senders,
)
from bridge.flows.runs.pump import Pump, Sender, Stop
from bridge.flows.runs.readback import ids_per_call
from bridge.flows.runs.runs import Beat, Finished, Later, Outbox, Parts, Verdict, stamp
from bridge.flows.runs.witness import Nobody, Witness
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
    readers: Readers
    claims: Claims
    pauses: Pauses
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    executor: Executor
    pacers: Pacers
    witness: Witness = field(default_factory=Nobody)
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
        step = str(message.get("step", ""))
        if run.kind == "reconcile":
            return self._in_turn(run, step, owner, beat, remaining)
        return self._work(run, part, step, owner, beat, remaining)

    def _in_turn(
        self, run: Run, step: str, owner: str, beat: Beat, remaining: Callable[[], float]
    ) -> Verdict:
        # One reader for all parts: the limit on reading is small, and no worker sees what another one spends.
        done = run.parts_done
        while done < run.parts and not run.halt:
            if remaining() < SPARE_SECONDS:
                return Later(1, "the next part waits")
            verdict = self._work(run, done + 1, step, owner, beat, remaining)
            run, step = self.runs.get(run.id) or run, ""
            if isinstance(verdict, Later) or run.status != "syncing":
                return verdict
            if run.parts_done <= done:
                return Later(LEASE_SECONDS // 4, "another worker counts the part")
            done = run.parts_done
        return self.last(run.id)

    def _work(
        self, run: Run, part: int, step: str, owner: str, beat: Beat, remaining: Callable[[], float]
    ) -> Verdict:
        run_id = run.id
        leased = self.rows.lease(run_id, part, owner, LEASE_SECONDS)
        if leased.done:
            return self.last(run_id)
        if not leased.mine:
            return Later(LEASE_SECONDS // 4, "another worker holds the part")
        work = _Work(self, run, self._plan(run), part, leased, owner, beat, remaining)
        return work.give_up() if step == "give_up" else work.go_on()

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
    reader: PartReader | None = None

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
            if stop.halt.status == "blocked":
                self.flow.witness.blocked(self.run, stop.halt)
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
            sender=self._sender(),
            frame_lines=ids_per_call(self.plan) if self._reads else FRAME[self.plan.kind],
            gate=self.flow.pacers(self.plan.integration_id, self.plan.kind),
            executor=self.flow.executor,
            monotonic=self.flow.monotonic,
            pulse=self._pulse,
            admission=admission(self.plan, self.run.id, self.flow.claims, self.flow.clock),
            hold_unknown=self._holds_unknown(),
            pulse_seconds=self.flow.pulse_seconds,
        )

    @property
    def _reads(self) -> bool:
        return self.plan.kind == "reconcile"

    def _sender(self) -> Sender:
        if not self._reads:
            return self.flow.senders(self.plan)
        self.reader = self.flow.readers(self.plan, self.part)
        return self.reader.read

    def _keep(self) -> None:
        # What was found is stored before it is written down that those lines were read.
        if self.reader:
            self.reader.keep()

    def _pulse(self) -> Stop | None:
        self.beat()
        self._keep()
        ledger = self.ledger.write()
        if not self.flow.rows.checkpoint(self.run.id, self.part, self.owner, ledger, LEASE_SECONDS):
            return Stop(after=LEASE_SECONDS / 4)
        run = self.flow.runs.get(self.run.id)
        if run is not None and run.halt:
            return Stop(halt=run.halt)
        if self.remaining() < SPARE_SECONDS:
            return Stop()
        # A pause is kept where the limit on sending was met; reading has a limit of its own.
        until = None if self._reads else self.flow.pauses.get(self.plan.integration_id).until
        wait = (until - self.flow.clock()).total_seconds() if until else 0.0
        return Stop(after=wait) if wait > 0 else None

    def _finish(self, ended: Literal["sent", "halted", "gave_up"]) -> Verdict:
        self._keep()
        if ended != "sent" and not self._holds_unknown():
            self.ledger.sending.clear()
        self.flow.parts.put_result(self.run.id, self.ledger.result(self.part, ended, self._now()))
        if not self.flow.rows.finish(self.run.id, self.part, self.owner):
            return Later(LEASE_SECONDS // 4, "the part was taken over")
        self.flow.witness.ended(self.run, self.ledger.outcomes())
        return self.flow.last(self.run.id)

    def _leave(self, stop: Stop, *, progressed: bool) -> Verdict:
        self._keep()
        tries = 0 if progressed else self.leased.tries - (0 if stop.costs_attempt else 1)
        self.flow.rows.leave(self.run.id, self.part, self.owner, self.ledger.write(), max(0, tries))
        return Later(min(MAX_HIDE, round(stop.after)), "the rest of the part waits")

    def _now(self) -> str:
        return stamp(self.flow.clock())
