"""Replaying dead letters within one call: some by their ids, or up to a thousand of a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Annotated, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.flows.admin.admin_api import Call
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import parsed
from bridge.flows.admin.lists import Page, sealed_cursor
from bridge.flows.admin.resending import Letter, Sender
from bridge.flows.events.gateway import Answer, answer_json
from mapping.letter import Counted, Wanted

MOST = 1000
"""Letters one call replays at most."""
LONGEST = timedelta(seconds=2)
"""A call begins nothing new after this long: who has more to replay calls again, or starts a replay."""
TOGETHER = 100

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

    @property
    def wanted(self) -> Wanted:
        """What it asks for, unless it names letters."""
        return Wanted(reason=self.reason, integration_id=self.integration_id)


class Letters(Protocol):
    """Reads letters."""

    def several(self, letter_ids: Sequence[str]) -> list[Letter]: ...
    def page(
        self, limit: int, cursor: str | None, wanted: Wanted, *, replayed: bool = False
    ) -> tuple[list[Letter], str | None]: ...
    def counted(self) -> list[Counted]: ...


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
    """The call that replays what it names before it answers."""

    letters: Letters
    sender: Sender
    audit: Audit
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def replay(self, call: Call) -> Answer:
        """POST /v1/admin/dead-letters/replay: to be called again while `next_cursor` is not null."""
        request = parsed(ReplayRequest, call.document())
        until = self.clock() + LONGEST
        start = Page.of({"cursor": request.cursor or ""}).cursor
        waiting = self._waiting(request)
        wanted, cursor = self._wanted(request, start)
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

    def _wanted(self, request: ReplayRequest, start: str | None) -> tuple[list[Letter], str | None]:
        if request.ids is not None:
            return self.letters.several(request.ids), None
        return self.letters.page(MOST, start, request.wanted)

    def _waiting(self, request: ReplayRequest) -> int | None:
        if request.ids is not None:
            return None
        return sum(one.open for one in self.letters.counted() if request.wanted.has(one.group))

    def _send_all(self, letters: Sequence[Letter], until: datetime) -> _Done:
        done, owner = _Done(untried=len(letters)), self.new_id("rpl")
        for number, part in enumerate(batched(letters, TOGETHER, strict=False)):
            if number and self.clock() >= until:  # a call that sends nothing would be repeated for ever
                break
            told = self.sender.send(part, owner)
            done.untried -= len(part)
            done.sent += len(told.sent)
            done.failed += len(told.refused) + len(told.hopeless)
            done.unmarked += told.unmarked
        return done
