"""The messages of a batch at the same time, each on its own account."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from bridge.errors import Retryable
from bridge.flows.runs.run_messages import RunMessages
from bridge.flows.runs.runs import Finished, Later, Verdict

RECORDS = [
    {"messageId": f"m{n}", "receiptHandle": f"r{n}", "body": json.dumps({"part": n})} for n in range(3)
]


class Queue:
    def hide(self, receipt_handle: str, seconds: float) -> None:
        """Nothing to hide from."""


class Quiet:
    def info(self, msg: object, **_: object) -> None:
        """Unread."""

    error = info


def test_the_messages_of_a_batch_are_worked_on_side_by_side_by_different_owners() -> None:
    together, owners = Barrier(3), []

    def work(body: str, *, owner: str, beat: object) -> Verdict:
        together.wait(5.0)
        owners.append(owner)
        return Later(1, "waits") if json.loads(body)["part"] == 1 else Finished()

    queue: Any = Queue()
    with ThreadPoolExecutor(3) as threads:
        messages = RunMessages(queue, queue, lambda: 0.0, threads)
        answer = messages.handle({"Records": RECORDS}, owner="w", work=work, log=Quiet())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert sorted(owners) == ["w#m0", "w#m1", "w#m2"]


class Hiding(Quiet):
    """A queue that notes for how long what is hidden, and what became a letter."""

    def __init__(self) -> None:
        self.hidden: dict[str, list[float]] = {}
        self.letters: list[Any] = []

    def hide(self, receipt_handle: str, seconds: float) -> None:
        self.hidden.setdefault(receipt_handle, []).append(seconds)

    def send(self, bodies: Any, *, attributes: Any = None) -> None:
        self.letters.append((bodies, attributes))


def handled(work: Any, records: list[dict[str, Any]], **more: Any) -> tuple[Hiding, dict[str, Any]]:
    queue: Any = Hiding()
    messages = RunMessages(queue, queue, lambda: 0.0, **more)
    return queue, messages.handle({"Records": records}, owner="w", work=work, log=Quiet())


def test_a_message_that_is_done_stays_out_of_sight_while_its_neighbours_are_worked_on() -> None:
    def work(body: str, **_: object) -> Verdict:
        return Finished() if json.loads(body)["part"] else Later(7, "waits")

    queue, _ = handled(work, RECORDS)
    assert queue.hidden == {"r0": [60, 7], "r1": [60, 900], "r2": [60, 900]}
    alone, _ = handled(work, RECORDS[1:2])
    assert alone.hidden == {"r1": [60]}


def test_a_message_received_too_often_says_that_it_waited_too_long() -> None:
    worn = [{**RECORDS[0], "attributes": {"ApproximateReceiveCount": "950"}}]
    queue, answer = handled(lambda *_, **__: Later(1, "waits"), worn)
    assert answer == {"batchItemFailures": []}
    [(bodies, attributes)] = queue.letters
    assert (bodies, attributes["reason"]) == ([RECORDS[0]["body"]], "waited_too_long")


def crash(*_: object, **__: object) -> Verdict:
    raise ValueError  # of a fault of ours, not of a message that cannot be read


class InARow:
    """Counts as the store does; `away` is a table that cannot be written."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.noted: dict[str, tuple[int, int]] = {}

    def note(self, message_id: str, receive: int) -> int:
        if self.away:
            raise Retryable("table_unavailable")
        before, faults = self.noted.get(message_id, (0, 0))
        self.noted[message_id] = (receive, faults + 1 if before == receive - 1 else 1)
        return self.noted[message_id][1]


def received(receives: Iterable[int], faults: InARow | None, work: Any = crash) -> list[str]:
    """The reasons of the letters after these receives of one message."""
    letters: list[str] = []
    for count in receives:
        record = [{**RECORDS[0], "attributes": {"ApproximateReceiveCount": str(count)}}]
        queue, _ = handled(work, record, faults=faults)
        letters += [attributes["reason"] for _, attributes in queue.letters]
    return letters


def test_the_fifth_fault_in_a_row_makes_a_dead_letter() -> None:
    assert received(range(300, 304), InARow()) == []
    assert received(range(300, 305), InARow()) == ["crashes_the_worker"]


def test_a_message_that_waited_long_does_not_die_of_faults_between_its_waits() -> None:
    assert received(range(300, 340, 2), InARow()) == []


def test_a_fault_that_cannot_be_counted_kills_no_message() -> None:
    assert received(range(1, 20), InARow(away=True)) == []
    assert received(range(1, 20), None) == []
