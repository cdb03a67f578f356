"""A queue and a worker that go on until nothing is left: no waiting, the clock jumps from message to message."""

import heapq
from dataclasses import dataclass, field
from typing import Any

from bridge.flows.delivery.receive import Receiver
from mapping.delivery import DeliveryMessage
from tests.unit.braze_behaviours.account import Lane
from tests.unit.delivery.fakes import START, FakeQueue


@dataclass
class Driver:
    """By message id: `history` has an item's outcomes in the order they were recorded, `detail` the last one's."""

    lane: Lane
    history: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    detail: dict[str, str] = field(default_factory=dict)
    replays: int = 0
    _queue: list[tuple[float, int, DeliveryMessage]] = field(default_factory=list)
    _serial: int = 0

    def put(self, message: DeliveryMessage) -> None:
        """Queue a message, to be seen at once."""
        self._push(message, 0.0)

    def run(self) -> None:
        """Deliver everything; what comes to the dead letters is replayed, as a person would."""
        worker = self.lane.worker()
        while self._queue:
            while self._queue:
                self._step(worker)
            self._replay()

    def _step(self, worker: Receiver) -> None:
        at, _, message = heapq.heappop(self._queue)
        now = self._now()
        self.lane.clock.pass_(seconds=max(0.0, at - now) + 0.01)
        result = worker.receive(message.body(), message.delivery_id, 120_000)
        if result.wait is not None:
            self._push(message, self._now() + result.wait)
        if result.status != "waiting" and result.reason != "repeat":
            self._note(message)

    def _note(self, message: DeliveryMessage) -> None:
        ends: list[dict[str, Any]] = self.lane.stages.kept[message.delivery_id]["outcomes"]
        for item, end in zip(message.items, ends, strict=True):
            self.detail[item["messageId"]] = end["detail"]
            known = self.history.setdefault(item["messageId"], [])
            if known[-1:] != [(end["outcome"], end["reason"])]:
                known.append((end["outcome"], end["reason"]))

    def _replay(self) -> None:
        letters: FakeQueue = self.lane.letters
        for body, _ in letters.sent:
            self.replays += 1
            message = DeliveryMessage.model_validate_json(body)
            self._push(message.model_copy(update={"replay_of": f"ltr_{self.replays}"}), self._now())
        letters.sent.clear()

    def _push(self, message: DeliveryMessage, at: float) -> None:
        self._serial += 1
        heapq.heappush(self._queue, (at, self._serial, message))

    def _now(self) -> float:
        return (self.lane.now - START).total_seconds()
