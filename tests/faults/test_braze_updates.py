"""100,000 updates through a Braze that fails a fifth of all requests at random: nothing lost, everything counted."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import pytest

from bridge.flows.runs.ledger import lines_of
from bridge.flows.runs.pacing import Pacers
from bridge.flows.runs.runs import Later
from tests.faults.test_braze_events import FAULTS
from tests.unit.braze_behaviours.account import Account, Runs, served
from tests.unit.plan.world import START, row, truth

MEMBERS, PART_ROWS, SEED = 100_000, 7_500, 20_261_122
SIDE_BY_SIDE, IN_FLIGHT = 10, 64
CITIES = ("Oslo", "Bergen", "Tromsø", "Bodø", "Ås")
PEOPLE = [row(f"u{number}", number, CITIES[number % 5]) for number in range(MEMBERS)]


class Crowd(Runs):
    """Ten parts at a time, as a batch of the queue gives them; hidden messages cost no waiting, the clock jumps."""

    def __init__(self, account: Account, directory: Path) -> None:
        super().__init__(account, directory)
        self.steps = replace(self.steps, planning=replace(self.steps.planning, part_rows=PART_ROWS))
        pacers = Pacers(self.elapsed)
        senders: Any = self.sync.senders
        self.sync = replace(
            self.sync,
            monotonic=self.elapsed,
            pacers=pacers,
            senders=replace(senders, pacers=pacers),
            executor=ThreadPoolExecutor(IN_FLIGHT),
            pulse_seconds=1.0,
        )
        finish, lock = self.runs.finish, Lock()

        def alone(run_id: str, part: int, owner: str) -> bool:
            with lock:
                return finish(run_id, part, owner)

        self.runs.finish = alone  # type: ignore[method-assign]

    def elapsed(self) -> float:
        """Real seconds, and those that were jumped over."""
        return time.monotonic() + (self.clock() - START).total_seconds()

    def send(self) -> None:
        """Deliver the messages of parts until none is left."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            while self.parts.messages:
                self.clock.moment = max(self.clock(), min(message[1] for message in self.parts.messages))
                batch = [message for message in self.parts.messages if message[1] <= self.clock()]
                list(threads.map(self._part, batch[:SIDE_BY_SIDE]))

    def _part(self, message: list[Any]) -> None:
        owner = f"worker-{id(message)}"
        verdict = self.sync.handle(message[0], owner=owner, beat=lambda: None, remaining=lambda: 900.0)
        if isinstance(verdict, Later):
            message[1] = self.clock() + timedelta(seconds=verdict.seconds)
        else:
            self.parts.messages.remove(message)


@dataclass
class Story:
    """What Braze did, what the run says of it, and what a second run of the same export had to send."""

    account: Account
    hits: dict[str, int]
    held: dict[str, dict[str, Any]]
    report: dict[str, Any]
    second: dict[str, Any]
    held_then: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    rules = [{"fault": "one_of", "path": "/users/track", "rate": 0.2, "of": FAULTS}]
    with served() as account, TemporaryDirectory() as directory:
        crowd = Crowd(account, Path(directory))
        account.modes(seed=SEED, faults=rules)
        first = exported(crowd, "first")
        hits, held = dict(account.site.workspace.faults.hits), profiles(account)
        account.modes(faults=[])
        second = exported(crowd, "second")
        yield Story(account, hits, held, crowd.report(first), crowd.report(second), profiles(account))


def exported(crowd: Crowd, name: str) -> str:
    run_id = crowd.put(name, PEOPLE)
    crowd.work(until=lambda: bool(crowd.parts.messages))
    crowd.send()
    crowd.work()
    crowd.clock.forward(60)
    assert crowd.run(run_id).status == "done"
    return run_id


def profiles(account: Account) -> dict[str, dict[str, Any]]:
    """The attributes of everybody Braze knows."""
    return {name: dict(one.custom) for name, one in account.site.workspace.profiles.by_external_id.items()}


