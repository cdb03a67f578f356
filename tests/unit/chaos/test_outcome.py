"""The verdict over a whole run: any one thing that is wrong is told, and so is a run that proves nothing."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from local.chaos import logs, report
from local.chaos.audiences import Audience
from local.chaos.journeys import Journeys
from local.chaos.ledger import Fault, Line
from local.chaos.load import Accepted, Load
from local.chaos.onlookers import Onlookers
from local.chaos.outcome import Outcome, Plan
from local.chaos.people import Crowd
from tests.unit.chaos.books import ORDERED, track

CROWD = Crowd("tag", 10)
SITE: Any = None


def outcome() -> Outcome:
    audience = Audience("a", "full", CROWD, None, SITE, "exports", "int_b", Random(1))  # noqa: S311 (repeatable)
    audience.ended.append("done")
    return Outcome(
        plan=Plan(1, 60.0, 30.0, 50.0, "tag"),
        load=Load([], CROWD, 50.0, 1, accepted={"m1": Accepted(track("m1"), 1.0, 2.0)}),
        agents=[],
        journeys=Journeys(SITE, "int_b", CROWD, 1, wanted={ORDERED}),
        onlookers=Onlookers(SITE, SITE, SITE, CROWD, 1),
        audiences=[audience],
        lines=[Line("Braze")],
        scan=logs.Scan(lines=10),
    )


def test_a_run_without_faults_is_a_proof() -> None:
    assert outcome().faults() == []


FAULTS: dict[str, Callable[[Outcome], object]] = {
    "queues that did not drain": lambda one: setattr(one, "undrained", "3 without an end"),
    "a fault of the ledger": lambda one: one.lines[0].faults.append(Fault("Braze", "m1", "nowhere")),
    "a member who is none": lambda one: one.members.append(Fault("Audience a", "u1", "left")),
    "an event refused": lambda one: one.load.wrong.append("403"),
    "another answer to the same order": lambda one: one.journeys.wrong.append("act-1: another answer"),
    "a stranger let in": lambda one: one.onlookers.wrong.append("answered 200"),
    "an export without a run": lambda one: one.audiences[0].wrong.append("a: no run"),
    "a last run that was blocked": lambda one: one.audiences[0].ended.append("blocked"),
    "a key in a log": lambda one: one.scan.found.update({("a key", "collect"): 1}),
    "logs that nobody read": lambda one: setattr(one, "scan", logs.Scan()),
    "a load that was hardly answered": lambda one: one.load.given_up.update({"m8", "m9"}),
    "a load that broke off": lambda one: one.broken.append("KeyError('errors')"),
    "no message ordered": lambda one: one.journeys.wanted.clear(),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_single_fault_is_told(name: str) -> None:
    one = outcome()
    FAULTS[name](one)
    assert len(one.faults()) == 1


def test_what_many_ids_share_is_told_in_one_line_that_names_the_first() -> None:
    one = outcome()
    one.undrained = "3 without an end"
    one.members += [Fault("Audience a", f"u{n}", "another n", f"{n}, not 7") for n in range(6)]
    assert report.sentences(one.faults()) == [
        "not drained in 30 s: 3 without an end",
        "Audience a: another n: u0 (0, not 7), u1 (1, not 7), u2 (2, not 7), u3 (3, not 7), u4 (4, not 7) and 1 more",
    ]
