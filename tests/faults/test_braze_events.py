"""10,000 events through a Braze that fails a fifth of all requests at random: nothing lost, nothing doubled unsaid."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

import pytest

from bridge.flows.delivery.sending import MAY_HAVE_ARRIVED
from mapping.delivery import DeliveryMessage
from tests.faults.driver import Driver
from tests.unit.braze_behaviours.account import Account, Lane, person, served
from tests.unit.delivery.fakes import START
from tests.unit.delivery.world import BRAZE, event

EVENTS, USERS, SEED = 10_000, 400, 20_261_122
PLANS, CITIES = ("free", "silver", "gold"), ("Oslo", "Bergen", "Tromsø", "Bodø")
FAULTS: list[dict[str, Any]] = [
    {"fault": "status", "status": 429},
    {"fault": "status", "status": 429, "headers": {"x-ratelimit-retry-after": "7"}},
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 502},
    {"fault": "drop_before"},
    {"fault": "drop_after"},
    {"fault": "object_errors", "share": 0.1, "error": "EMAIL_BAD_FORMAT"},
    {"fault": "garbage", "apply": False},
]


@dataclass
class Story:
    """What was sent, what came of it, and what Braze holds in the end."""

    events: list[dict[str, Any]]
    people: list[dict[str, Any]]
    driver: Driver
    account: Account
    lane: Lane
    arrived: Counter[str] = field(default_factory=Counter)

    def ends(self, item: dict[str, Any]) -> list[tuple[str, str]]:
        """Every outcome the item had, the last one last."""
        return self.driver.history[item["messageId"]]

    def listed(self) -> set[str]:
        """The events of which their delivery says that they may have arrived before."""
        ids = (one["messageId"] for one in self.events)
        return {name for name in ids if self.driver.detail[name].endswith(MAY_HAVE_ARRIVED)}


def happenings(dice: Random) -> Iterator[dict[str, Any]]:
    """Three events and a change of a profile, over and over, each at a time of its own."""
    for number in range(EVENTS):
        at = (START - timedelta(hours=3) + timedelta(seconds=number)).isoformat(timespec="milliseconds")
        at, user = at.replace("+00:00", "Z"), f"u{dice.randrange(USERS)}"
        if number % 4:
            properties = {"id": f"e{number}"}
            yield event(f"e{number}", userId=user, timestamp=at, receivedAt=at, properties=properties)
        else:
            traits = {"plan": dice.choice(PLANS), "city": dice.choice(CITIES), "seen": number}
            chosen = dice.sample(sorted(traits), dice.randint(1, 3))
            yield person(f"p{number}", user, at=at, **{name: traits[name] for name in chosen})


def deliveries(items: list[dict[str, Any]], dice: Random) -> Iterator[DeliveryMessage]:
    """Packs of 1 to 40 in the order of arrival."""
    rest = iter(items)
    number = 0
    while pack := list(islice(rest, dice.randint(1, 40))):
        number += 1
        yield DeliveryMessage(
            delivery_id=f"dlv_{number:024d}",
            integration_id=BRAZE,
            kind="events",
            created_at=START.isoformat(),
            items=pack,
        )


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    dice = Random(SEED)  # noqa: S311 (repeatable)
    items = list(happenings(dice))
    with served() as account:
        lane = Lane(account)
        driver = Driver(lane)
        account.modes(
            seed=SEED, faults=[{"fault": "one_of", "path": "/users/track", "rate": 0.2, "of": FAULTS}]
        )
        for message in deliveries(items, dice):
            driver.put(message)
        driver.run()
        events = [one for one in items if one["type"] == "track"]
        people = [one for one in items if one["type"] == "identify"]
        arrived = Counter(one["properties"]["id"] for one in account.events())
        yield Story(events, people, driver, account, lane, arrived)


def test_the_faults_struck_as_ordered(story: Story) -> None:
    answers = story.account.answers()
    struck = sum(story.account.site.workspace.faults.hits.values())
    assert 0.15 < struck / sum(answers.values()) < 0.25
    hits = story.account.site.workspace.faults.hits
    assert min(hits[one["fault"]] for one in FAULTS) >= 5
    assert {"429", "500", "502", "drop_before", "drop_after"} <= set(answers)


def test_every_event_is_at_braze_or_was_refused_by_braze_itself(story: Story) -> None:
    for one in story.events:
        end = story.ends(one)[-1]
        if end[0] == "delivered":
            assert story.arrived[one["messageId"]] >= 1, one["messageId"]
        else:
            assert end == ("rejected", "email_bad_format")
    assert set(story.arrived) <= {one["messageId"] for one in story.events}


def test_an_event_is_doubled_only_where_a_request_without_an_answer_had_been_applied(story: Story) -> None:
    doubled = {name for name, count in story.arrived.items() if count > 1}
    drops = story.account.site.workspace.faults.hits["drop_after"]
    assert doubled
    assert len(doubled) <= 40 * drops
    for one in story.events:
        if one["messageId"] in doubled:
            assert "unknown" in {outcome for outcome, _ in story.ends(one)}


def test_each_doubled_event_is_listed_as_such_by_its_delivery(story: Story) -> None:
    doubled = {name for name, count in story.arrived.items() if count > 1}
    assert doubled <= story.listed()
    delivered = [name for name in story.listed() if story.driver.history[name][-1][0] == "delivered"]
    rows = [story.lane.deliveries.shown(name) for name in story.lane.deliveries.rows]
    assert sum(row["counts"].get("resent", 0) for row in rows) == len(delivered)
    assert {row["reason"] for row in rows if row["counts"].get("resent")} <= {"resent", "email_bad_format"}


def test_the_attributes_are_the_truth(story: Story) -> None:
    """The newest value that was not refused, trait by trait; a refusal after no answer leaves two candidates."""
    truth: dict[tuple[str, str], list[set[Any]]] = {}
    for one in story.people:
        ends = [outcome for outcome, _ in story.ends(one)]
        for name, value in one["traits"].items():
            values = truth.setdefault((one["userId"], name), [])
            if ends[-1] != "rejected":
                values.append({value})
            elif "unknown" in ends:
                values.append({value, *(values[-1] if values else {None})})
    for (user, name), values in truth.items():
        held = story.account.profile(user).get(name)
        assert held in (values[-1] if values else {None}), (user, name, held, values[-2:])


def test_no_delivery_is_left_open(story: Story) -> None:
    rows = [story.lane.deliveries.shown(name) for name in story.lane.deliveries.rows]
    assert {row["status"] for row in rows} <= {"delivered", "partial", "filtered", "rejected"}
    assert max(row["attempt"] for row in rows) > 1
