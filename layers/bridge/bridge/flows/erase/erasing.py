"""The work of an erasure: phase by phase, written down after every few units, so that any worker can go on."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event, Thread
from typing import Any

from bridge.flows.erase.job import Job, Jobs, Phase
from bridge.flows.erase.subject import Subject
from bridge.flows.runs.arrivals import UnreadableMessage, readable
from bridge.flows.runs.run_messages import Work
from bridge.flows.runs.runs import Beat, Finished, Later, Verdict
from mapping.times import iso

LEASE_SECONDS = 60
BEAT_SECONDS = 10.0
BUSY_SECONDS, LONGEST_SECONDS = 60, 1_800
"""The longer an erasure waits for a run, the less often it looks: each look is one of its message's receives."""
SPARE_SECONDS = 120.0


def message(subject: Subject) -> str:
    """The queue body that asks for an erasure: the only place but the answering worker that names the person."""
    return json.dumps({"erase": subject.job_id, "subject": subject.named()})


def either(runs: Work, erasing: Callable[[], "Erasing"], remaining: Callable[[], float]) -> Work:
    """Takes erasures, and leaves every other message to `runs`; `remaining` are this invocation's seconds."""

    def work(body: str, *, owner: str, beat: Beat) -> Verdict:
        asked = readable(body)
        if "erase" not in asked:
            return runs(body, owner=owner, beat=beat)
        if not isinstance(asked.get("subject"), dict) or not isinstance(asked["erase"], str):
            raise UnreadableMessage("the message names nobody to erase")
        return erasing().erase(asked, owner=owner, beat=beat, remaining=remaining)

    return work


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """`noted` is told of the job when it is done."""

    jobs: Jobs
    phases: Sequence[Phase]
    executor: Executor
    clock: Callable[[], datetime]
    noted: Callable[[Job], None]

    def erase(
        self, asked: dict[str, Any], *, owner: str, beat: Beat, remaining: Callable[[], float]
    ) -> Verdict:
        """Go on with a job as far as this invocation gets."""
        kept = self.jobs.get(asked["erase"])
        if kept is None or kept["status"] == "done":
            return Finished()
        job = Job.read(kept)
        if not self.jobs.hold(job.id, owner, LEASE_SECONDS):
            return Later(LEASE_SECONDS, "another worker erases")
        try:
            with self._held(job.id, owner, beat) as held:
                return self._go_on(job, Subject.of(asked["subject"]), owner, held, remaining)
        finally:
            self.jobs.let_go(job.id, owner)

    def _go_on(
        self,
        job: Job,
        subject: Subject,
        owner: str,
        held: Callable[[], bool],
        remaining: Callable[[], float],
    ) -> Verdict:
        while job.phase < len(self.phases):
            job = self._page(job, subject)
            if not held() or not self._saved(job, owner):
                return Later(LEASE_SECONDS, "another worker has taken the erasure over")
            if remaining() < SPARE_SECONDS:
                return Later(1, "the erasure goes on")
        job = self._again(job, subject)
        if not job.waits_on:
            self.noted(job)
            job = replace(job, ended_at=iso(self.clock()))
        if not held() or not self._saved(job, owner):
            return Later(LEASE_SECONDS, "another worker has taken the erasure over")
        return Later(self._patience(job), "the erasure waits for runs to end") if job.waits_on else Finished()

    def _patience(self, job: Job) -> int:
        waited = self.clock() - datetime.fromisoformat(job.requested_at)
        return max(BUSY_SECONDS, min(LONGEST_SECONDS, round(waited.total_seconds() / 10)))

    def _page(self, job: Job, subject: Subject) -> Job:
        units, following = self.phases[job.phase].units(job.cursor)
        job = self._erased(job, [(job.phase, unit) for unit in units], subject)
        if following is None:
            return replace(job, phase=job.phase + 1, cursor="")
        return replace(job, cursor=following)

    def _again(self, job: Job, subject: Subject) -> Job:
        return self._erased(replace(job, waits_on=()), job.waits_on, subject)

    def _erased(self, job: Job, units: Sequence[tuple[int, str]], subject: Subject) -> Job:
        # One unit alone is a large one: it uses the threads itself.
        work = map if len(units) == 1 else self.executor.map
        found = work(lambda one: self.phases[one[0]].erase(one[1], subject), units)
        for unit, counts in zip(units, found, strict=True):
            job = replace(job, waits_on=(*job.waits_on, unit)) if counts is None else job.counted(counts)
        return job

    def _saved(self, job: Job, owner: str) -> bool:
        fields = replace(job, updated_at=iso(self.clock())).fields()
        return self.jobs.save(job.id, fields | {"status": "done" if job.ended_at else "running"}, owner)

    @contextmanager
    def _held(self, job_id: str, owner: str, beat: Beat) -> Iterator[Callable[[], bool]]:
        """Keeps lease and message from a thread of its own; gives the question whether the lease is still ours."""
        over, lost = Event(), Event()

        def tick() -> None:
            while not over.wait(BEAT_SECONDS):
                try:
                    beat()
                    if not self.jobs.hold(job_id, owner, LEASE_SECONDS):
                        lost.set()
                except Exception:  # noqa: BLE001, S112 - one missed beat is made good by the next
                    continue

        thread = Thread(target=tick, daemon=True)
        thread.start()
        try:
            yield lambda: not lost.is_set()
        finally:
            over.set()
            thread.join()
