"""One delivery, one receive: gather what is known, decide what may go out, send it, record what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bridge.errors import Blocked, BridgeError, Retryable, Unknown
from bridge.flows.delivery.attempts import Jitter
from bridge.flows.delivery.circuit import Circuit
from bridge.flows.delivery.delivery_records import Recorder, Result
from bridge.flows.delivery.delivery_stores import Begun, Claims, Deliveries, Health, LeaseLost, Pause, Pauses
from bridge.flows.delivery.lanes import Job, Lane, Planned
from bridge.flows.delivery.permission import ONE_REQUEST, Permission, unanswered
from bridge.flows.delivery.profile_memory import ProfileMemory
from bridge.flows.delivery.sending import Round, perhaps_there, resent, send_with_refresh
from bridge.flows.delivery.vendor_keys import Credentials
from mapping.delivery import DeliveryMessage
from mapping.installation import Installation
from mapping.outcome import ItemOutcome, Outcome, filtered

AWAY = frozenset({"connect_failed", "vendor_unavailable", "no_answer", "connection_broke", "gateway_timeout"})
"""Reasons that say nothing about the delivery and all about the vendor: the circuit counts them."""

_TABLE_AWAY = 60.0
"""Seconds at the most until a delivery comes again that could not be taken because a table did not answer."""

_DISABLED = filtered("disabled", "the installation is switched off or deleted")


class Installations(Protocol):
    """Where installations are looked up."""

    def get(self, installation_id: str) -> Installation | None:
        """None for one that does not exist or is deleted."""
        ...


@dataclass(frozen=True, slots=True)
class Deliverer:
    """The flow of one lane; its collaborators are shared by a worker's threads."""

    lane: Lane
    installations: Installations
    credentials: Credentials
    deliveries: Deliveries
    claims: Claims
    pauses: Pauses
    health: Health
    circuit: Circuit
    recorder: Recorder
    clock: Callable[[], datetime]
    jitter: Jitter
    memory: ProfileMemory

    def deliver(self, message: DeliveryMessage, deadline: datetime) -> Result:
        """Take the message one step on; `deadline` is when this worker is stopped."""
        now = self.clock()
        if deadline - now < ONE_REQUEST:
            return Result.waiting(message, 1.0, "out_of_time")
        try:
            installation, pause = self._known(message.integration_id)
        except Retryable as error:
            return self._later(message, error)
        if installation is not None and pause.until is not None and pause.until > now:
            return Result.waiting(message, (pause.until - now).total_seconds(), "paused")
        if installation is not None and not self.circuit.enter(installation.id, now, ONE_REQUEST):
            return Result.waiting(message, self.jitter(10.0) + 1.0, "circuit_open")
        try:
            return self._taken(message, installation, now, deadline, pause.stood_still)
        except LeaseLost:
            return Result.waiting(message, 1.0, "lease_lost")
        finally:
            self.circuit.left(message.integration_id)

    def _known(self, installation_id: str) -> tuple[Installation | None, Pause]:
        """None for an installation that is switched off or deleted. Raises Retryable."""
        found = self.installations.get(installation_id)
        usable = found is not None and found.enabled and found.deleted_at is None
        return found if usable else None, self.pauses.get(installation_id)

    def _taken(
        self,
        message: DeliveryMessage,
        installation: Installation | None,
        now: datetime,
        deadline: datetime,
        still: float,
    ) -> Result:
        try:
            begun = self.deliveries.begin(message, now=now, lease_until=deadline, stood_still=still)
        except Retryable as error:
            return self._later(message, error)
        return self._begun(message, installation, begun, deadline, still)

    def _later(self, message: DeliveryMessage, error: Retryable) -> Result:
        """Nothing was begun: it comes again long before SQS would show it by itself."""
        return Result.waiting(message, 1.0 + self.jitter(_TABLE_AWAY), error.reason)

    def _begun(
        self,
        message: DeliveryMessage,
        installation: Installation | None,
        begun: Begun,
        deadline: datetime,
        still: float,
    ) -> Result:
        match begun.verdict:
            case "already_finished":
                return Result.settled(message, begun)
            case "leased_until" | "hidden_until":
                until = begun.until or self.clock()
                return Result.waiting(message, (until - self.clock()).total_seconds() + 0.5, begun.verdict)
            case "exhausted":
                return self.recorder.give_up(
                    message, begun, "attempts_exhausted", "five attempts or 24 hours are over"
                )
            case "crashes":
                return self.recorder.give_up(
                    message, begun, "crashes_the_worker", "five receives left no outcome"
                )
            case _:
                return self._attempt(
                    message,
                    installation,
                    Permission(self.deliveries, self.clock, message, begun, deadline, still),
                )

    def _attempt(
        self, message: DeliveryMessage, installation: Installation | None, permit: Permission
    ) -> Result:
        begun = permit.begun
        rest = [index for index in range(len(message.items)) if index not in begun.finished]
        if installation is None:
            off = {
                index: perhaps_there(_DISABLED) if index in permit.unanswered else _DISABLED for index in rest
            }
            return self.recorder.record(message, begun, Round(off), {}, resend=False)
        try:
            job, secret = self._opened(message, installation)
            mapped = {index: job.plan(index, item) for index, item in enumerate(message.items)}
            settled, planned = self._decide(message, job, begun, {index: mapped[index] for index in rest})
            recall = self.memory.recall(message.integration_id, planned, self.clock())
        except BridgeError as error:
            if isinstance(error, Blocked):
                self._blocked(message, error)
            return self.recorder.record(message, begun, _unsent(rest, error, begun), {}, resend=False)
        settled |= recall.settled
        mapped |= recall.settled | {one.index: one for one in recall.planned}
        permit.settle(settled)
        learned = send_with_refresh(
            job,
            recall.planned,
            secret,
            permit,
            lambda: self.credentials.refreshed(installation, secret, self.clock()),
        )
        outcomes = settled | resent(learned.outcomes, recall.planned, permit.unanswered)
        whole = Round(outcomes, learned.exchanges, learned.error, learned.pause)
        try:  # the outcome first: were it lost to a failing side note, what was delivered would go out again
            return self.recorder.record(message, permit.begun, whole, mapped, resend=job.resends_unknown)
        finally:
            self.memory.remember(message.integration_id, recall, learned.outcomes, self.clock())
            self._learn(message, learned)

    def _opened(self, message: DeliveryMessage, installation: Installation) -> tuple[Job, Mapping[str, str]]:
        """The job and the key. Raises Blocked, or Retryable when the key cannot be read now."""
        if installation.catalog_key != self.lane.catalog_key:
            raise Blocked("wrong_lane", f"this queue serves {self.lane.catalog_key} alone")
        return self.lane.job(installation, message), self.credentials.current(installation)

    def _decide(
        self, message: DeliveryMessage, job: Job, begun: Begun, mapped: Mapping[int, Planned | ItemOutcome]
    ) -> tuple[dict[int, ItemOutcome], list[Planned]]:
        """What is settled without a request, and what may be sent. Raises Retryable when claims cannot be had."""
        settled = {index: one for index, one in mapped.items() if isinstance(one, ItemOutcome)}
        planned = [one for one in mapped.values() if isinstance(one, Planned)]
        if begun.verdict == "ambiguous" and not job.resends_unknown:
            lost = ItemOutcome(Outcome.UNKNOWN, "worker_lost", "the worker died while the request was out")
            return settled | {one.index: lost for one in planned}, []
        if (expired := job.expired(self.clock())) is not None:
            out = unanswered(message, begun)
            late = {one.index: perhaps_there(expired) if one.index in out else expired for one in planned}
            return settled | late, []
        if not job.claims:
            return settled, planned
        taken = self._claimed(message, job, planned)
        duplicate = filtered("duplicate", "another delivery, or a later item of this one, has it")
        settled |= {one.index: duplicate for one in planned if one.index not in taken}
        return settled, [one for one in planned if one.index in taken]

    def _claimed(self, message: DeliveryMessage, job: Job, planned: list[Planned]) -> set[int]:
        """The items that may go out: unclaimed ones, and of each claim the last when this delivery owns it."""
        last = {one.claim: one.index for one in planned if one.claim is not None}
        owned = self.claims.take(
            message.integration_id, job.claim_kind, list(last), owner=message.delivery_id, now=self.clock()
        )
        return {one.index for one in planned if one.claim is None} | {last[claim] for claim in owned}

    def _learn(self, message: DeliveryMessage, learned: Round) -> None:
        """What this round says about the installation as a whole: circuit, pause, health."""
        who, error = message.integration_id, learned.error
        wait = learned.pause
        if isinstance(error, Retryable | Unknown) and error.reason in AWAY:
            wait = self.circuit.failed(who)
            if wait is not None:
                self.health.failed(
                    who, message.kind, error.reason, error.detail, now=self.clock(), verdict="degraded"
                )
        elif not isinstance(error, Unknown) and learned.exchanges:
            self.circuit.answered(who)
        if isinstance(error, Retryable) and error.pauses:
            wait = error.after
        if wait is not None:
            reason = error.reason if error is not None else "window_spent"
            self.pauses.pause(who, self.clock() + timedelta(seconds=wait), reason, now=self.clock())
        if isinstance(error, Blocked):
            self._blocked(message, error, answered=_answered(learned))
        elif error is None and learned.exchanges:
            self.health.succeeded(who, message.kind, now=self.clock())

    def _blocked(self, message: DeliveryMessage, error: Blocked, *, answered: bool = False) -> None:
        """What the vendor said may be a whim of its own; what we know without asking is certain."""
        if error.reason != "wrong_lane":
            who, kind, now = message.integration_id, message.kind, self.clock()
            verdict: Literal["refused", "blocked"] = "refused" if answered else "blocked"
            self.health.failed(who, kind, error.reason, error.detail, now=now, verdict=verdict)


def _answered(learned: Round) -> bool:
    return bool(learned.exchanges) and learned.exchanges[-1].status is not None


def _unsent(indices: list[int], error: BridgeError, begun: Begun) -> Round:
    """Why nothing can go out now; of what a worker that died had sent, nobody knows whether it arrived."""
    if isinstance(error, Blocked) and begun.verdict == "ambiguous":
        told = f"the worker died while the request was out; now {error.reason}: {error.detail}"
        return Round(dict.fromkeys(indices, ItemOutcome(Outcome.UNKNOWN, "worker_lost", told)))
    kind = Outcome.BLOCKED if isinstance(error, Blocked) else Outcome.RETRY
    return Round(dict.fromkeys(indices, ItemOutcome(kind, error.reason, error.detail)), error=error)
