"""Messages of the two run queues: invisible while they are worked on, given up before the queue forgets them."""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.errors import BridgeError, Retryable
from bridge.flows.runs.arrivals import UnreadableMessage
from bridge.flows.runs.runs import Beat, Later, Verdict

VISIBLE_AGAIN = 60
CRASHES = 5
UNREADABLE = "unreadable_message"
_RUN = re.compile(r"\brun_[0-9a-f]{20,24}\b")
LONGEST_INVOCATION = 900
MOST_RECEIVES = 950
"""After 1,000 the queue makes it a dead letter that does not say why."""


class RunQueue(Protocol):
    """The queue the messages come from."""

    def hide(self, receipt_handle: str, seconds: float) -> None: ...


class Letters(Protocol):
    """The dead-letter queue."""

    def send(self, bodies: Sequence[str], *, attributes: Mapping[str, str] | None = None) -> None: ...


class Faults(Protocol):
    """Counts the receives of a message in a row that ended in a fault of ours."""

    def note(self, message_id: str, receive: int) -> int:
        """How many it makes with this one; raises Retryable."""


class Log(Protocol):
    """A structured logger."""

    def info(self, msg: object, *, extra: Mapping[str, object]) -> None: ...
    def error(self, msg: object, *, extra: Mapping[str, object]) -> None: ...


class Work(Protocol):
    """What a message asks for."""

    def __call__(self, body: str, *, owner: str, beat: Beat) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class RunMessages:
    """Leases prevent doubles, not visibility: by the minute, so that a dead worker's message is back soon.

    With an `executor` the messages of a batch are worked on side by side, else one after the other. A message that
    is done stays hidden until the whole batch is acknowledged. The fifth fault of ours in a row makes it a dead
    letter; without `faults` that is left to who counts better.
    """

    queue: RunQueue
    letters: Letters
    monotonic: Callable[[], float]
    executor: Executor | None = None
    faults: Faults | None = None
    visible_again: int = VISIBLE_AGAIN

    def handle(self, event: Mapping[str, Any], *, owner: str, work: Work, log: Log) -> dict[str, Any]:
        """The partial batch response: what has to come back."""

        def again(record: Mapping[str, Any]) -> bool:
            # Each message is an owner of its own: two of them may name the same part.
            stays = self._again(record, f"{owner}#{record['messageId']}", work, log)
            if not stays and len(records) > 1:
                self.queue.hide(record["receiptHandle"], LONGEST_INVOCATION)
            return stays

        records = event["Records"]
        verdicts = (self.executor.map if self.executor else map)(again, records)
        stay = [record["messageId"] for record, stays in zip(records, verdicts, strict=True) if stays]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in stay]}

    def _again(self, record: Mapping[str, Any], owner: str, work: Work, log: Log) -> bool:
        handle = record["receiptHandle"]
        if _receives(record) >= MOST_RECEIVES:
            return self._dead(record, "waited_too_long", f"received {MOST_RECEIVES} times")
        self.queue.hide(handle, self.visible_again)
        try:
            verdict = work(record["body"], owner=owner, beat=self._beat(handle))
        except UnreadableMessage as error:
            return self._dead(record, UNREADABLE, type(error).__name__)
        except Retryable as error:
            verdict = Later(round(error.after or 10), error.reason)
        except BridgeError as error:
            return self._dead(record, error.reason, error.detail)
        except Exception as error:  # noqa: BLE001 - one message's fault is not its neighbours'
            told = {"error_type": type(error).__name__, **_named(record)}
            log.error("run step failed", extra=told)  # noqa: TRY400 - may quote data
            if self._faults_in_a_row(record) >= CRASHES:
                return self._dead(record, "crashes_the_worker", type(error).__name__)
            verdict = Later(10, "worker_fault")
        if isinstance(verdict, Later):
            waits: dict[str, object] = {"reason": verdict.reason, "wait": verdict.seconds}
            log.info("run waits", extra=waits | _named(record))
            self.queue.hide(handle, verdict.seconds)
            return True
        return False

    def _faults_in_a_row(self, record: Mapping[str, Any]) -> int:
        try:
            return self.faults.note(record["messageId"], _receives(record)) if self.faults else 0
        except Retryable:
            return 0  # what cannot be counted kills no message

    def _beat(self, handle: str) -> Beat:
        hidden_at = self.monotonic()

        def beat() -> None:
            nonlocal hidden_at
            if self.monotonic() - hidden_at >= self.visible_again / 3:
                self.queue.hide(handle, self.visible_again)
                hidden_at = self.monotonic()

        return beat

    def _dead(self, record: Mapping[str, Any], reason: str, detail: str) -> bool:
        self.letters.send([record["body"]], attributes={"reason": reason, "detail": detail})
        return False


def _named(record: Mapping[str, Any]) -> dict[str, str]:
    """The message, and the run it speaks of: the id that runs through all logs of an export."""
    run = _RUN.search(record["body"])
    return {"message_id": str(record["messageId"])} | ({"run_id": run[0]} if run else {})


def _receives(record: Mapping[str, Any]) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
