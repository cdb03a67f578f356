"""Nothing is wasted: requests are as full as they may be, and no data point is spent on what Braze holds."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import batched
from random import Random
from typing import Any

import pytest

from tests.unit.braze_behaviours.account import Account, Lane, person
from tests.unit.delivery.fakes import START
from tests.unit.delivery.world import delivery, event

IDENTIFIES, USERS = 400, 30
VALUES: dict[str, tuple[Any, ...]] = {
    "plan": ("free", "gold"),
    "first_name": ("Ann", "Bo", "Cy"),
    "seats": (1, 2, 3),
    "vip": (True, False),
    "tags": (["a"], ["a", "b"]),
}


def identifies() -> Iterator[dict[str, Any]]:
    """Changes and repeats at random, each a second after the one before."""
    dice = Random(7)  # noqa: S311 (repeatable)
    for number in range(IDENTIFIES):
        at = (START - timedelta(hours=2) + timedelta(seconds=number)).isoformat(timespec="milliseconds")
        names = dice.sample(sorted(VALUES), dice.randint(1, len(VALUES)))
        traits = {name: dice.choice(VALUES[name]) for name in names}
        yield person(f"p{number}", f"u{dice.randrange(USERS)}", at=at.replace("+00:00", "Z"), **traits)


def fewest(batches: list[tuple[dict[str, Any], ...]]) -> int:
    """Data points that cannot be saved: of each batch, the attributes that end otherwise than they began."""
    held: dict[tuple[str, str], Any] = {}
    points = 0
    for batch in batches:
        ends = {(one["userId"], name): value for one in batch for name, value in one["traits"].items()}
        points += sum(1 for which, value in ends.items() if which not in held or held[which] != value)
        held |= ends
    return points


@pytest.mark.parametrize("size", [2, 7, 75])
def test_data_points_are_spent_on_changes_alone(braze: Account, lane: Lane, size: int) -> None:
    batches = list(batched(identifies(), size, strict=False))
    for number, batch in enumerate(batches):
        lane.send(*batch, number=number)
    assert braze.data_points() / fewest(batches) == 1.0
    held: dict[str, dict[str, Any]] = {}
    for one in identifies():
        held.setdefault(one["userId"], {}).update(one["traits"])
    assert {user: {name: braze.profile(user)[name] for name in truth} for user, truth in held.items()} == held


@pytest.mark.parametrize("events", [1, 74, 75, 76, 150, 200])
def test_a_planned_delivery_is_as_many_requests_as_75s_of_objects(
    braze: Account, lane: Lane, events: int
) -> None:
    for number, batch in enumerate(batched(range(events), 75, strict=False)):
        lane.receive(delivery([event(f"m{n}") for n in batch], delivery_id=f"dlv_{number:024d}"))
    assert braze.answers() == {"201": -(-events // 75)}
    assert len(braze.events()) == events
