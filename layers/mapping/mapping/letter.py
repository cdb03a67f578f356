"""What dead letters are counted, found and replayed by, and a replay of many of them."""

import json
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict

Outcome = Literal["blocked", "dead", "unknown"]
"""Why nothing more was tried: the installation was misconfigured; attempts or receives were used up; a request
went out and nobody knows whether it arrived (a *held* letter, which a replay takes only when told to)."""

OUTCOMES: tuple[Outcome, ...] = ("blocked", "dead", "unknown")
HELD: Outcome = "unknown"
LONGEST_NAME = 128


class Group(NamedTuple):
    """Letters that are counted together; a letter of no installation has an empty id."""

    queue: str
    integration_id: str
    outcome: Outcome
    reason: str

    @property
    def key(self) -> str:
        """As text, ASCII and at most 2,048 bytes long."""
        return json.dumps([part[:LONGEST_NAME] for part in self], separators=(",", ":"))

    @classmethod
    def of(cls, key: str) -> Self:
        """Back from its text."""
        return cls(*json.loads(key))


class Counted(NamedTuple):
    """How many letters of a group were filed on one day (UTC, `yyyy-mm-dd`): still open, and replayed."""

    day: str
    group: Group
    open: int
    replayed: int


class Wanted(BaseModel):
    """Which letters; a field that is None matches every one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str | None = None
    integration_id: str | None = None
    queue: str | None = None
    outcomes: tuple[Outcome, ...] | None = None

    def has(self, group: Group) -> bool:
        """Whether letters of the group are wanted."""
        pairs = (
            (self.reason, group.reason),
            (self.integration_id, group.integration_id),
            (self.queue, group.queue),
        )
        named = all(wanted is None or wanted == found for wanted, found in pairs)
        return named and (self.outcomes is None or group.outcome in self.outcomes)


class ReplayJob(BaseModel):
    """A replay of many letters, carried out in steps; `until` is the moment up to which letters were filed.

    `position` is the place in the list, oldest first, up to which letters were dealt with; `passes` counts how
    often the list was gone through; before `not_before` (ISO 8601) nothing is done.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    status: Literal["replaying", "done", "cancelled"] = "replaying"
    wanted: Wanted
    created_at: str
    created_by: str
    until: str
    total: int
    replayed: int = 0
    failed: int = 0
    waits_for: Literal["", "lane", "queue", "claims", "filing"] = ""
    position: str = ""
    passes: int = 0
    stuck: int = 0
    not_before: str = ""
    ended_at: str = ""

    def shown(self) -> dict[str, Any]:
        """As the API shows it; `remaining` is what the job still means to send."""
        wanted = self.wanted
        left = max(0, self.total - self.replayed - self.failed) if self.status == "replaying" else 0
        return {
            "id": self.id,
            "status": self.status,
            "reason": wanted.reason,
            "integration_id": wanted.integration_id,
            "queue": wanted.queue,
            "outcomes": list(wanted.outcomes or OUTCOMES),
            "total": self.total,
            "replayed": self.replayed,
            "failed": self.failed,
            "remaining": left,
            "waits_for": self.waits_for or None,
            "created_at": self.created_at,
            "created_by": self.created_by,
            "ended_at": self.ended_at or None,
        }
