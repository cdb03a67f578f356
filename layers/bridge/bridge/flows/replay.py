"""Replaying dead letters: claimed first, sent to the queue they came from, then marked; a failed send frees them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Annotated, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, from_json

from bridge.flows.admin_api import Call
from bridge.flows.audit import Audit
from bridge.flows.configuration import parsed
from bridge.flows.gateway import Answer, answer_json
from bridge.flows.lists import Page, sealed_cursor

MOST = 1000
"""Letters one call replays at most."""
_TOGETHER = 100

Letter = dict[str, Any]
Ids = Annotated[list[Annotated[str, Field(pattern=r"^ltr_[0-9a-f]{1,64}$")]], Field(min_length=1, max_length=MOST)]


class ReplayRequest(BaseModel):
    """Either `ids`, or a `reason` and, if wished, one installation."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    ids: Ids | None = None
    reason: Annotated[str, Field(min_length=1)] | None = None
    integration_id: str | None = None
    cursor: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.ids is None) == (self.reason is None):
            raise PydanticCustomError("ids_or_reason", "give either ids or a reason")
        return self


class Letters(Protocol):
    """Claims letters so that no two calls send the same one."""

    def page(
        self, limit: int, cursor: str | None, *, reason: str | None, integration_id: str | None
    ) -> tuple[list[Letter], str | None]: ...
    def count(self, *, reason: str | None, integration_id: str | None) -> int: ...
    def claim(self, letter_ids: Sequence[str]) -> list[Letter]: ...
    def release(self, letter_ids: Sequence[str]) -> None: ...
    def mark_replayed(self, letter_ids: Sequence[str]) -> None: ...
    def bodies(self, letter_ids: Sequence[str]) -> list[str]: ...


class Queue(Protocol):
    """Takes bodies and tells which positions it did not take."""

    def offer(self, bodies: Sequence[str], *, group: str | None) -> Sequence[int]: ...


@dataclass(frozen=True, slots=True)
class Replay:
    """`queues` holds the source queue of each lane."""

    letters: Letters
    queues: Mapping[str, Queue]
    audit: Audit

    def replay(self, call: Call) -> Answer:
        """POST /v1/admin/dead-letters/replay: `{"replayed","remaining","next_cursor"}`; call again while there is
        a cursor."""
        request = parsed(ReplayRequest, call.document())
        if request.ids is not None:
            wanted, cursor, open_before = list(dict.fromkeys(request.ids)), None, len(set(request.ids))
        else:
            start = Page.of({"cursor": request.cursor or ""}).cursor
            wanted, cursor = self._matching(request, start)
            open_before = self.letters.count(reason=request.reason, integration_id=request.integration_id)
        replayed = sum(self._send(part) for part in batched(wanted, _TOGETHER))
        asked = request.model_dump(exclude_none=True, exclude={"ids", "cursor"}) | {"replayed": replayed}
        noted = {field: {"old": None, "new": value} for field, value in asked.items()}
        self.audit.record(call.actor, "dead_letters.replayed", "dead_letter", wanted[0] if wanted else "", noted)
        remaining = max(0, open_before - replayed)
        return answer_json(
            200, {"replayed": replayed, "remaining": remaining, "next_cursor": sealed_cursor(cursor)}
        )

    def _matching(self, request: ReplayRequest, cursor: str | None) -> tuple[list[str], str | None]:
        found: list[str] = []
        while True:
            letters, cursor = self.letters.page(
                MOST - len(found), cursor, reason=request.reason, integration_id=request.integration_id
            )
            found += [letter["id"] for letter in letters]
            if cursor is None or len(found) >= MOST or not letters:
                return found, cursor

    def _send(self, letter_ids: Sequence[str]) -> int:
        claimed = self.letters.claim(letter_ids)
        sent: set[str] = set()
        try:
            bodies = self.letters.bodies([letter["id"] for letter in claimed])
            for letters in _by_queue(zip(claimed, bodies, strict=True)):
                sent |= self._offer(letters)
        finally:
            self.letters.mark_replayed(sorted(sent))
            self.letters.release([letter["id"] for letter in claimed if letter["id"] not in sent])
        return len(sent)

    def _offer(self, letters: Sequence[tuple[Letter, str]]) -> set[str]:
        first = letters[0][0]
        if first["queue"] not in self.queues:
            return set()
        bodies = [replayable(body, letter["id"]) for letter, body in letters]
        unsent = set(self.queues[first["queue"]].offer(bodies, group=first["integration_id"]))
        return {letter["id"] for position, (letter, _) in enumerate(letters) if position not in unsent}


def replayable(body: str, letter_id: str) -> str:
    """A delivery message names the letter it is a replay of; any other body goes back as it came."""
    try:
        document = from_json(body)
    except ValueError:
        return body
    if isinstance(document, dict) and {"delivery_id", "integration_id", "items"} <= document.keys():
        return json.dumps({**document, "replay_of": letter_id}, separators=(",", ":"))
    return body


def _by_queue(letters: Any) -> list[list[tuple[Letter, str]]]:
    groups: defaultdict[tuple[str, str | None], list[tuple[Letter, str]]] = defaultdict(list)
    for letter, body in letters:
        groups[letter["queue"], letter["integration_id"]].append((letter, body))
    return list(groups.values())
