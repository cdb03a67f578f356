"""The messages of a batch at the same time, each on its own account."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

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
