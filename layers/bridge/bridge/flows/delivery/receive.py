"""From a queue record to a delivery's step, and back to what SQS has to be told."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import ValidationError

from bridge.flows.delivery.attempts import LONGEST_HIDE
from bridge.flows.delivery.deliver import Deliverer
from bridge.flows.delivery.delivery_records import Result
from bridge.flows.delivery.delivery_stores import DeadLetters
from mapping.delivery import DeliveryMessage


class Waits(Protocol):
    """The queue the message came from."""

    def hide(self, receipt_handle: str, seconds: float) -> None:
        """Keep it out of sight for so long."""
        ...


class Seats(Protocol):
    """Which installations may hold this worker."""

    def enter(self, installation_id: str) -> bool: ...
    def leave(self, installation_id: str) -> None: ...


class NotYet(Exception):
    """The message stays in the queue: it is hidden until its time."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """`deliver` a record of the event source; safe to call from several threads."""

    deliverer: Deliverer
    queue: Waits
    dead_letters: DeadLetters
    clock: Callable[[], datetime]
    seats: Seats

    def receive(self, body: str, receipt_handle: str, remaining_ms: int, receives: int = 1) -> Result:
        """What became of the record; with a `wait` it has been hidden and must be reported as failed."""
        deadline = self.clock() + timedelta(milliseconds=remaining_ms)
        try:
            message = DeliveryMessage.model_validate(json.loads(body))
        except (ValueError, RecursionError) as error:
            return self._malformed(body, error)
        result = self._seated(message, deadline, receives)
        if result.wait is not None:
            self.queue.hide(receipt_handle, result.wait)
        return result

    def _seated(self, message: DeliveryMessage, deadline: datetime, receives: int) -> Result:
        """Where the installation holds its share of workers, the message waits the longer the more often it came."""
        if not self.seats.enter(message.integration_id):
            longest = min(LONGEST_HIDE, self.deliverer.recorder.longest_retry)
            wait = self.deliverer.jitter(min(2.0**receives, longest))
            return Result.waiting(message, 1.0 + wait, "crowded")
        try:
            return self.deliverer.deliver(message, deadline)
        finally:
            self.seats.leave(message.integration_id)

    def _malformed(self, body: str, error: Exception) -> Result:
        """A body that is no delivery will never be one: a dead letter at once, and its neighbours go on."""
        self.dead_letters.send([body], attributes={"reason": "malformed_delivery", "detail": _fault(error)})
        return Result("", "", "", "dead", reason="malformed_delivery")


def _fault(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "the body is not JSON"
    faults: list[Any] = list(error.errors(include_input=False, include_url=False))
    return "; ".join(sorted({".".join(map(str, fault["loc"])) or "body" for fault in faults})[:10])
