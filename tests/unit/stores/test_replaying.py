"""A replay through the real stores: table, bucket, queue; a worker that is killed, and the one that follows it."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from bridge.flows.admin import replaying
from bridge.flows.admin.letters import file_record
from bridge.flows.admin.replaying import Replaying
from bridge.flows.admin.resending import Sender
from bridge.stores import letters as stored
from bridge.stores.depths import QueueDepths
from bridge.stores.letters import LetterStore
from bridge.stores.queues import Queue
from bridge.stores.replays import LEASE, ReplayStore
from mapping.letter import ReplayJob, Wanted
from tests.unit.stores.admin_tables import Clock, aws, deliveries_table, state_bucket

ARN = "arn:aws:sqs:eu-central-1:1:BrazeDead"


class Killed(BaseException):
    """The worker is gone, and notes nothing more."""


@dataclass
class Place:
    letters: LetterStore
    jobs: ReplayStore
    clock: Clock
    sqs: Any
    url: str
    names: Iterator[int] = field(default_factory=count)

    def fails(self, number: int, reason: str = "unauthorized", replay_of: str | None = None) -> None:
        body = {"delivery_id": f"dlv_{number}", "integration_id": "int_1", "items": []}
        told = {"reason": reason, "outcome": "blocked", "integration_id": "int_1"}
        record = {
            "messageId": f"m{number}-{reason}",
            "body": json.dumps(body | ({"replay_of": replay_of} if replay_of else {})),
            "eventSourceARN": ARN,
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {name: {"stringValue": value} for name, value in told.items()},
        }
        partial(file_record, queues={"BrazeDead": "braze"}, letters=self.letters)(record)

    def work(self) -> int:
        queues = {"braze": Queue(self.sqs, self.url)}
        depths = QueueDepths(self.sqs, {"braze": (self.url, self.url)})
        sender = Sender(self.letters, queues)
        work = Replaying(
            self.jobs, self.letters, sender, depths, self.clock, lambda _: f"w{next(self.names)}"
        )
        return work.work(6000, self.clock() + timedelta(seconds=45))

    def begin(self) -> str:
        now = self.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        wanted = Wanted(outcomes=("blocked", "dead"))
        total = sum(one.open for one in self.letters.counted())
        job = ReplayJob(id="rpl_1", wanted=wanted, created_at=now, created_by="Ada", until=now, total=total)
        assert self.jobs.create(job)
        return job.id

    def sent(self) -> Counter[str]:
        found: Counter[str] = Counter()
        while answer := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found.update(json.loads(one["Body"])["replay_of"] for one in answer)
        return found

    def open(self) -> int:
        return sum(one.open for one in self.letters.counted())


@pytest.fixture
def place(monkeypatch) -> Iterator[Place]:
    monkeypatch.setattr(replaying, "TOGETHER", 4)
    monkeypatch.setattr(stored, "_WORKERS", 2)
    with aws() as client:
        dynamodb, s3, sqs, clock = client("dynamodb"), client("s3"), client("sqs"), Clock()
        table, bucket = deliveries_table(dynamodb), state_bucket(s3)
        url = sqs.create_queue(QueueName="braze")["QueueUrl"]
        letters = LetterStore(dynamodb, table, s3, bucket, clock)
        yield Place(letters, ReplayStore(dynamodb, table, clock), clock, sqs, url)


def test_a_replay_ends_with_every_letter_sent_once_and_counted(place: Place) -> None:
    for number in range(10):
        place.fails(number)
        place.clock.forward(hours=7)
    name = place.begin()
    assert place.work() == 10
    done = place.jobs.get(name)
    assert done is not None
    assert (done.status, done.replayed, done.failed) == ("done", 10, 0)
    assert set(place.sent().values()) == {1}
    assert (place.open(), place.work()) == (0, 0)


def test_a_worker_killed_between_send_and_mark_is_followed_by_one_that_ends_the_replay(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        place.fails(number)
    name = place.begin()

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(LetterStore, "mark_replayed", killed)
        dying.setattr(LetterStore, "release", killed)
        dying.setattr(ReplayStore, "let_go", killed)
        with pytest.raises(Killed):
            place.work()
    assert place.open() == 10
    assert place.work() == 0  # the dead worker's lease
    place.clock.forward(seconds=LEASE.total_seconds() + 1)
    assert place.work() == 10
    done = place.jobs.get(name)
    assert done is not None
    assert (done.status, done.replayed, place.open()) == ("done", 10, 0)
    sent = place.sent()
    assert (len(sent), sum(sent.values())) == (10, 14)  # four went out twice, under one name each


def test_a_letter_that_fails_again_before_it_is_marked_is_open_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.fails(1)
    (first,) = place.letters.page(9, None, Wanted())[0]
    place.begin()
    with monkeypatch.context() as dying:
        dying.setattr(LetterStore, "mark_replayed", lambda *_: [first["id"]])
        place.work()
    assert place.open() == 1
    place.fails(1, "not_found", replay_of=first["id"])
    place.fails(1, "crashes_the_worker", replay_of=first["id"])
    (again,) = place.letters.page(9, None, Wanted())[0]
    assert (again["reason"], place.open()) == ("not_found", 1)
    assert [one["id"] for one in place.letters.page(9, None, Wanted(), replayed=True)[0]] == [first["id"]]
