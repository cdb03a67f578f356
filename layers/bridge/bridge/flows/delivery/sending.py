"""One receive's requests: send, and where the vendor refuses a request as a whole, halve until the poison is alone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from bridge.errors import Blocked, BridgeError, Rejected, Retryable, TooLarge, Unknown
from bridge.flows.delivery.lanes import APART, Exchange, Job, Planned, Sent
from mapping.outcome import ItemOutcome, Outcome, rejected

_DELIVERED = ItemOutcome(Outcome.DELIVERED)
MAY_HAVE_ARRIVED = "an earlier request got no answer and may have arrived"
RESENT = ItemOutcome(Outcome.DELIVERED, "resent", MAY_HAVE_ARRIVED)
FINAL = (Outcome.DELIVERED, Outcome.FILTERED, Outcome.REJECTED)


class Permit(Protocol):
    """Asked before every request with what is settled so far: records it, or says there is no time left."""

    def __call__(self, settled: Mapping[int, ItemOutcome]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Round:
    """What was learned: outcomes by item index, every exchange, and the error that ended the round early."""

    outcomes: dict[int, ItemOutcome] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    error: BridgeError | None = None
    pause: float | None = None


def send_round(job: Job, planned: Sequence[Planned], secret: Mapping[str, str], permit: Permit) -> Round:
    """Every planned item gets one outcome; a failure that concerns all ends the round, the unsent keep RETRY."""
    result = Round()
    waiting = [list(planned)] if planned else []
    while waiting:
        part = waiting.pop()
        if not permit(result.outcomes):
            waiting.append(part)
            return _ended(result, waiting, Retryable("out_of_time", "no time was left for another request"))
        try:
            sent = job.send(part, secret, result.exchanges)
        except TooLarge as error:
            waiting += _halved(part, error, result.outcomes)
        except Rejected as error:
            _settle(part, ItemOutcome(Outcome.REJECTED, error.reason, error.detail), result.outcomes)
        except Unknown as error:
            _settle(part, ItemOutcome(Outcome.UNKNOWN, error.reason, error.detail), result.outcomes)
            if job.resends_unknown:
                return _ended(result, waiting, error)
            result = replace(
                result, error=error
            )  # this part is held; what was split from it has its own chance
        except BridgeError as error:
            return _ended(result, [*waiting, part], error)
        else:
            waiting += _answered(part, sent, result.outcomes)
            result = result if sent.pause is None else replace(result, pause=sent.pause)
    return result


def _answered(part: Sequence[Planned], sent: Sent, outcomes: dict[int, ItemOutcome]) -> list[list[Planned]]:
    """Settle what the answer settles; the neighbours of a refused item go out again while their number shrinks."""
    pairs = list(zip(part, sent.outcomes, strict=True))
    alone = [item for item, outcome in pairs if outcome == APART]
    again = [item for item, outcome in pairs if outcome.outcome is Outcome.RETRY and outcome != APART]
    shrinking = len(again) < len(part)
    for item, outcome in pairs:
        if not shrinking or outcome.outcome is not Outcome.RETRY:
            outcomes[item.index] = outcome
    following = [[item] for item in sorted(alone, key=_age, reverse=True)]
    return ([again] if again and shrinking else []) + following


def _halved(part: list[Planned], error: TooLarge, outcomes: dict[int, ItemOutcome]) -> list[list[Planned]]:
    """What happened first goes first: the older of two changes of one user must not come after the newer."""
    if len(part) == 1:
        outcomes[part[0].index] = rejected(error.reason, error.detail)
        return []
    middle, in_order = len(part) // 2, sorted(part, key=_age)
    return [in_order[middle:], in_order[:middle]]


def _age(item: Planned) -> tuple[str, int]:
    return item.time, item.index


def _settle(part: Sequence[Planned], outcome: ItemOutcome, outcomes: dict[int, ItemOutcome]) -> None:
    outcomes.update((item.index, outcome) for item in part)


def _ended(result: Round, unsent: Sequence[Sequence[Planned]], error: BridgeError) -> Round:
    kind = Outcome.BLOCKED if isinstance(error, Blocked) else Outcome.RETRY
    for part in unsent:
        _settle(part, ItemOutcome(kind, error.reason, error.detail), result.outcomes)
    return replace(result, error=error)


def merged(first: Round, second: Round) -> Round:
    """Two rounds of one attempt, the later one's word counting."""
    return Round(
        first.outcomes | second.outcomes,
        first.exchanges + second.exchanges,
        second.error,
        second.pause or first.pause,
    )


def resent(
    outcomes: Mapping[int, ItemOutcome], planned: Sequence[Planned], unanswered: Collection[int]
) -> dict[int, ItemOutcome]:
    """Say of what was settled after a request without an answer that it may have arrived before."""
    twice = {one.index for one in planned if one.index in unanswered and one.doubles}
    return {index: _again(one) if index in twice else one for index, one in outcomes.items()}


def _again(outcome: ItemOutcome) -> ItemOutcome:
    return RESENT if outcome == _DELIVERED else perhaps_there(outcome)


def perhaps_there(outcome: ItemOutcome) -> ItemOutcome:
    """What ends without being delivered, and may have been all the same, says so."""
    if outcome.outcome not in (Outcome.FILTERED, Outcome.REJECTED):
        return outcome
    return replace(outcome, detail=f"{outcome.detail}; {MAY_HAVE_ARRIVED}")


Refresh = Callable[[], Mapping[str, str] | None]


def send_with_refresh(
    job: Job, planned: Sequence[Planned], secret: Mapping[str, str], permit: Permit, refresh: Refresh
) -> Round:
    """A key the vendor refuses is read afresh once and tried once more: it may have been rotated a moment ago.

    When it cannot be read now, what was refused waits for a key: nothing of it was taken.
    """
    first = send_round(job, planned, secret, permit)
    if not (isinstance(first.error, Blocked) and first.error.reason in ("unauthorized", "forbidden")):
        return first
    rest = [item for item in planned if first.outcomes[item.index].outcome is Outcome.BLOCKED]
    try:
        fresh = refresh()
    except BridgeError as error:
        return _ended(first, [rest], error)
    return first if fresh is None else merged(first, send_round(job, rest, fresh, permit))
