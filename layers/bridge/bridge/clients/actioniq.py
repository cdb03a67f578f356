"""ActionIQ's ingestion API as we assume it: ActionIQ publishes no contract, so address and key header are settings."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from pydantic import SecretStr

from bridge.clients.rates import wait_when_spent
from bridge.clients.statuses import Witness, refusal, successful, text
from bridge.clients.transport import Answer, Transport
from bridge.errors import TooLarge, Unknown


@dataclass(frozen=True, slots=True)
class RecordsAnswer:
    """`rejected` maps a record's position to the reason; `pause` is seconds to leave the destination alone."""

    rejected: Mapping[int, str]
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class ActionIqClient:
    """One call, `POST {url}` with `{"records":[…]}`; raises the errors of `bridge.errors`."""

    transport: Transport
    clock: Callable[[], datetime]

    def send_records(
        self,
        url: str,
        header: str,
        value: SecretStr,
        records: Sequence[Any],
        *,
        witness: Witness | None = None,
    ) -> RecordsAnswer:
        """Send records under the configured key header. Raises TooLarge when the vendor refuses them as a whole."""
        headers = {"Content-Type": "application/json", header: value.get_secret_value()}
        payload = json.dumps({"records": records}, separators=(",", ":"), allow_nan=False).encode()
        answer = self.transport.send("POST", url, headers=headers, body=payload)
        body = answer.json()
        if witness is not None:
            witness(answer.status, body, answer.latency_ms)
        now = self.clock()
        error = refusal(answer, now)
        if error is not None:
            raise error
        if not successful(answer.status):
            message = body.get("message", body.get("error")) if isinstance(body, dict) else None
            raise TooLarge("refused_as_a_whole", text(message) or f"the vendor answered {answer.status}")
        return RecordsAnswer(_rejected(answer, body, len(records)), wait_when_spent(answer.headers, now))


def _rejected(answer: Answer, body: Any, sent: int) -> dict[int, str]:
    """The rejected positions; an answer that does not account for every record confirms none of them."""
    if answer.status == HTTPStatus.NO_CONTENT:
        return {}
    if not isinstance(body, dict):
        raise Unknown(
            "unreadable_answer", f"the vendor answered {answer.status} with a body that cannot be read"
        )
    listed = body.get("rejected") or []
    if not isinstance(listed, list) or not all(_names_a_record(entry, sent) for entry in listed):
        raise Unknown("unreadable_answer", "the vendor's list of rejected records cannot be read")
    rejected = {entry["index"]: text(entry.get("reason")) or "rejected_by_vendor" for entry in listed}
    accepted = body.get("accepted", sent - len(rejected))
    if accepted != sent - len(rejected):
        raise Unknown("counts_disagree", "accepted and rejected records do not add up to those sent")
    return rejected


def _names_a_record(entry: Any, sent: int) -> bool:
    index = entry.get("index") if isinstance(entry, dict) else None
    return isinstance(index, int) and not isinstance(index, bool) and 0 <= index < sent
