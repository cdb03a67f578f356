"""A comparison that cannot fail proves nothing: whatever is changed at a vendor is found."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from local.demo import audience, campaign, log, truth
from local.demo.compare import Held, differences, same, summary
from local.demo.log import Order
from local.demo.membership_truth import State
from local.demo.truth import Truth
from tests.unit.demo.builders import DAYS, faultless, whole_log

TAG = "tag"
MEMBERSHIP = f"AIQ_{audience.AUDIENCE}_1"


@cache
def orders() -> list[Order]:
    """Few enough to compare often, enough for someone to join last."""
    return log.sample(whole_log(), 80, max(DAYS))


@cache
def expected() -> tuple[Truth, dict[tuple[str, str], State]]:
    """What the log implies."""
    found = truth.of(orders(), run=TAG, destination="dest-12345", audience=audience.AUDIENCE, exports=DAYS)
    return found, truth.triggers(
        found, joiners=campaign.JOINERS, best=campaign.BEST, audience=audience.AUDIENCE
    )


def held() -> Held:
    """A copy of faultless vendors, to be spoilt."""
    return copy.deepcopy(_faultless())


@cache
def _faultless() -> Held:
    return faultless(orders(), TAG)


def member(held: Held) -> dict[str, Any]:
    """The custom attributes of someone in the audience."""
    found = (profile["custom_attributes"] for profile in held.profiles)
    return next(attributes for attributes in found if attributes.get(MEMBERSHIP))


def test_faultless_vendors_show_no_difference() -> None:
    """What the events and export files say is what the log implies."""
    assert differences(*expected(), held()) == []
    assert held().triggers


FAULTS: dict[str, Callable[[Held], object]] = {
    "a record is lost": lambda held: held.records.pop(),
    "a record is doubled": lambda held: held.records.append(held.records[0]),
    "a record nobody sent": lambda held: held.records.append(held.records[0] | {"record_id": "stranger"}),
    "a record at another time": lambda held: held.records[0].update(timestamp="1997-01-01T00:00:00Z"),
    "a record for somebody else": lambda held: held.records[0].update(identifiers={"user_id": "9"}),
    "a record of another kind": lambda held: held.records[0].update(record_type="other"),
    "an attribute of a record": lambda held: held.records[0]["attributes"].update(url="x"),
    "an event is lost": lambda held: held.events.pop(),
    "an event is doubled": lambda held: held.events.append(held.events[0]),
    "an event at another time": lambda held: held.events[0].update(time="1997-01-01T00:00:00Z"),
    "an event of another name": lambda held: held.events[0].update(name="order completed"),
    "an event's property": lambda held: held.events[0]["properties"].update(revenue=0.01),
    "an event's extra property": lambda held: held.events[0]["properties"].update(extra=1),
    "a profile is lost": lambda held: held.profiles.pop(),
    "a profile nobody knows": lambda held: held.profiles.append({"external_id": "42"}),
    "an id without its zeros": lambda held: held.profiles.append({"external_id": "1"}),
    "a standard attribute": lambda held: held.profiles[0].update(email="other@example.com"),
    "a consent nobody gave": lambda held: held.profiles[0].update(email_subscribe="opted_in"),
    "a custom attribute": lambda held: member(held).update(lifetime_value=0.0),
    "a number that is text": lambda held: member(held).update(orders="1"),
    "an attribute nobody set": lambda held: member(held).update(surprise=1),
    "an attribute that is gone": lambda held: member(held).pop("last_order_date"),
    "a time that is none": lambda held: member(held).update(last_order_date="soon"),
    "a member who is none": lambda held: member(held).update({MEMBERSHIP: False}),
    "a membership that is text": lambda held: member(held).update({MEMBERSHIP: "true"}),
    "a membership that is one": lambda held: member(held).update({MEMBERSHIP: 1}),
    "a message is lost": lambda held: held.triggers.pop(),
    "a message is doubled": lambda held: held.triggers.append(held.triggers[0]),
    "a message to somebody else": lambda held: held.triggers.append(
        held.triggers[0] | {"recipient": {"external_user_id": "9"}}
    ),
    "a message's property": lambda held: held.triggers[0].update(trigger_properties={"lifetime_value": 1}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_one_difference(fault: str) -> None:
    """No more, no less, and it can be printed."""
    spoilt = held()
    FAULTS[fault](spoilt)
    found = differences(*expected(), spoilt)
    assert len(found) == 1, [str(difference) for difference in found]
    assert found[0].whose in str(found[0])
    assert sum(summary(found).values()) == 1


@pytest.mark.parametrize(
    ("expected", "found", "equal"),
    [
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (Decimal("12.50"), 12.5, True),
        (Decimal("12.50"), "12.50", False),
        (2, 2.0, True),
        ("00001", 1, False),
        (datetime(1997, 3, 1, tzinfo=UTC), "1997-03-01T00:00:00.000Z", True),
        (datetime(1997, 3, 1, tzinfo=UTC), "1997-03-01T01:00:00+01:00", True),
        (datetime(1997, 3, 1, tzinfo=UTC), "1997-03-02T00:00:00Z", False),
        (datetime(1997, 3, 1, tzinfo=UTC), None, False),
    ],
)
def test_values_are_equal_as_json_means_it(expected: object, found: object, equal: bool) -> None:
    """A type that differs is a difference."""
    assert same(expected, found) is equal
