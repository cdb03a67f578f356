"""The life of a run, step by step: every step can be interrupted and is then taken again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.errors import Blocked, Rejected, Retryable
from bridge.flows.runs import arrivals, kept_plan
from bridge.flows.runs.attempt import Planned
from bridge.flows.runs.commit import Committing
from bridge.flows.runs.healing import Healing
from bridge.flows.runs.plan import Planning
from bridge.flows.runs.reconcile import Reconciled
from bridge.flows.runs.runs import Beat, Finished, Later, Outbox, Runs, Verdict, Watch, held
from bridge.flows.runs.taking import SHORTLY, Line, Pace, Taking, waited
from mapping.run import ENDED, STARTING, Halt, Run
from mapping.times import iso

MAX_ATTEMPTS = 5
MAX_COMMITS = 20
"""Twice what a message and the one that gives its run up come to with five faults of ours each."""
LONGEST_WAIT = timedelta(days=13)
"""The queue forgets a message after 14 days, and with it the run."""
GIVES_UP = frozenset({"give_up", "abandon"})
AGAIN = frozenset({"resume", "give_up"})

type Message = arrivals.Arrived | arrivals.Continued


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSteps:
    """audience_plan's whole duty: one message in, the run as far as it gets."""

    runs: Runs
    line: Line
    planning: Planning
    committing: Committing
    reconciled: Reconciled
    healing: Healing
    parts_queue: Outbox
    clock: Callable[[], datetime]
    pace: Pace

    @property
    def _taking(self) -> Taking:
        return Taking(self.runs, self.line, self.healing, self.clock, self.pace)

    def handle(self, body: str, *, owner: str, beat: Beat) -> Verdict:
        """Every run a message speaks of; raises UnreadableMessage when it is no message of ours."""
        verdict: Verdict = Finished()
        for message in arrivals.read(body):
            if isinstance(message, arrivals.Arrived):
                self.runs.create(message.run(iso(self.clock())))
            answer = self.advance(message, owner=owner, beat=beat)
            verdict = answer if isinstance(answer, Later) else verdict
        return verdict

    def advance(self, message: Message, *, owner: str, beat: Beat) -> Verdict:
        """Take the run's next steps until it ends or has to wait."""
        run_id = message.run_id
        kept = self.runs.get(run_id)
        if kept is None or (kept.ended and kept.report_key):
            return Finished()
        run = self.runs.hold(run_id, owner, self.pace.lease)
        if run is None:
            return Later(self.pace.audience, "another worker holds the run")
        lease = self.pace.lease
        try:
            with held(self.runs, run_id, owner, seconds=lease, every=self.pace.beat, beat=beat) as watch:
                return self._steps(run, owner, message, watch)
        finally:
            self.runs.let_go(run_id, owner)

    def _steps(self, run: Run, owner: str, message: Message, watch: Watch) -> Verdict:
        if message.step in GIVES_UP:
            begun = self._given_up(run, owner, message)
            if begun is None:
                return Finished()
            run = begun
        while True:
            try:
                answer = self._step(run, owner, message.step, watch)
            except (Rejected, Blocked) as error:
                answer = self._blocked(run, owner, error)
            except Retryable as error:
                if not watch.halt or watch.lost:
                    return Later(round(error.after or SHORTLY), error.reason)
                answer = self.runs.get(run.id) or Finished()
            if not isinstance(answer, Run):
                return answer
            run = answer

    def _step(self, run: Run, owner: str, step: str, watch: Watch) -> Run | Verdict:
        if run.status in ENDED or run.ended:
            return self._reported(run, owner)
        if run.halt and run.status not in {"syncing", "committing"}:
            self.committing.cut_short(run, owner)
            return Finished()
        if run.status in STARTING:
            return self._start(run, owner, watch)
        if run.status in {"planned", "waiting_approval"}:
            return self._go(run, owner)
        if run.status == "syncing":
            return self._sync(run, owner, step)
        return self._commit(run, owner, watch)

    def _start(self, run: Run, owner: str, watch: Watch) -> Run | Verdict:
        if run.attempt >= MAX_ATTEMPTS:
            raise Blocked("keeps_failing", f"planning was broken off {run.attempt} times")
        order = self.planning.order(run)
        acts = run.takes_audience and not order.manifest.dry_run
        if acts and (wait := self._taking.take(run, order, owner, watch)):
            since = run.waiting_since or iso(self.clock())
            if waited(since, self.clock()) > LONGEST_WAIT:
                raise Blocked(
                    "waited_too_long", f"{wait.reason} held the audience for {LONGEST_WAIT.days} days"
                )
            told = {"mode": order.manifest.mode, "exported_at": order.exported_at}
            waiting = {"status": "waiting_lease", "waits_on": wait.reason, "waiting_since": since}
            self.runs.move(run, owner, expect=STARTING, **waiting, **told)
            if not run.waiting_since:
                self._taking.overtake(run, order)
            return Later(wait.seconds, f"waits for {wait.reason}")
        began = self.runs.move(
            run,
            owner,
            expect=STARTING,
            status="planning",
            attempt=run.attempt + 1,
            mode=order.manifest.mode,
            exported_at=order.exported_at,
            waits_on="",
            waiting_since="",
        )
        if began is None:
            return Later(SHORTLY, "the run was changed meanwhile")
        return self._fix(began, owner, self.planning.plan(began, order, watch))

    def _fix(self, run: Run, owner: str, planned: Planned) -> Run | Verdict:
        # The one write that makes a plan the run's plan.
        codes = {wait.code for wait in planned.waits_for} - set(run.approved)
        waiting = "stale" if "stale_export" in codes else "waiting_approval"
        dry = planned.plan.dry_run
        status = "planned" if dry or not codes else waiting
        fixed = self.runs.move(
            run,
            owner,
            expect={"planning"},
            status=status,
            plan=kept_plan.of(planned.plan),
            plan_ref=planned.ref,
            parts=len(planned.plan.parts),
            ended_at=iso(self.clock()) if dry or status == "stale" else None,
        )
        return fixed or Later(SHORTLY, "the run was changed meanwhile")

    def _go(self, run: Run, owner: str) -> Run | Verdict:
        codes = {wait.code for wait in run.plan.waits_for} if run.plan else set()
        if codes - set(run.approved):
            since = waited(run.updated_at or run.created_at, self.clock())
            if since > LONGEST_WAIT:
                return Finished()  # it goes on waiting; an approval brings a message of its own
            return Later(self.pace.patience(since, self.pace.approval), "waits for approval")
        going = self.runs.move(run, owner, expect={run.status}, status="syncing")
        return going or self.runs.get(run.id) or Finished()

    def _sync(self, run: Run, owner: str, step: str) -> Run | Verdict:
        # Nobody waits for the parts of a reconcile that was stopped: they have sent nothing.
        if run.parts_done >= run.parts or (run.kind == "reconcile" and run.halt):
            moved = self.runs.move(run, owner, expect={"syncing"}, status="committing")
            return moved or Later(SHORTLY, "the run was changed meanwhile")
        if run.queued and step not in AGAIN:
            return Finished()
        # A reconcile has one reader, which takes its parts in turn.
        parts = range(1, 2 if run.kind == "reconcile" else run.parts + 1)
        bodies = [json.dumps({"run_id": run.id, "part": part}) for part in parts]
        self.parts_queue.send(bodies, group=run.integration_id)
        self.runs.move(run, owner, expect={"syncing"}, queued=True)
        return Finished()

    def _commit(self, run: Run, owner: str, watch: Watch) -> Verdict:
        # Faults are counted by the message, a want of memory and a killed worker by nothing but this.
        if run.commits >= MAX_COMMITS:
            raise Blocked("keeps_failing", f"the commit was broken off {run.commits} times")
        begun = self.runs.move(run, owner, expect={run.status}, commits=run.commits + 1)
        if begun is None:
            return Later(SHORTLY, "the run was changed meanwhile")
        if begun.kind == "reconcile":
            self.reconciled.end(begun, owner, watch)
        else:
            self.committing.commit(begun, owner, watch)
        return Finished()

    def _given_up(self, run: Run, owner: str, message: Message) -> Run | None:
        """The run, told to end; None when nothing is to be done, or it was abandoned and has ended."""
        if run.ended:
            return run
        if run.status == "waiting_approval":
            return None  # a person's word brings a message of its own
        reason = "waited_too_long" if run.status == "waiting_lease" else message.reason or "given_up"
        halt = Halt(status="blocked", reason=reason, detail="a message of the run became a dead letter")
        stopped = self.runs.stop(run.id, halt) or run
        if message.step != "abandon":
            return stopped
        # Not even the accepted lines could be committed: what Braze took stands, the snapshot stays.
        self.committing.cut_short(stopped, owner)
        return None

    def _blocked(self, run: Run, owner: str, error: Rejected | Blocked) -> Run | Verdict:
        halt = Halt(status="blocked", reason=error.reason, detail=error.detail)
        stopped = self.runs.stop(run.id, halt) or run
        if stopped.status == "committing":
            # Nothing can be committed any more: what Braze took stands, and the next run sends it again.
            self.committing.cut_short(stopped, owner)
            return Finished()
        return stopped

    def _reported(self, run: Run, owner: str) -> Verdict:
        if run.report_key is None:
            now = iso(self.clock())
            key = self.committing.report_only(run, now)
            self.runs.move(run, owner, expect={run.status}, report_key=key)
        return Finished()


__all__ = ["Pace", "RunSteps"]
