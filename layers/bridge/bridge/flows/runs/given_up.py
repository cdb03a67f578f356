"""What a dead letter means for the run it speaks of: the run ends, instead of holding its audience for ever."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.flows.admin.letters import CRASHES_THE_WORKER
from bridge.flows.runs import arrivals
from bridge.flows.runs.run_messages import UNREADABLE
from bridge.flows.runs.runs import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """`lanes` maps a dead-letter queue's name to its lane; `exports` and `parts` are the two run queues.

    Each step is tried once: the part is given up, then the run, then it is abandoned. A letter of that last
    step changes nothing more, so no message goes round in circles.
    """

    lanes: Mapping[str, str]
    exports: Outbox
    parts: Outbox

    def tell(self, record: Mapping[str, Any]) -> None:
        """Ask for the next step; asking twice is asking once. Raises Retryable when it could not be asked."""
        reason = (record.get("messageAttributes") or {}).get("reason", {}).get("stringValue")
        reason = reason or CRASHES_THE_WORKER
        if reason == UNREADABLE:
            return  # the message was at fault, not the run it may name
        match self.lanes.get(record["eventSourceARN"].rpartition(":")[2]):
            case "audience":
                self._part(record["body"], reason)
            case "export":
                self._run(record["body"], reason)

    def _part(self, body: str, reason: str) -> None:
        found = _object(body)
        run_id, part = found.get("run_id"), found.get("part")
        if not isinstance(run_id, str) or not isinstance(part, int):
            return
        if found.get("step") == "give_up":
            self._ask({"run_id": run_id, "step": "abandon", "reason": reason})
        else:
            step = {"run_id": run_id, "part": part, "step": "give_up", "reason": reason}
            self.parts.send([json.dumps(step)])

    def _run(self, body: str, reason: str) -> None:
        for run_id, step in _steps(body):
            if step != "abandon":
                following = "abandon" if step == "give_up" else "give_up"
                self._ask({"run_id": run_id, "step": following, "reason": reason})

    def _ask(self, step: Mapping[str, str]) -> None:
        self.exports.send([json.dumps(step)])


def _steps(body: str) -> Iterator[tuple[str, str]]:
    try:
        messages = arrivals.read(body)
    except ValueError:
        return  # what started no run leaves none behind
    for message in messages:
        yield message.run_id, message.step


def _object(body: str) -> Mapping[str, Any]:
    try:
        return arrivals.readable(body)
    except ValueError:
        return {}
