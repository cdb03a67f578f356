"""Replaying by itself what a broken installation could not deliver, once it was mended and is seen to work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from bridge.flows.admin.admin_api import Actor
from bridge.flows.admin.audit import Audit, Changes
from mapping.installation import Installation, Settings
from mapping.letter import Counted, ReplayJob, Wanted
from mapping.times import iso

BY = "replay_when_mended"
KNOWN = timedelta(seconds=10)
"""By then every worker has heard of a change: they look for one every 5 s."""


class Installations(Protocol):
    """Where installations are kept."""

    def all(self) -> Sequence[Installation]: ...


class HealthRows(Protocol):
    """What is known of an installation: `status`, and `at`, the moment it was found so."""

    def get(self, installation_id: str) -> Mapping[str, Any] | None: ...


class Letters(Protocol):
    """Counts letters."""

    def counted(self) -> list[Counted]: ...


class Jobs(Protocol):
    """Where replays are kept."""

    def get(self, replay_id: str) -> ReplayJob | None: ...
    def create(self, job: ReplayJob) -> bool: ...


class Depths(Protocol):
    """How many messages wait, by lane; `dead_letters` are those that are not filed yet."""

    def all(self) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Mended:
    """One replay for each change of an installation, so that what fails again waits for the next one."""

    installations: Installations
    health: HealthRows
    letters: Letters
    jobs: Jobs
    depths: Depths
    audit: Audit
    clock: Callable[[], datetime]

    def look(self) -> int:
        """How many replays were begun."""
        able = [one for one in self.installations.all() if self._works_again(one)]
        if not able:
            return 0
        counted, unfiled = self.letters.counted(), self._unfiled()
        return sum(self._begun(one, counted) for one in able if one.catalog_key not in unfiled)

    def _works_again(self, one: Installation) -> bool:
        """Changed since it was installed, found healthy since that change, and not replayed for it."""
        if not (one.enabled and one.revision.revision_number > 1 and Settings.of(one).replay_when_mended):
            return False
        if one.revision.created_at > iso(self.clock() - KNOWN):
            return False
        seen = self.health.get(one.id)
        if seen is None or seen["status"] != "healthy" or seen["at"] < one.revision.created_at:
            return False
        return self.jobs.get(_replay_id(one)) is None

    def _unfiled(self) -> set[str]:
        """Lanes whose letters are still being filed: a replay takes those that were filed before it began."""
        return {str(lane["name"]) for lane in self.depths.all() if lane["dead_letters"]}

    def _begun(self, one: Installation, counted: Sequence[Counted]) -> bool:
        wanted = Wanted(integration_id=one.id, outcomes=("blocked",))
        total = sum(found.open for found in counted if wanted.has(found.group))
        if not total:
            return False
        now = iso(self.clock())
        job = ReplayJob(
            id=_replay_id(one),
            wanted=wanted,
            created_at=now,
            created_by=BY,
            until=now,
            total=total,
        )
        why: Changes = {
            "integration_id": {"old": None, "new": one.id},
            "letters": {"old": None, "new": total},
        }
        with self.audit.act(Actor("", "", BY), "replay.started", "replay", job.id, why):
            return self.jobs.create(job)


def _replay_id(one: Installation) -> str:
    return "rpl_" + sha256(f"{one.id}/{one.revision.id}".encode()).hexdigest()[:24]
