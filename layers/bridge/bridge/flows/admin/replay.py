"""Replaying dead letters: claimed, sent to the queue they came from, marked; a failed send frees them."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Annotated, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, from_json

from bridge.flows.admin.admin_api import Call
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import parsed
from bridge.flows.admin.lists import Page, sealed_cursor
from bridge.flows.events.gateway import Answer, answer_json

MOST = 1000
"""Letters one call replays at most."""
LONGEST = timedelta(seconds=20)
"""A call gives up beginning anything new after this long, well before the gateway does (30 s)."""
_TOGETHER = 100

Letter = dict[str, Any]
Ids = Annotated[
    list[Annotated[str, Field(pattern=r"^ltr_[0-9a-f]{1,64}$")]], Field(min_length=1, max_length=MOST)
]


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
    def mark_replayed(self, letter_ids: Sequence[str]) -> list[str]:
        """Those that were sent and could not be marked; they stay claimed for a while."""

    def bodies(self, letter_ids: Sequence[str]) -> list[str]: ...


class Queue(Protocol):
    """Takes bodies and tells which positions it did not take."""

    def offer(self, bodies: Sequence[str], *, group: str | None) -> Sequence[int]: ...


@dataclass(slots=True)
class _Done:
    """How many letters were sent, could not be sent, were left for lack of time; which were sent and not marked."""

    untried: int
    sent: int = 0
    failed: int = 0
    unmarked: list[str] = field(default_factory=list)

    def noted(self) -> dict[str, dict[str, Any]]:
        told = {"replayed": self.sent} | ({"unmarked": self.unmarked} if self.unmarked else {})
        return {name: {"old": None, "new": value} for name, value in told.items()}


@dataclass(frozen=True, slots=True)
class Replay:
    """`queues` holds the source queue of each lane."""

    letters: Letters
    queues: Mapping[str, Queue]
    audit: Audit
    clock: Callable[[], datetime]

    def replay(self, call: Call) -> Answer:
        """POST /v1/admin/dead-letters/replay: to be called again while `next_cursor` is not null."""
        request = parsed(ReplayRequest, call.document())
        until = self.clock() + LONGEST
        start = Page.of({"cursor": request.cursor or ""}).cursor
        wanted, cursor = self._wanted(request, start)
        waiting = self._waiting(request)
        asked = request.model_dump(exclude_none=True, exclude={"cursor"})
        noted = {field: {"old": None, "new": value} for field, value in asked.items()}
        with self.audit.act(call.actor, "dead_letters.replayed", "dead_letter", "", noted) as entry:
            done = self._send_all(wanted, until)
            entry["changes"] = noted | done.noted()
        remaining = done.failed + done.untried if waiting is None else max(0, waiting - done.sent)
        if done.untried and waiting is not None:
            # What was sent has left the list, so the same place in it is where to go on.
            cursor = start or ""
        told = {"replayed": done.sent, "remaining": remaining, "next_cursor": sealed_cursor(cursor)}
        return answer_json(200, {**told, "unmarked": done.unmarked})

    def _wanted(self, request: ReplayRequest, start: str | None) -> tuple[list[str], str | None]:
        if request.ids is not None:
            return list(dict.fromkeys(request.ids)), None
        return self._matching(request, start)

    def _waiting(self, request: ReplayRequest) -> int | None:
        if request.ids is not None:
            return None
        return self.letters.count(reason=request.reason, integration_id=request.integration_id)

    def _matching(self, request: ReplayRequest, cursor: str | None) -> tuple[list[str], str | None]:
        found: list[str] = []
        while True:
            letters, cursor = self.letters.page(
                MOST - len(found), cursor, reason=request.reason, integration_id=request.integration_id
            )
            found += [letter["id"] for letter in letters]
            if cursor is None or len(found) >= MOST or not letters:
                return found, cursor

    def _send_all(self, letter_ids: Sequence[str], until: datetime) -> "_Done":
        done = _Done(untried=len(letter_ids))
        for part in batched(letter_ids, _TOGETHER, strict=False):
            if self.clock() >= until:
                break
            self._send(part, done)
            done.untried -= len(part)
        return done

    def _send(self, letter_ids: Sequence[str], done: "_Done") -> None:
        letters = self.letters.claim(letter_ids)
        claimed = [letter["id"] for letter in letters]
        sent: set[str] = set()
        try:
            for together in _by_queue(letters, self.letters.bodies(claimed)):
                sent |= self._offer(together)
        finally:
            # What was sent was sent, whether or not the table can be told now.
            done.unmarked += self.letters.mark_replayed(sorted(sent))
            self.letters.release([one for one in claimed if one not in sent])
        done.sent += len(sent)
        done.failed += len(claimed) - len(sent)

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
        document = from_json(body, allow_inf_nan=False)
        if isinstance(document, dict) and {"delivery_id", "integration_id", "items"} <= document.keys():
            return json.dumps({**document, "replay_of": letter_id}, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return body
    return body


def _by_queue(letters: Sequence[Letter], bodies: Sequence[str]) -> list[list[tuple[Letter, str]]]:
    """Together what goes to one queue for one installation, which is the group that keeps the queue fair."""
    groups: defaultdict[tuple[str, str | None], list[tuple[Letter, str]]] = defaultdict(list)
    for letter, body in zip(letters, bodies, strict=True):
        groups[letter["queue"], letter["integration_id"]].append((letter, body))
    return list(groups.values())
