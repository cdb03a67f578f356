"""The truth by hand for a few customers, and against the export builder for many."""

from datetime import date

import pytest

from local.demo import audience, log, truth
from local.demo.log import Order
from local.demo.membership_truth import RunTruth, members
from local.demo.truth import Truth
from tests.unit.demo.builders import DAYS, order, whole_log

JOINS, HELD_OUT = "00001", "00012"


def of(*orders: Order) -> Truth:
    """The truth of a few orders."""
    return truth.of(orders, run="r", destination="d", audience="a", exports=DAYS)


def treated(found: Truth) -> list[RunTruth]:
    """The three runs of split 1."""
    return [run for run in found.runs if run.split == "1"]


def test_the_example_customers_are_on_different_sides() -> None:
    """Or the tests below prove nothing."""
    assert (audience.split_of(JOINS), audience.split_of(HELD_OUT)) == ("1", "2")


def test_a_member_who_stays_the_same_costs_nothing() -> None:
    """Four data points to join, none afterwards."""
    found = of(order(JOINS, day="1997-03-31", dollars="60.00"))
    assert [run.data_points for run in treated(found)] == [4, 0, 0]
    assert [run.full_resend for run in treated(found)] == [4, 4, 4]


def test_a_leaver_keeps_the_attributes_and_is_told_false() -> None:
    """One data point."""
    found = of(order(JOINS, day="1997-01-02"))
    assert [run.left for run in treated(found)] == [0, 1, 0]
    assert [run.data_points for run in treated(found)] == [4, 1, 0]
    assert found.profiles[JOINS]["AIQ_a_1"] is False
    assert found.profiles[JOINS]["orders"] == 1


def test_one_who_comes_back_is_sent_whole() -> None:
    """What Braze was told before is no longer in the snapshot."""
    found = of(order(JOINS, day="1997-01-02"), order(JOINS, 2, day="1997-05-20"))
    assert [run.data_points for run in treated(found)] == [4, 1, 4]
    assert found.profiles[JOINS]["AIQ_a_1"] is True
    assert found.profiles[JOINS]["orders"] == 2


def test_a_changed_attribute_costs_one_data_point_each() -> None:
    """A second order on the same day changes count and value, not the date."""
    same_day = of(order(JOINS), order(JOINS, 2, day="1997-04-02"), order(JOINS, 3, day="1997-04-02"))
    assert [(run.changed, run.data_points) for run in treated(same_day)] == [(0, 4), (1, 3), (0, 0)]
    free = of(order(JOINS, day="1997-03-31"), order(JOINS, 2, day="1997-04-02", dollars="0.00"))
    assert [run.data_points for run in treated(free)] == [4, 2, 0]


def test_fifty_dollars_are_not_over_fifty() -> None:
    """And ninety days are ninety days."""
    assert not members([order(JOINS, day="1997-03-31", dollars="50.00")], DAYS[0], "1")
    assert members([order(JOINS, day="1997-01-01", dollars="50.01")], date(1997, 3, 31), "1")
    assert not members([order(JOINS, day="1997-01-01", dollars="50.01")], date(1997, 4, 1), "1")


def test_the_holdout_is_marked_and_never_written_to() -> None:
    """Its members have their own attribute and no campaign."""
    found = of(order(HELD_OUT, day="1997-05-20"))
    assert found.profiles[HELD_OUT]["AIQ_a_2"] is True
    assert "AIQ_a_1" not in found.profiles[HELD_OUT]
    assert truth.triggers(found, joiners="j", best="b", audience="a") == {}


def test_campaigns_go_to_the_last_joiners_and_the_best() -> None:
    """One message a campaign and customer."""
    found = of(order(JOINS, day="1997-05-20"))
    sends = truth.triggers(found, joiners="j", best="b", audience="a")
    assert sends.keys() == {("j", JOINS), ("b", JOINS)}


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("split", audience.SPLITS)
def test_two_ways_to_the_audience_agree(day: date, split: str) -> None:
    """The export builder and the truth share no rule and find the same members."""
    orders = log.sample(whole_log(), 600, max(DAYS))
    exported = {member.external_id: member for member in audience.members(orders, day, split)}
    expected = members(orders, day, split)
    assert exported.keys() == expected.keys()
    assert all(exported[who].lifetime_value == state["lifetime_value"] for who, state in expected.items())
    assert all(exported[who].orders == state["orders"] for who, state in expected.items())
