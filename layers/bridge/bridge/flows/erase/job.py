"""An erasure on its way: what it has done, where it goes on, and what it waits for."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol, Self

from bridge.flows.erase.subject import Subject

type Status = Literal["queued", "running", "done"]

LEFT = (
    "Braze and ActionIQ keep their own profiles: delete the person there too.",
    "An export that still names the person brings them back: take them out of its source first.",
    "Files in the export bucket stay until they expire.",
    "Messages still waiting in a queue (14 days at most) are not touched: ask again when they are gone.",
    "Backups: 35 days of point-in-time recovery of the tables; for a day what objects were before.",
    "Claims of an activation's recipients stay as shortened hashes until they expire.",
)
"""What an erasure does not reach, said in every answer."""


@dataclass(frozen=True, slots=True)
class Job:
    """`phase` and `cursor` say where to go on; `waits_on` names what was busy, as (phase, unit)."""

    id: str
    digest: str
    requested_at: str
    requested_by: str
    status: Status = "queued"
    phase: int = 0
    cursor: str = ""
    erased: Mapping[str, int] = field(default_factory=dict)
    waits_on: tuple[tuple[int, str], ...] = ()
    updated_at: str = ""
    ended_at: str = ""

    @classmethod
    def of(cls, subject: Subject, *, at: str, by: str) -> Self:
        """One that nobody has begun."""
        return cls(subject.job_id, subject.digest, at, by, updated_at=at)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """From what `fields` gave."""
        waits_on = tuple((phase, unit) for phase, unit in fields.get("waits_on", ()))
        return cls(**{**fields, "waits_on": waits_on})

    def fields(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    def counted(self, found: Mapping[str, int]) -> Self:
        """With what was erased just now."""
        both = {name: self.erased.get(name, 0) + found.get(name, 0) for name in {*self.erased, *found}}
        return replace(self, erased=dict(sorted(both.items())))

    def shown(self) -> dict[str, Any]:
        """As the API gives it; whom it is about stays a digest."""
        return {
            "id": self.id,
            "status": self.status,
            "subject": self.digest,
            "requested_at": self.requested_at,
            "requested_by": self.requested_by,
            "ended_at": self.ended_at or None,
            "erased": dict(self.erased),
            "waits_on": [unit for _, unit in self.waits_on],
            "not_erased": list(LEFT),
        }


class Jobs(Protocol):
    """Where erasures are kept; a write says by its answer whether this worker still held the job."""

    def ask(self, job_id: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields of the one under way, else these as of a new one."""

    def get(self, job_id: str) -> Mapping[str, Any] | None: ...
    def hold(self, job_id: str, owner: str, seconds: int) -> bool: ...
    def save(self, job_id: str, fields: Mapping[str, Any], owner: str) -> bool: ...
    def let_go(self, job_id: str, owner: str) -> None: ...


class Phase(Protocol):
    """One kind of thing a person is kept in, unit by unit; erasing a unit again changes nothing more."""

    def units(self, after: str) -> tuple[list[str], str | None]:
        """The units that follow, and after which the next ones do; None at the end."""

    def erase(self, unit: str, subject: Subject) -> Mapping[str, int] | None:
        """What was erased by kind; None when the unit is busy and has to wait."""
