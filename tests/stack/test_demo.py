"""The demonstration on a few customers, beside whatever else the stack is doing."""

import uuid

import pytest

from local.demo import audience, clues, log, prepare
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.runs import Exporter
from local.demo.scenario import Report, Scenario
from local.demo.stack import DEFAULT_PATH, Stack
from local.demo.standins import StandIns
from local.demo.watch import Watch

CUSTOMERS = 200


@pytest.fixture(scope="module")
def played(stack: Stack) -> Report:
    """People, installations and a source of its own."""
    tag = uuid.uuid4().hex[:8]
    api, account = Api(stack), Account(stack)
    watch = Watch(lambda: clues.gather(api, account))
    standins = StandIns(stack, prepare.DESTINATION, people=f"{tag}-")
    installed = prepare.beside(stack, api, tag)
    try:
        return Scenario(
            orders=log.renamed(log.sample(log.read(), CUSTOMERS, max(audience.EXPORTS)), f"{tag}-"),
            tag=tag,
            installed=installed,
            api=api,
            exporter=Exporter(api, account, standins, watch, DEFAULT_PATH.parent / "reports"),
            say=print,
        ).play()
    finally:
        prepare.gone(api, installed)


def test_everything_is_as_the_log_implies(played: Report) -> None:
    """Records, events, profiles, campaign messages, plans and data points."""
    assert [str(difference) for difference in played.differences] == []
    assert played.sent == played.records
    assert played.profiles == CUSTOMERS


def test_every_run_left_a_page(played: Report) -> None:
    """That opens without the stack."""
    for planned, run in played.runs:
        assert f"split {planned.split}" in run.report.read_text(encoding="utf-8")


def test_the_customer_who_was_erased_was_in_memory_snapshots_parts_and_stages(played: Report) -> None:
    """Live events and dead letters name them no more either."""
    assert {"snapshots", "lines", "stages", "deliveries"} <= set(played.erased)


def test_people_joined_stayed_changed_and_left(played: Report) -> None:
    """A scenario in which nothing happens proves nothing."""
    later = [planned for planned, _ in played.runs if planned.as_of > min(audience.EXPORTS)]
    assert sum(len(planned.joined) for planned in later) > 0
    assert sum(planned.left for planned in later) > 0
    assert sum(planned.changed for planned in later) > 0


def test_an_unchanged_member_costs_nothing(played: Report) -> None:
    """What was metered is less than what sending everybody again would cost."""
    later = [(planned, run) for planned, run in played.runs if planned.as_of > min(audience.EXPORTS)]
    metered = sum(run.data_points for _, run in later)
    assert metered < sum(planned.full_resend for planned, _ in later)


def test_an_activation_sent_twice_reaches_everybody_once(played: Report) -> None:
    """The second answer is the first."""
    assert played.activation is not None
    assert played.activation.again == played.activation.first
    assert played.triggers == played.recipients + played.activated


def test_every_delivery_is_in_live_events_with_success(played: Report) -> None:
    """200 from ActionIQ, 201 from Braze."""
    statuses = {row["vendor_status"] for row in played.live if row["status"] == "delivered"}
    assert statuses == {200, 201}
