"""Replays of any number of letters: asked for, looked at, cancelled; `replaying` carries them out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.errors import Problem, Rejected
from bridge.flows.admin.admin_api import Call, missing
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import parsed
from bridge.flows.admin.lists import Page, listed
from bridge.flows.events.gateway import Answer, answer_json
from mapping.letter import HELD, OUTCOMES, Counted, Outcome, ReplayJob, Wanted
from mapping.times import iso

MOST_OPEN = 20
AT_ONCE = 200
"""Letters that the call itself sends: a handful is done when it answers, and a flood is no call's work."""
LONGEST = timedelta(seconds=2)

Name = Annotated[str, Field(min_length=1, max_length=200)]


class ReplayOrder(BaseModel):
    """`all`, or what the letters have in common; `held` takes in those that may have arrived already."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    reason: Name | None = None
    integration_id: Name | None = None
    queue: Name | None = None
    outcome: Outcome | None = None
    all: bool = False
    held: bool = False

    @model_validator(mode="after")
    def _names_some(self) -> Self:
        named = any((self.reason, self.integration_id, self.queue, self.outcome))
        if named == self.all:
            raise PydanticCustomError("all_or_some", "give all: true, or what the letters have in common")
        return self

    @property
    def wanted(self) -> Wanted:
        """Held letters only when it says so."""
        outcomes = OUTCOMES if self.outcome is None else (self.outcome,)
        allowed = tuple(one for one in outcomes if self.held or one != HELD)
        return Wanted(
            reason=self.reason, integration_id=self.integration_id, queue=self.queue, outcomes=allowed
        )


class Letters(Protocol):
    """Counts letters."""

    def counted(self) -> list[Counted]: ...


class Jobs(Protocol):
    """Where replays are kept."""

    def create(self, job: ReplayJob) -> bool: ...
    def get(self, replay_id: str) -> ReplayJob | None: ...
    def open(self) -> list[ReplayJob]: ...
    def ended(self, limit: int, before: str | None) -> tuple[list[ReplayJob], str | None]: ...
    def end(self, replay_id: str, status: str) -> ReplayJob | None: ...


class Work(Protocol):
    """Carries a replay out, as far as one call may."""

    def step(self, replay_id: str, most: int, until: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Replays:
    """One replay per wish: who asks for what is under way is told of it."""

    letters: Letters
    jobs: Jobs
    work: Work
    audit: Audit
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def start(self, call: Call) -> Answer:
        """POST /v1/admin/replays: 202 with the replay, the first letters of which are sent already."""
        order = parsed(ReplayOrder, call.document())
        open_ones = self.jobs.open()
        same = next((one for one in open_ones if one.wanted == order.wanted), None)
        if same is not None:
            return answer_json(202, same.shown())
        if len(open_ones) >= MOST_OPEN:
            raise Problem(409, "TOO_MANY_REPLAYS", f"{MOST_OPEN} replays are under way: cancel one, or wait.")
        total = self._total(order.wanted)  # first: what is filed between the two is sent, and not waited for
        now = self.clock()
        job = ReplayJob(
            id=self.new_id("rpl"),
            wanted=order.wanted,
            created_at=iso(now),
            created_by=call.actor.name,
            until=iso(now),
            total=total,
        )
        noted = {name: value for name, value in order.model_dump(exclude_none=True).items() if value}
        with self.audit.act(call.actor, "replay.started", "replay", job.id, _new(noted)):
            self.jobs.create(job)
        self.work.step(job.id, AT_ONCE, now + LONGEST)
        return answer_json(202, (self.jobs.get(job.id) or job).shown())

    def list(self, call: Call) -> Answer:
        """GET /v1/admin/replays: first those under way, then those that ended, newest first."""
        page = Page.of(call.query)
        first = [] if page.cursor else [one.shown() for one in reversed(self.jobs.open())]
        ended, cursor = self.jobs.ended(page.limit, page.cursor)
        return listed([*first, *(one.shown() for one in ended)], cursor)

    def get(self, call: Call) -> Answer:
        """GET /v1/admin/replays/{id}."""
        return answer_json(200, self._found(call).shown())

    def cancel(self, call: Call) -> Answer:
        """POST /v1/admin/replays/{id}/cancel: nothing more is sent but the hundred letters that are on their way."""
        found = self._found(call)
        with self.audit.act(call.actor, "replay.cancelled", "replay", found.id, {}):
            ended = self.jobs.end(found.id, "cancelled")
            if ended is None:
                raise Rejected("already_ended")
        return answer_json(200, ended.shown())

    def _found(self, call: Call) -> ReplayJob:
        found = self.jobs.get(call.params["id"])
        if found is None:
            raise missing("replay")
        return found

    def _total(self, wanted: Wanted) -> int:
        return sum(one.open for one in self.letters.counted() if wanted.has(one.group))


def _new(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {"old": None, "new": value} for name, value in values.items()}
