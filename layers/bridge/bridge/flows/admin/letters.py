"""Dead letters: filing what a queue gave up, and reading what was filed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic_core import from_json

from bridge.flows.admin.admin_api import Call, invalid, missing
from bridge.flows.admin.lists import Page, listed
from bridge.flows.admin.viewing import body_masked, sees_people
from bridge.flows.events.gateway import Answer, answer_json
from bridge.flows.problems import at
from mapping.letter import LONGEST_NAME, OUTCOMES, Counted, Group, Wanted

CRASHES_THE_WORKER = "crashes_the_worker"
"""The reason of a letter that no worker explained: SQS moved it after too many receives."""

Letter = dict[str, Any]


class Filing(Protocol):
    """Keeps a letter and its body; False when it was kept before."""

    def file(
        self,
        body: str,
        *,
        queue: str,
        identity: str,
        otherwise: str = "",
        receive_count: int = 0,
        **told: str,
    ) -> bool: ...
    def several(self, letter_ids: Sequence[str]) -> list[Letter]: ...
    def mark_replayed(self, letters: Sequence[Letter]) -> list[str]: ...


class Letters(Protocol):
    """Reads and counts letters."""

    def page(
        self, limit: int, cursor: str | None, wanted: Wanted, *, replayed: bool = False
    ) -> tuple[list[Letter], str | None]: ...
    def counted(self) -> list[Counted]: ...
    def get(self, letter_id: str) -> Letter | None: ...
    def bodies(self, letter_ids: Sequence[str]) -> list[str | None]: ...


def file_record(record: Mapping[str, Any], queues: Mapping[str, str], letters: Filing) -> bool:
    """File one record of an SQS event; `queues` maps a dead-letter queue's name to the lane it serves.

    A letter that was replayed and failed again takes the first one's place, also when the replay died before it
    could mark it; of several messages of one replay only one is filed.
    """
    told = {
        name: str(one.get("stringValue", "")) for name, one in (record.get("messageAttributes") or {}).items()
    }
    arrival = record["eventSourceARN"].rpartition(":")[2]
    queue = queues.get(arrival, arrival)
    # Whoever may feed the event queue says what he likes in it: that names no installation.
    named = _named_in(record["body"]) if queue != "event" else {}
    known = {**named, **{name: value for name, value in told.items() if value}}
    origin, before = known.get("message_id") or record["messageId"], known.get("replay_of", "")
    subject = known.get("delivery_id") or (origin if before else record["messageId"])
    outcome = known.get("outcome")
    filed = letters.file(
        record["body"],
        queue=queue,
        identity=f"{subject}/{before}",
        otherwise=record["messageId"],
        receive_count=int(record.get("attributes", {}).get("ApproximateReceiveCount", 0)),
        message_id=origin,
        reason=known.get("reason", CRASHES_THE_WORKER)[:LONGEST_NAME],
        outcome=outcome if outcome in OUTCOMES else "dead",
        detail=known.get("detail", ""),
        integration_id=known.get("integration_id", "")[:LONGEST_NAME],
        delivery_id=known.get("delivery_id", ""),
    )
    if before:
        letters.mark_replayed(letters.several([before]))
    return filed


@dataclass(frozen=True, slots=True)
class LetterDesk:
    """The reading side of the admin API."""

    letters: Letters

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/dead-letters?reason=&integration_id=&queue=&outcome=&status=open|replayed, newest first."""
        replayed, page = _replayed(call), Page.of(call.query)
        return listed(*self.letters.page(page.limit, page.cursor, _wanted(call), replayed=replayed))

    def groups(self, call: Call) -> Answer:
        """GET /v1/admin/dead-letters/groups: how many of each, the most first; no letter is read for it."""
        replayed, wanted = _replayed(call), _wanted(call)
        numbers: Counter[Group] = Counter()
        days: dict[Group, list[str]] = {}
        for one in self.letters.counted():
            number = one.replayed if replayed else one.open
            if number > 0 and wanted.has(one.group):
                numbers[one.group] += number
                days.setdefault(one.group, []).append(one.day)
        found = [
            {**group._asdict(), "integration_id": group.integration_id or None, "count": number}
            | {"first_day": min(days[group]), "last_day": max(days[group])}
            for group, number in numbers.most_common()
        ]
        return answer_json(200, {"data": found, "total": numbers.total()})

    def get(self, call: Call) -> Answer:
        """GET /v1/admin/dead-letters/{id}: the letter, and its `body` as it was received; masked for viewers."""
        found = self.letters.get(call.params["id"])
        body = self.letters.bodies([found["id"]])[0] if found else None
        if found is None or body is None:
            raise missing("letter")
        return answer_json(200, {**found, "body": body if sees_people(call) else body_masked(body)})


def _replayed(call: Call) -> bool:
    status = call.query.get("status") or "open"
    if status not in {"open", "replayed"}:
        raise invalid([at("/status", "unknown_status", "status must be open or replayed")])
    return status == "replayed"


def _wanted(call: Call) -> Wanted:
    outcome = call.query.get("outcome")
    if outcome and outcome not in OUTCOMES:
        raise invalid([at("/outcome", "unknown_outcome", f"outcome must be one of {', '.join(OUTCOMES)}")])
    named = {name: call.query.get(name) or None for name in ("reason", "integration_id", "queue")}
    return Wanted.model_validate({**named, "outcomes": [outcome] if outcome else None})


def _named_in(body: str) -> dict[str, str]:
    """What a delivery message says of itself, for letters that come without attributes."""
    try:
        document = from_json(body)
    except ValueError:
        return {}
    named = ("integration_id", "delivery_id", "replay_of")
    found = {name: document.get(name) for name in named} if isinstance(document, dict) else {}
    return {
        name: value for name, value in found.items() if isinstance(value, str) and len(value) <= LONGEST_NAME
    }
