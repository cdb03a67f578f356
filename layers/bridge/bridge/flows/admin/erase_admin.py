"""Erasing a person on request: asked for here, done by the planner, audited without a name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.flows.admin.admin_api import Call, missing
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.configuration import parsed
from bridge.flows.erase.erasing import message
from bridge.flows.erase.job import Job
from bridge.flows.erase.subject import Subject
from bridge.flows.events.gateway import Answer, answer_json
from mapping.times import iso

Identifier = Annotated[str, Field(min_length=1, max_length=1024)]


class EraseRequest(BaseModel):
    """At least one identifier; `user_id` is Signal's word for Braze's `external_id`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, json_schema_extra={"minProperties": 1}
    )

    external_id: Identifier | None = None
    user_id: Identifier | None = None
    braze_id: Identifier | None = None
    anonymous_id: Identifier | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not any(self.model_dump().values()):
            raise PydanticCustomError(
                "no_identifier", "give external_id (or user_id), braze_id or anonymous_id"
            )
        if self.external_id and self.user_id and self.external_id != self.user_id:
            raise PydanticCustomError("two_people", "external_id and user_id are the same identifier")
        return self

    def subject(self) -> Subject:
        """Whom it is about."""
        return Subject(self.external_id or self.user_id or "", self.braze_id or "", self.anonymous_id or "")


class Jobs(Protocol):
    """Where erasures are kept."""

    def ask(self, job_id: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields of the one under way, else these as of a new one. Raises Retryable."""

    def get(self, job_id: str) -> Mapping[str, Any] | None: ...


class Queue(Protocol):
    """Takes bodies; raises Retryable when it cannot."""

    def send(self, bodies: Sequence[str], *, group: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Erasures:
    """`exports` is the queue of the function that has DuckDB."""

    jobs: Jobs
    exports: Queue
    audit: Audit
    clock: Callable[[], datetime]

    def ask(self, call: Call) -> Answer:
        """POST /v1/admin/subjects/erase: 202; asked again while it goes on it is the same job, afterwards a new round.

        The message is sent each time, so that a call that got only half way (503) can be made again.
        """
        subject = parsed(EraseRequest, call.document()).subject()
        asked: dict[str, Any] = {"identifiers": {"old": None, "new": sorted(subject.named())}}
        with self.audit.act(call.actor, "subject.erasure_requested", "subject", subject.digest, asked):
            by = call.actor.name or call.actor.token_id
            wanted = Job.of(subject, at=iso(self.clock()), by=by)
            job = Job.read(self.jobs.ask(wanted.id, wanted.fields()))
            self.exports.send([message(subject)])
        return answer_json(202, job.shown())

    def get(self, call: Call) -> Answer:
        """GET /v1/admin/subjects/erase/{id}: how far it is, and what it does not reach."""
        kept = self.jobs.get(call.params["id"])
        if kept is None:
            raise missing("erasure")
        return answer_json(200, Job.read(kept).shown())


def ended(job: Job, *, entry_id: str, at: str) -> dict[str, Any]:
    """The audit entry of an erasure that is done, written by the worker: no request stands behind it."""
    return {
        "id": entry_id,
        "action": "subject.erased",
        "outcome": "done",
        "user_id": "",
        "user_name": job.requested_by,
        "resource_type": "subject",
        "resource_id": job.digest,
        "changes": {"erased": {"old": dict(job.erased), "new": None}},
        "ip_address": "",
        "user_agent": "",
        "timestamp": at,
    }
