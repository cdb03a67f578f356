"""Replaying by itself: for an installation that says so, once per change, and only after it is seen to work."""

from types import SimpleNamespace

import pytest

from bridge.flows.admin.audit import Audit
from bridge.flows.admin.mended import Mended
from mapping.installation import Revision
from tests.unit.install.fakes import FakeAuditLog, Ids
from tests.unit.operations.fakes import NOW, installation
from tests.unit.operations.letter_fakes import FakeDepths, FakeJobs, FakeLetters

CHANGED, SEEN = "2026-11-22T11:00:00.000Z", "2026-11-22T11:00:05.000Z"
SECOND = Revision(id="rev_2", revision_number=2, created_at=CHANGED)


class Place:
    def __init__(self, **changes):
        config = {"account_id": "a", "destination_id": "d", "replay_when_mended": True}
        fields = {"catalog_key": "braze", "config": config, "revision": SECOND}
        self.installed = [installation(1, **fields | changes)]
        self.noted = {"int_1": {"status": "healthy", "at": SEEN}}
        self.letters, self.jobs, self.depths = FakeLetters(), FakeJobs(), FakeDepths()
        self.log = FakeAuditLog()

    def look(self):
        audit = Audit(self.log, lambda: NOW, Ids())
        installed, health = SimpleNamespace(all=lambda: self.installed), SimpleNamespace(get=self.noted.get)
        return Mended(installed, health, self.letters, self.jobs, self.depths, audit, lambda: NOW).look()


def test_what_was_blocked_is_replayed_after_a_change_that_works():
    place = Place()
    place.letters.add(1)
    assert place.look() == 1
    (job,) = place.jobs.rows.values()
    assert (job.wanted.integration_id, job.wanted.outcomes, job.total) == ("int_1", ("blocked",), 1)
    assert [(one["action"], one["user_name"]) for one in place.log.entries] == [
        ("replay.started", "replay_when_mended")
    ]


def test_what_fails_again_waits_for_the_next_change():
    place = Place()
    place.letters.add(1)
    assert place.look() == 1
    place.jobs.end(next(iter(place.jobs.rows)), "done")
    assert place.look() == 0
    again = Revision(id="rev_3", revision_number=3, created_at=CHANGED)
    place.installed = [place.installed[0].model_copy(update={"revision": again})]
    assert place.look() == 1


@pytest.mark.parametrize(
    "noted",
    [
        None,
        {"status": "blocked", "at": SEEN},
        {"status": "degraded", "at": SEEN},
        {"status": "healthy", "at": "2026-11-22T10:59:59.999Z"},
    ],
    ids=["never seen", "blocked", "degraded", "healthy before the change"],
)
def test_a_key_that_was_not_seen_to_work_replays_nothing(noted):
    place = Place()
    place.letters.add(1)
    place.noted["int_1"] = noted
    assert place.look() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"account_id": "a", "destination_id": "d"}},
        {"enabled": False},
        {"revision": Revision(id="rev_1", revision_number=1, created_at=CHANGED)},
    ],
    ids=["does not say so", "disabled", "never changed"],
)
def test_who_does_not_ask_for_it_is_left_alone(changes):
    place = Place(**changes)
    place.letters.add(1)
    assert place.look() == 0


@pytest.mark.parametrize(
    "letter", [{"outcome": "unknown"}, {"outcome": "dead"}, {"integration_id": "int_2"}], ids=str
)
def test_only_its_own_blocked_letters_count(letter):
    place = Place()
    place.letters.add(1, **letter)
    assert place.look() == 0


def test_a_change_that_a_worker_may_not_have_heard_of_is_waited_for():
    place = Place(revision=SECOND.model_copy(update={"created_at": "2026-11-22T11:59:51.000Z"}))
    place.letters.add(1)
    place.noted["int_1"]["at"] = "2026-11-22T11:59:52.000Z"
    assert place.look() == 0


def test_letters_that_are_still_being_filed_are_waited_for():
    place = Place()
    place.letters.add(1)
    place.depths.lanes["braze"] = {"dead_letters": 7}
    assert place.look() == 0
    place.depths.lanes.clear()
    assert place.look() == 1
