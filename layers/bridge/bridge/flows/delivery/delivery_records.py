"""What a delivery's step leaves behind: its row, its stages, a dead letter when it is given up."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.errors import BridgeError, Retryable
from bridge.flows.delivery.attempts import LONGEST_HIDE, LONGEST_RETRY, MOST_ATTEMPTS, Jitter, delay
from bridge.flows.delivery.delivery_stages import Mapped, stages_of
from bridge.flows.delivery.delivery_stores import Begun, DeadLetters, Deliveries, LeaseLost, Stages
from bridge.flows.delivery.sending import FINAL, RESENT, Round
from bridge.flows.runs.event_lines import item_line
from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome, Outcome

_LASTING = (*FINAL, Outcome.UNKNOWN)
"""What a row keeps of its items: how they ended, and which went out without an answer."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a receive came to; `wait` is how long to hide the message, None when it is done with.

    `counts` are the delivery's items by outcome, `fresh` those of this receive alone. The lags are those of
    the oldest item that was delivered now: since its own time, and since it was accepted.
    """

    delivery_id: str
    integration_id: str
    kind: str
    status: str
    attempt: int = 0
    vendor_status: int | None = None
    latency_ms: int = 0
    reason: str = ""
    counts: Mapping[str, int] | None = None
    wait: float | None = None
    correlation_ids: Sequence[str] = ()
    fresh: Mapping[str, int] | None = None
    event_lag_ms: int | None = None
    accepted_lag_ms: int | None = None

    @classmethod
    def waiting(cls, message: DeliveryMessage, seconds: float, reason: str) -> "Result":
        """Nothing was sent and nothing is recorded: come back later."""
        wait = min(max(seconds, 0.0), LONGEST_HIDE)
        return cls(
            message.delivery_id,
            message.integration_id,
            message.kind,
            "waiting",
            reason=reason,
            wait=wait,
            correlation_ids=message.correlation_ids,
        )

    @classmethod
    def settled(cls, message: DeliveryMessage, begun: Begun) -> "Result":
        """It was finished before: this receive is a repeat."""
        return cls(
            message.delivery_id,
            message.integration_id,
            message.kind,
            begun.status,
            begun.attempt,
            reason="repeat",
        )


@dataclass(frozen=True, slots=True)
class Recorder:
    """Letter first, then stages, then the row: what is lost in between is done again, never forgotten."""

    deliveries: Deliveries
    stages: Stages
    dead_letters: DeadLetters
    clock: Callable[[], datetime]
    jitter: Jitter
    longest_retry: float = LONGEST_RETRY

    def give_up(self, message: DeliveryMessage, begun: Begun, reason: str, detail: str) -> Result:
        """No further attempt: whatever is unfinished goes to the dead letters."""
        kind = Outcome.UNKNOWN if begun.was_out else Outcome.RETRY
        rest = (index for index in range(len(message.items)) if index not in begun.finished)
        learned = Round(dict.fromkeys(rest, ItemOutcome(kind, reason, detail)))
        return self._close(
            message, begun, learned, {}, _Ending("unknown" if begun.was_out else "dead", reason, detail)
        )

    def record(
        self, message: DeliveryMessage, begun: Begun, learned: Round, mapped: Mapped, *, resend: bool
    ) -> Result:
        """Decide from the outcomes whether the delivery is done, tried again or given up, and write it down."""
        kinds = {outcome.outcome for outcome in learned.outcomes.values()}
        error = learned.error or _first(learned.outcomes, (Outcome.BLOCKED, Outcome.UNKNOWN))
        if Outcome.BLOCKED in kinds:
            return self._close(message, begun, learned, mapped, _Ending("blocked", *_why(error)))
        if Outcome.UNKNOWN in kinds and not resend:
            return self._close(message, begun, learned, mapped, _Ending("unknown", *_why(error)))
        if kinds & {Outcome.UNKNOWN, Outcome.RETRY}:
            if begun.attempt >= MOST_ATTEMPTS:
                status = "unknown" if Outcome.UNKNOWN in kinds else "dead"
                return self._close(message, begun, learned, mapped, _Ending(status, *_why(error)))
            return self._again(message, begun, learned, mapped, error)
        status = _status(_whole(begun, learned))
        whole = _whole(begun, learned)
        twice = next((one for one in whole.values() if one.reason == RESENT.reason), None)
        refused, filtered = _first(whole, (Outcome.REJECTED,)), _first(whole, (Outcome.FILTERED,))
        reason, detail = _why(refused or twice or filtered)
        return self._write(message, begun, learned, mapped, _Ending(status, reason, detail))

    def _close(
        self, message: DeliveryMessage, begun: Begun, learned: Round, mapped: Mapped, end: "_Ending"
    ) -> Result:
        lost = any(
            one.outcome is Outcome.UNKNOWN or (index in begun.unanswered and one.outcome not in FINAL)
            for index, one in _whole(begun, learned).items()
        )
        attributes = {
            "reason": end.reason or end.status,
            "outcome": "unknown" if lost else end.status,
            "detail": end.detail,
            "integration_id": message.integration_id,
            "delivery_id": message.delivery_id,
        }
        self.dead_letters.send([message.body()], group=message.integration_id, attributes=attributes)
        return self._write(message, begun, learned, mapped, end)

    def _again(
        self,
        message: DeliveryMessage,
        begun: Begun,
        learned: Round,
        mapped: Mapped,
        error: BridgeError | ItemOutcome | None,
    ) -> Result:
        known = error if isinstance(error, BridgeError) else None
        soon = isinstance(known, Retryable) and known.reason == "out_of_time"
        seconds = 1.0 if soon else delay(begun.attempt, known, self.jitter, self.longest_retry)
        # Nothing went out now, and what a worker sent that died is still without an answer.
        status = "sending" if begun.verdict == "ambiguous" else "retrying"
        return self._write(message, begun, learned, mapped, _Ending(status, *_why(error), seconds))

    def _write(
        self, message: DeliveryMessage, begun: Begun, learned: Round, mapped: Mapped, end: "_Ending"
    ) -> Result:
        now = self.clock()
        outcomes = _whole(begun, learned)
        last = learned.exchanges[-1] if learned.exchanges else None
        counts = dict(Counter(str(outcome.outcome) for outcome in outcomes.values()))
        lasting = {index: one for index, one in outcomes.items() if one.outcome in _LASTING}
        unanswered = dict.fromkeys(begun.unanswered, ItemOutcome(Outcome.UNKNOWN, "no_answer"))
        stages = stages_of(message, mapped, learned.exchanges, outcomes)
        vendor_status, latency_ms = (last.status, last.latency_ms) if last else (None, 0)
        record = {
            "status": end.status,
            "vendor_status": vendor_status,
            "latency_ms": latency_ms,
            "reason": end.reason,
            "detail": end.detail,
            "counts": counts | _left_out_count(mapped) | _resent_count(outcomes),
            "events": [item_line(message, item) for item in message.items],
            "finished": unanswered | lasting,
            "stages": self.stages.put(message.delivery_id, stages, now=now),
            "next_at": None if end.wait is None else now + timedelta(seconds=end.wait),
        }
        kept = self.deliveries.finish(message.delivery_id, begun.version, record, now=now)
        if not kept:
            raise LeaseLost
        return Result(
            message.delivery_id,
            message.integration_id,
            message.kind,
            end.status,
            begun.attempt,
            vendor_status,
            latency_ms,
            end.reason,
            counts,
            None if end.wait is None else min(end.wait, LONGEST_HIDE),
            message.correlation_ids,
            Counter(str(outcome.outcome) for outcome in learned.outcomes.values()),
            *_lags(message, learned, now),
        )


@dataclass(frozen=True, slots=True)
class _Ending:
    status: str
    reason: str
    detail: str
    wait: float | None = None


def _lags(message: DeliveryMessage, learned: Round, now: datetime) -> tuple[int | None, int | None]:
    """Canonical times compare as text; an order's rows have none, whatever their columns are called."""
    sent = [
        message.items[index] for index, one in learned.outcomes.items() if one.outcome is Outcome.DELIVERED
    ]
    if not sent:
        return None, None
    if message.campaign is not None:
        return None, _since(message.created_at, now)
    own = min((item["timestamp"] for item in sent if "timestamp" in item), default=None)
    accepted = min(item.get("receivedAt", message.created_at) for item in sent)
    return _since(own, now), _since(accepted, now)


