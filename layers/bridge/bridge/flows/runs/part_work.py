"""One worker's hold on one part: what is left is sent, what happened is written down."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from bridge.errors import Blocked, Retryable
from bridge.flows.runs.admission import admission, release
from bridge.flows.runs.attempts import Attempts
from bridge.flows.runs.ledger import Ledger, lines_of
from bridge.flows.runs.part_stores import PartReader, PartRow, Pause
from bridge.flows.runs.pump import Pump, Sender, Stop, Unanswered
from bridge.flows.runs.readback import ids_per_call
from bridge.flows.runs.runs import Beat, Later, Verdict
from bridge.flows.runs.witness import Nobody, Witness
from mapping.export import PartRef, RunPlan
from mapping.run import Ended, Halt, PartResult, Run
from mapping.times import iso

if TYPE_CHECKING:
    from bridge.flows.runs.sync import PartSync

MAX_DEATHS = 5
MAX_HIDE = 900
SPARE_SECONDS = 20.0
FRAME = {"audience": 75, "events": 75, "campaign": 50}


@dataclass(slots=True)
class PartWork:
    """Made for one receive of one message, with the part's lease in hand."""

    flow: "PartSync"
    run: Run
    plan: RunPlan
    part: int
    leased: PartRow
    owner: str
    beat: Beat
    remaining: Callable[[], float]
    ledger: Ledger = field(init=False)
    ref: PartRef = field(init=False)
    known: int = field(init=False)
    reader: PartReader | None = None

    def __post_init__(self) -> None:  # noqa: D105 (reads the checkpoint)
        self.ref = self.plan.parts[self.part - 1]
        self.ledger = Ledger.read(self.leased.ledger, self.ref.rows)
        self.ledger.started_at = self.ledger.started_at or iso(self._now())
        self.known = self._settled()

    def go_on(self) -> Verdict:
        """Send what is left; the part ends when every line has an outcome, or the run was stopped."""
        if self.run.halt:
            return self._halted(self.run.halt)
        if self.leased.tries > MAX_DEATHS:
            return self.give_up("crashes_the_worker")
        if self._too_late():
            return self.give_up("expired")
        if self._spent():
            return self.give_up("attempts_exhausted")
        if wait := self.ledger.attempts.left(self._now()):
            return self._leave(wait)
        self._recover()
        stop, failures = self._send()
        if stop is None:
            return self._finish("sent")
        if stop.halt:
            self.flow.runs.stop(self.run.id, stop.halt)
            if stop.halt.status == "blocked":
                self._witness.blocked(self.run, stop.halt)
            return self._halted(stop.halt)
        return self._leave(self._wait(stop, failures))

    def give_up(self, reason: str) -> Verdict:
        """Count the part as done with what its checkpoint holds; the rest goes with the next run."""
        self._doubt()
        return self._finish("gave_up", reason)

    def _halted(self, halt: Halt) -> Verdict:
        self._doubt()
        return self._finish("halted", halt.reason)

    def _recover(self) -> None:
        # A worker died while these were under way: whether they arrived is not known.
        if self.on_unanswered == "held":
            self.ledger.hold(set(self.ledger.sending))
        self._doubt()

    def _doubt(self) -> None:
        if self.on_unanswered != "again":
            self.ledger.unanswered |= self.ledger.sending
        if self.on_unanswered != "held":
            self.ledger.sending.clear()

    @property
    def on_unanswered(self) -> Unanswered:
        """Attributes may arrive twice; recipients and events are held, or sent again and listed, as the plan says."""
        if self.plan.kind not in {"campaign", "events"}:
            return "again"
        default = "hold" if self.plan.kind == "campaign" else "resend"
        return "held" if self.plan.details.get("on_ambiguous", default) == "hold" else "listed"

    def _send(self) -> tuple[Stop | None, int]:
        pump: Pump | None = None
        try:
            pump = self._pump()
            stop = pump.run()
        except Blocked as error:
            stop = Stop(halt=Halt(status="blocked", reason=error.reason, detail=error.detail))
        except Retryable as error:
            stop = Stop(after=error.after or 5.0)
        except Exception:
            # A fault of ours: what Braze has answered is written down all the same.
            self._checkpoint()
            raise
        return stop, pump.failures if pump else 0

    def _pump(self) -> Pump:
        return Pump(
            lines=self._lines(),
            ledger=self.ledger,
            sender=self._sender(),
            frame_lines=ids_per_call(self.plan) if self._reads else FRAME[self.plan.kind],
            gate=self.flow.pacers(self.plan.integration_id, self.plan.kind),
            executor=self.flow.executor,
            monotonic=self.flow.monotonic,
            pulse=self._pulse,
            admission=admission(self.plan, self.run.id, self.flow.claims, self.flow.clock),
            unanswered=self.on_unanswered,
            pulse_seconds=self.flow.pulse_seconds,
        )

    def _lines(self) -> list[bytes]:
        body = self.flow.parts.get_part(self.ref.key)
        if sha256(body).hexdigest() != self.ref.sha256:
            raise Blocked("part_corrupt", f"{self.ref.key} is not what was planned")
        return body.split(b"\n")[: self.ref.rows]

    @property
    def _reads(self) -> bool:
        return self.plan.kind == "reconcile"

    @property
    def _witness(self) -> Witness:
        # What is read is not delivered, and a key that may not read may still send.
        return Nobody() if self._reads else self.flow.witness

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
        if not self._checkpoint():
            return Stop(after=self.flow.lease_seconds / 4)
        run = self.flow.runs.get(self.run.id)
        if run is not None and run.halt:
            return Stop(halt=run.halt)
        if self.remaining() < SPARE_SECONDS or self._too_late():
            return Stop()
        # A pause is kept where the limit on sending was met; reading has a limit of its own.
        until = None if self._reads else self._pause().until
        wait = (until - self._now()).total_seconds() if until else 0.0
        return Stop(after=wait) if wait > 0 else None

    def _too_late(self) -> bool:
        # Recipients and events are asked after one by one, and rejected; members go with the next export.
        limit = self.plan.send_before if self.plan.kind == "audience" else None
        return limit is not None and iso(self._now()) >= limit

    def _checkpoint(self) -> bool:
        self._keep()
        progressed = self._progressed()
        if progressed:
            self.ledger.attempts = Attempts()
        ledger, seconds = self.ledger.write(), self.flow.lease_seconds
        return self.flow.rows.checkpoint(
            self.run.id, self.part, self.owner, ledger, seconds, progressed=progressed
        )

    def _wait(self, stop: Stop, failures: int) -> float:
        """Seconds until the rest is tried again, with the attempt written down if this was one."""
        if failures and not self._progressed():
            still, jitter = self._pause().stood_still, self.flow.jitter
            self.ledger.attempts = self.ledger.attempts.after_failure(
                self._now(), still, stop.after, jitter, self.flow.longest_retry
            )
        if self._spent():
            return 0.0
        return max(stop.after, self.ledger.attempts.left(self._now()))

    def _finish(self, ended: Ended, reason: str = "") -> Verdict:
        if not self._checkpoint():
            return Later(self.flow.lease_seconds // 4, "the part was taken over")
        result = self.ledger.result(self.part, ended, iso(self._now()), reason)
        self._put_by(lines_of(result.held), ended)
        if not self._stored(result) or not self.flow.rows.finish(self.run.id, self.part, self.owner):
            return Later(self.flow.lease_seconds // 4, "the part was taken over")
        self._witness.ended(self.run, self.ledger.outcomes())
        return self.flow.last(self.run.id)

    def _put_by(self, held: set[int], ended: Ended) -> None:
        """What may have arrived waits for a click; what has not may be claimed by the export put again."""
        unsent = set(self.ledger.remaining()) - held - self.ledger.unanswered if ended != "sent" else set()
        if self.plan.kind not in {"campaign", "events"} or not (held or unsent):
            return
        try:
            lines = self._lines()
        except Blocked:
            return  # a corrupt part names nobody; the run ends with that as its reason
        if held:
            self.flow.held.file(self.plan, self.part, {at: lines[at] for at in held})
        release(self.plan, self.run.id, self.flow.claims, (lines[at] for at in sorted(unsent)))

    def _stored(self, result: PartResult) -> bool:
        """Never over the result of a worker that took the part from this one while it stood still."""
        if self.flow.parts.put_result(self.run.id, result):
            return True
        # There is one: of a worker before us, that died, unless the part is not ours any more.
        tag = self.flow.parts.result_tag(self.run.id, self.part)
        return self._checkpoint() and self.flow.parts.put_result(self.run.id, result, over=tag)

    def _leave(self, wait: float) -> Verdict:
        self._keep()
        if self._progressed():
            self.ledger.attempts = Attempts()
        self.flow.rows.leave(self.run.id, self.part, self.owner, self.ledger.write())
        return Later(math.ceil(min(wait, MAX_HIDE)), "the rest of the part waits")

    def _spent(self) -> bool:
        return self.ledger.attempts.spent(self._now(), self._pause().stood_still)

    def _settled(self) -> int:
        return self.ledger.rows - len(self.ledger.remaining())

    def _progressed(self) -> bool:
        return self._settled() > self.known

    def _pause(self) -> Pause:
        return self.flow.pauses.get(self.plan.integration_id)

    def _now(self) -> datetime:
        return self.flow.clock()
