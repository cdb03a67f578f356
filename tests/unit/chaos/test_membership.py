"""What Braze holds of an audience against its last export."""

from typing import Any

import pytest

from local.chaos.membership import differences

MEMBERS = {"u1": {"n": 7, "city": "Oslo"}}
HELD: dict[str, Any] = {"u1": {"AIQ_a_1": True, "n_a": 7, "city_a": "Oslo"}, "u2": {"AIQ_a_1": False}}


def found(held: dict[str, Any], people: tuple[str, ...] = ("u1", "u2", "u3")) -> list[str]:
    return [
        f"{one.which}: {one.what}{one.detail and f' ({one.detail})'}"
        for one in differences("a", MEMBERS, people, held)
    ]


def test_an_audience_that_is_the_truth_has_no_faults() -> None:
    assert found(HELD) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"u2": {"AIQ_a_1": True}}, "u2: left, and still a member at Braze"),
        ({"u1": {}}, "u1: a member, and not at Braze"),
        ({"u1": {**HELD["u1"], "n_a": 8}}, "u1: another n at Braze (8, not 7)"),
        ({"u1": {"AIQ_a_1": True, "n_a": 7}}, "u1: another city at Braze (None, not 'Oslo')"),
    ],
)
def test_a_single_fault_is_found(changes: dict[str, Any], expected: str) -> None:
    assert found(HELD | changes) == [expected]


def test_a_member_whom_nobody_looked_at_is_a_fault() -> None:
    assert found(HELD, people=("u2",)) == ["u1: a member that nobody knows"]
