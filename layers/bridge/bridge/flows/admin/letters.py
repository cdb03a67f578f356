"""Dead letters: filing what a queue gave up, and reading what was filed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic_core import from_json

from bridge.flows.admin.admin_api import Call, invalid, missing
from bridge.flows.admin.lists import Page, listed
from bridge.flows.admin.viewing import body_masked, sees_people
from bridge.flows.events.gateway import Answer, answer_json
from bridge.flows.problems import at

CRASHES_THE_WORKER = "crashes_the_worker"
"""The reason of a letter that no worker explained: SQS moved it after too many receives."""

LONGEST_ID = 128

Letter = dict[str, Any]
"""`id, queue, reason, detail, integration_id, delivery_id, receive_count, at, replayed_at`"""


class Filing(Protocol):
    """Keeps a letter and its body; False when it was kept before."""

    def file(
        self,
        body: str,
        *,
        queue: str,
        message_id: str,
        reason: str,
        detail: str,
        integration_id: str,
        delivery_id: str,
        receive_count: int,
    ) -> bool: ...


class Letters(Protocol):
    """Reads letters."""

    def page(
        self,
        limit: int,
        cursor: str | None,
        *,
        reason: str | None,
        integration_id: str | None,
        replayed: bool,
    ) -> tuple[list[Letter], str | None]: ...
    def get(self, letter_id: str) -> Letter | None: ...
    def body(self, letter_id: str) -> str: ...


def file_record(record: Mapping[str, Any], queues: Mapping[str, str], letters: Filing) -> bool:
    """File one record of an SQS event; `queues` maps a dead-letter queue's name to the lane it serves."""
    told = {
        name: str(one.get("stringValue", "")) for name, one in (record.get("messageAttributes") or {}).items()
    }
    body = record["body"]
    known = {**_named_in(body), **{name: value for name, value in told.items() if value}}
    arrival = record["eventSourceARN"].rpartition(":")[2]
    return letters.file(
        body,
        queue=queues.get(arrival, arrival),
        message_id=record["messageId"],
        reason=known.get("reason", CRASHES_THE_WORKER),
        detail=known.get("detail", ""),
        integration_id=known.get("integration_id", ""),
        delivery_id=known.get("delivery_id", ""),
        receive_count=int(record.get("attributes", {}).get("ApproximateReceiveCount", 0)),
    )


@dataclass(frozen=True, slots=True)
class LetterDesk:
    """The reading side of the admin API."""

    letters: Letters

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/dead-letters?reason=&integration_id=&status=open|replayed, newest first."""
        status = call.query.get("status") or "open"
        if status not in {"open", "replayed"}:
            raise invalid([at("/status", "unknown_status", "status must be open or replayed")])
        page = Page.of(call.query)
        found, cursor = self.letters.page(
            page.limit,
            page.cursor,
            reason=call.query.get("reason"),
            integration_id=call.query.get("integration_id"),
            replayed=status == "replayed",
        )
        return listed(found, cursor)

    def get(self, call: Call) -> Answer:
        """GET /v1/admin/dead-letters/{id}: the letter, and its `body` as it was received; masked for viewers."""
        found = self.letters.get(call.params["id"])
        if found is None:
            raise missing("letter")
        body = self.letters.body(found["id"])
        return answer_json(200, {**found, "body": body if sees_people(call) else body_masked(body)})


def _named_in(body: str) -> dict[str, str]:
    """What a delivery message says of itself, for letters that come without attributes."""
    try:
        document = from_json(body)
    except ValueError:
        return {}
    named = ("integration_id", "delivery_id")
    found = {name: document.get(name) for name in named} if isinstance(document, dict) else {}
    return {
        name: value for name, value in found.items() if isinstance(value, str) and len(value) <= LONGEST_ID
    }
