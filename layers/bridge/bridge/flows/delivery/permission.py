"""What is asked before each request of a delivery, so that a crash from then on is known for one."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bridge.flows.delivery.delivery_stores import Begun, Deliveries, LeaseLost
from bridge.flows.delivery.sending import FINAL
from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome, Outcome

ONE_REQUEST = timedelta(seconds=35)
"""The longest one request takes: no request is begun with less than this left of the worker's time."""


def unanswered(message: DeliveryMessage, begun: Begun) -> frozenset[int]:
    """Items that went out before, or may have, without an answer."""
    if begun.verdict != "ambiguous":
        return frozenset(begun.unanswered)
    return frozenset(index for index in range(len(message.items)) if index not in begun.finished)


_UNANSWERED = ItemOutcome(Outcome.UNKNOWN, "no_answer")


class Permission:
    """Asked before each request: writes down that it goes out, so that a crash from here on is known for one."""

    def __init__(
        self,
        deliveries: Deliveries,
        clock: Callable[[], datetime],
        message: DeliveryMessage,
        begun: Begun,
        deadline: datetime,
        stood_still: float,
    ) -> None:
        self.begun = begun
        self._deliveries = deliveries
        self._clock = clock
        self._message = message
        self.unanswered = unanswered(message, begun)
        self._settled = dict.fromkeys(self.unanswered, _UNANSWERED) | dict(begun.finished)
        self._deadline = deadline
        self._stood_still = stood_still
        self._first = True

    def settle(self, outcomes: Mapping[int, ItemOutcome]) -> None:
        """Add what was settled without a request."""
        self._settled.update((index, one) for index, one in outcomes.items() if one.outcome in FINAL)

    def __call__(self, settled: Mapping[int, ItemOutcome]) -> bool:
        """False when too little time is left; raises LeaseLost when another worker has the delivery."""
        now = self._clock()
        if self._deadline - now < ONE_REQUEST:
            return False
        self.settle(settled)
        begun = self._deliveries.record_sent(
            self._message.delivery_id,
            self.begun.version,
            now=now,
            lease_until=self._deadline,
            finished=self._settled,
            counts=self._first,
            stood_still=self._stood_still,
        )
        if begun is None:
            raise LeaseLost
        self.begun, self._first = begun, False
        return True