def _since(time: str | None, now: datetime) -> int | None:
    """Milliseconds; a clock that runs ahead of ours gives none."""
    if time is None:
        return None
    return max(0, round((now - datetime.fromisoformat(time)).total_seconds() * 1000))


def _whole(begun: Begun, learned: Round) -> dict[int, ItemOutcome]:
    return {**begun.finished, **learned.outcomes}


def _first(outcomes: Mapping[int, ItemOutcome], kinds: Sequence[Outcome]) -> ItemOutcome | None:
    for kind in kinds:
        if found := [index for index, one in outcomes.items() if one.outcome is kind]:
            return outcomes[min(found)]
    return None


def _why(error: BridgeError | ItemOutcome | None) -> tuple[str, str]:
    return (error.reason, error.detail) if error is not None else ("", "")


def _status(outcomes: Mapping[int, ItemOutcome]) -> str:
    """`partial` when some were delivered and some refused; a filtered neighbour does not spoil a delivery."""
    kinds = {outcome.outcome for outcome in outcomes.values()}
    if Outcome.DELIVERED in kinds:
        return "partial" if Outcome.REJECTED in kinds else "delivered"
    return "rejected" if Outcome.REJECTED in kinds else "filtered"


def _left_out_count(mapped: Mapped) -> dict[str, int]:
    """How many items lack a value, whatever became of them; of the row alone, for metrics count an item once."""
    incomplete = sum(not all(note.sent for note in one.left_out) for one in mapped.values() if one.left_out)
    return {"left_out": incomplete} if incomplete else {}


def _resent_count(outcomes: Mapping[int, ItemOutcome]) -> dict[str, int]:
    """How many items may have arrived twice."""
    twice = sum(1 for one in outcomes.values() if one.reason == RESENT.reason)
    return {"resent": twice} if twice else {}
