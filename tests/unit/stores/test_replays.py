"""Replays of many letters as rows: one worker at a time, counts that add up, an end that holds."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bridge.stores.replays import ReplayStore
from mapping.letter import ReplayJob, Wanted
from tests.unit.stores.admin_tables import Clock, aws, deliveries_table

AT = "2026-11-22T12:00:00.000Z"


@dataclass
class Place:
    jobs: ReplayStore
    clock: Clock

    def begin(self, number: int = 1) -> ReplayJob:
        job = ReplayJob(
            id=f"rpl_{number}",
            wanted=Wanted(reason="unauthorized", outcomes=("blocked", "dead")),
            created_at=f"2026-11-22T12:00:0{number}.000Z",
            created_by="Ada",
            until=AT,
            total=10,
        )
        assert self.jobs.create(job)
        return job


@pytest.fixture
def place() -> Iterator[Place]:
    with aws() as client:
        dynamodb, clock = client("dynamodb"), Clock()
        yield Place(ReplayStore(dynamodb, deliveries_table(dynamodb), clock), clock)


def test_a_replay_is_read_back_as_it_was_asked_for(place):
    job = place.begin()
    assert place.jobs.get("rpl_1") == job
    assert place.jobs.open() == [job]
    assert place.jobs.get("rpl_2") is None
    assert place.jobs.get("ltr_1") is None


def test_the_same_id_is_one_replay_also_after_its_end(place):
    job = place.begin()
    place.jobs.end(job.id, "done")
    assert not place.jobs.create(job)


def test_one_worker_at_a_time_has_it_until_its_lease_runs_out(place):
    job = place.begin()
    assert place.jobs.hold(job.id, "me") == job
    assert place.jobs.hold(job.id, "another") is None
    place.clock.forward(seconds=76)
    assert place.jobs.hold(job.id, "another") == job
    assert place.jobs.note(job, "me", replayed=1) is None
    place.jobs.let_go(job.id, "me")
    assert place.jobs.hold(job.id, "me") is None
    place.jobs.let_go(job.id, "another")
    assert place.jobs.hold(job.id, "me") == job


def test_what_is_sent_is_added_up_and_the_place_kept(place):
    job = place.begin()
    place.jobs.hold(job.id, "me")
    first = place.jobs.note(job.model_copy(update={"position": "p", "failed": 1}), "me", replayed=4)
    second = place.jobs.note(first.model_copy(update={"waits_for": "lane"}), "me", replayed=5)
    assert (second.replayed, second.failed, second.position, second.waits_for) == (9, 1, "p", "lane")
    ended = place.jobs.note(second, "me", ended=True)
    assert (ended.status, ended.ended_at, ended.replayed) == ("done", AT, 9)
    assert (place.jobs.open(), place.jobs.ended(9, None)) == ([], ([ended], None))


def test_what_a_cancelled_replay_had_on_its_way_is_counted(place):
    job = place.begin()
    place.jobs.hold(job.id, "me")
    assert place.jobs.end(job.id, "cancelled").status == "cancelled"
    assert place.jobs.end(job.id, "done") is None
    noted = place.jobs.note(job, "me", replayed=4, ended=True)
    assert (noted.status, noted.replayed) == ("cancelled", 4)
    assert place.jobs.hold(job.id, "me") is None


def test_those_that_ended_are_listed_page_by_page(place):
    for number in range(1, 6):
        place.jobs.end(place.begin(number).id, "done")
    first, cursor = place.jobs.ended(2, None)
    second, cursor = place.jobs.ended(2, cursor)
    third, last = place.jobs.ended(2, cursor)
    assert [one.id for one in first + second + third] == [f"rpl_{n}" for n in (5, 4, 3, 2, 1)]
    assert last is None