def refused(report: dict[str, Any]) -> int:
    """Lines that Braze named in `errors`."""
    found = sum(len(lines_of(lines)) for part in report["parts"] for lines in part["rejected"].values())
    assert found == report["sent"]["rejected"]
    return found


def test_a_fifth_of_the_requests_failed_in_every_way(story: Story) -> None:
    requests = sum(story.account.answers().values())
    assert 0.15 < sum(story.hits.values()) / (requests - story.second["requests"]) < 0.25
    assert min(story.hits[one["fault"]] for one in FAULTS) >= 5


def test_nothing_is_lost_and_what_braze_refused_is_counted(story: Story) -> None:
    sent = story.report["sent"]
    assert (sent["lines"], sent["undelivered"], sent["held"]) == (MEMBERS, 0, 0)
    assert sent["accepted"] + refused(story.report) == MEMBERS
    assert set(sent["rejected_by_reason"]) == {"email_bad_format"}
    assert {part["ended"] for part in story.report["parts"]} == {"sent"}


def test_the_attributes_are_the_truth_but_for_what_was_refused(story: Story) -> None:
    wanted = truth(PEOPLE)
    assert all(story.held[user] == wanted[user] for user in story.held)
    missing = len(wanted) - len(story.held)
    assert 0 < missing <= refused(story.report)
    assert story.report["members"] == story.report["sent"]["accepted"]


def test_the_report_counts_every_request_that_failed(story: Story) -> None:
    failed = story.report["sent"]["failed_requests"]
    assert sum(failed.values()) == sum(story.hits.values()) - story.hits["object_errors"]
    assert failed["rate_limited"] + failed["vendor_unavailable"] == story.hits["status"]
    assert failed["connection_broke"] == story.hits["drop_before"] + story.hits["drop_after"]
    assert failed["unreadable_answer"] == story.hits["garbage"]
    least = -(-PART_ROWS // 75) * (MEMBERS // PART_ROWS) + -(-(MEMBERS % PART_ROWS) // 75)
    assert story.report["requests"] == least


def test_the_next_run_sends_what_was_refused_and_nothing_else(story: Story) -> None:
    assert story.second["sent"]["lines"] == story.report["sent"]["rejected"]
    assert story.held_then == truth(PEOPLE)


HAPPENED = [
    {"external_id": f"u{n % 50}", "event_name": "Won", "event_time": "2026-11-22T05:00:00Z", "n": n}
    for n in range(6_000)
]


def test_an_event_of_an_export_is_doubled_only_where_the_report_lists_it() -> None:
    columns = ("external_id", "event_name", "event_time", "n")
    rules = [{"fault": "one_of", "path": "/users/track", "rate": 0.2, "of": FAULTS}]
    with served() as account, TemporaryDirectory() as directory:
        crowd = Crowd(account, Path(directory))
        account.modes(seed=SEED, faults=rules)
        run_id = crowd.put("one", HAPPENED, where="events", columns=columns)
        crowd.work(until=lambda: bool(crowd.parts.messages))
        crowd.send()
        crowd.work()
        report = crowd.report(run_id)
        counted = Counter(int(one["properties"]["n"]) for one in account.events())
        drops = account.site.workspace.faults.hits["drop_after"]
    [part] = report["parts"]
    [body] = [body for key, body in crowd.buckets.objects.items() if key.endswith("part-00001.jsonl")]
    events = [int(json.loads(line)["properties"]["n"]) for line in body.splitlines()]
    listed = {events[line] for line in lines_of(part["unanswered"])}
    refused_ones = {events[line] for lines in part["rejected"].values() for line in lines_of(lines)}
    doubled = {number for number, count in counted.items() if count > 1}
    assert doubled
    assert len(doubled) <= 75 * drops
    assert doubled <= listed
    assert report["sent"]["unanswered"] == len(listed)
    assert set(events) - set(counted) <= refused_ones
