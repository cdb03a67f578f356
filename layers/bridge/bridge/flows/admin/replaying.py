"""Carrying replays out: step by step, oldest letter first, no faster than a lane can take it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, Protocol

from bridge.flows.admin.resending import Letter, Sender, Sent
from mapping.letter import Counted, ReplayJob, Wanted
from mapping.times import iso

READ = 1000
TOGETHER = 100
LANE_FULL = 3000
"""Messages waiting in a lane at which a replay stands back: three seconds of Braze's 1,000 requests a second."""
PASSES = 3
"""How often a list is gone through until what is left of it counts as failed."""
TRIES = 3
"""Steps in a row for which a queue may refuse the same letters until the replay goes on without them."""
SETTLES = timedelta(seconds=5)
"""The index of letters follows the letters within this time."""
CLAIMS_END = timedelta(seconds=300)
"""When letters in the hands of another replay, which died, are free again."""


class Letters(Protocol):
    """Counts open letters, and reads them oldest first."""

    def counted(self) -> list[Counted]: ...
    def oldest(
        self, limit: int, wanted: Wanted, *, after: str, until: str
    ) -> tuple[list[Letter], str | None]: ...


class Jobs(Protocol):
    """Where replays are kept; one worker at a time has one."""

    def open(self) -> list[ReplayJob]: ...
    def hold(self, replay_id: str, owner: str) -> ReplayJob | None: ...
    def note(
        self, job: ReplayJob, owner: str, *, replayed: int = 0, ended: bool = False
    ) -> ReplayJob | None: ...
    def let_go(self, replay_id: str, owner: str) -> None: ...


class Depths(Protocol):
    """How many messages wait, by lane."""

    def all(self) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Replaying:
    """Several workers may call it at the same time, also on the same replay."""

    jobs: Jobs
    letters: Letters
    sender: Sender
    depths: Depths
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def work(self, most: int, until: datetime) -> int:
        """Take all replays a step on, `most` letters in all; how many were sent."""
        left = most
        for job in self.jobs.open():
            if left <= 0 or self.clock() >= until:
                break
            left -= self.step(job.id, left, until)
        return most - left

    def step(self, replay_id: str, most: int, until: datetime) -> int:
        """Take one replay a step on, unless another worker has it; how many letters were sent."""
        owner = self.new_id("wrk")
        job = self.jobs.hold(replay_id, owner)
        if job is None:
            return 0
        try:
            return self._carry(job, owner, most, until) if job.not_before <= iso(self.clock()) else 0
        finally:
            self.jobs.let_go(replay_id, owner)

    def _carry(self, job: ReplayJob, owner: str, most: int, until: datetime) -> int:
        sent = 0
        while sent < most and self.clock() < until:
            letters, following = self.letters.oldest(
                min(READ, most - sent), job.wanted, after=job.position, until=job.until
            )
            if self._full(letters):
                self.jobs.note(job.model_copy(update={"waits_for": "lane"}), owner)
                return sent
            for part in batched(letters, TOGETHER, strict=False):
                if self.clock() >= until:
                    return sent
                told = self.sender.send(part, job.id)
                sent += len(told.sent)
                kept = self.jobs.note(_after(job, part, told), owner, replayed=len(told.sent))
                if kept is None or kept.status != "replaying" or kept.waits_for:
                    return sent
                job = kept
            if following is None:
                self._passed(job, owner)
                return sent
        return sent

    def _full(self, letters: Sequence[Letter]) -> bool:
        lanes = {one["queue"] for one in letters}
        return bool(lanes) and any(
            lane["waiting"] >= LANE_FULL for lane in self.depths.all() if lane["name"] in lanes
        )

    def _passed(self, job: ReplayJob, owner: str) -> None:
        """At the end of the list: done, or through it again for what another replay had or the index lacked."""
        there = sum(
            one.open for one in self.letters.counted() if one.day <= job.until and job.wanted.has(one.group)
        )
        left = min(there, max(0, job.total - job.replayed))
        if left <= job.failed or job.passes + 1 >= PASSES:
            self.jobs.note(job.model_copy(update={"failed": left, "waits_for": ""}), owner, ended=True)
            return
        waits, wait = ("filing", SETTLES) if job.passes == 0 else ("claims", CLAIMS_END)
        again = {"passes": job.passes + 1, "failed": 0, "position": "", "waits_for": waits}
        when = iso(self.clock() + wait)
        self.jobs.note(job.model_copy(update=again | {"not_before": when}), owner)


def _after(job: ReplayJob, part: Sequence[Letter], told: Sent) -> ReplayJob:
    """Where the replay stands after these letters: at the same place while a queue refuses some of them."""
    if told.refused and job.stuck + 1 < TRIES:
        return job.model_copy(update={"stuck": job.stuck + 1, "waits_for": "queue"})
    lost = len(told.refused) + len(told.hopeless)
    last = part[-1]
    moved = {"position": f"{last['at']}#{last['id']}", "stuck": 0, "waits_for": ""}
    return job.model_copy(update={**moved, "failed": job.failed + lost})
