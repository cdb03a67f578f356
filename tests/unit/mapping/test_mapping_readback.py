"""Values as Braze gives them back, beside the values that were sent."""

from typing import Any

import pytest

from mapping.export import ColumnType
from mapping.readback import Cell, Kind, comparable, drift, fields_to_export, same

MEMBER = "AIQ_a_1"
COLUMNS: list[tuple[str, ColumnType]] = [("city", "string"), ("n", "number"), ("email", "string")]


@pytest.mark.parametrize(
    ("name", "kind", "ours", "theirs"),
    [
        ("on", "boolean", True, True),
        ("n", "number", 3, 3.0),
        ("n", "number", 0.1, 0.1),
        ("n", "integer", 12, 12),
        ("text", "string", "Ulm", "Ulm"),
        ("text", "string", "2026-01-02", "2026-01-02T00:00:00.000Z"),
        ("text", "string", "1/2/2026", "2026-01-02T00:00:00.000Z"),
        ("at", "time", "2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"),
        ("at", "time", "2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"),
        ("at", "time", "2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123Z"),
        ("at", "date", "2026-01-02", "2026-01-02T00:00:00.000Z"),
        ("dob", "date", "1990-05-06", "1990-05-06"),
        ("dob", "date", "1990-05-06", "1990-05-06T00:00:00.000Z"),
        ("email", "string", "Ann@Example.com", "ann@example.com"),
        ("phone", "string", "+49 (170) 12-34", "+491701234"),
        ("phone", "string", "0049170", "+49170"),
        ("country", "string", "de", "DE"),
        ("tags", "array", ["a", "b", "a"], ["b", "a"]),
        ("tags", "array", [1, 2.0], [1.0, 2]),
        ("tags", "array", {"add": ["a"]}, ["x", "a"]),
        ("thing", "object", {"a": 1, "b": {"c": None, "d": [1]}}, {"b": {"d": [1.0]}, "a": 1.0}),
        ("thing", "object", {"at": {"$time": "2026-01-02"}}, {"at": "2026-01-02T00:00:00.000Z"}),
    ],
)
def test_a_value_in_braze_s_form_is_the_value_that_was_sent(
    name: str, kind: ColumnType, ours: Any, theirs: Any
) -> None:
    assert same(name, kind, ours, theirs)


@pytest.mark.parametrize(
    ("name", "kind", "ours", "theirs"),
    [
        ("on", "boolean", True, False),
        ("on", "boolean", True, "true"),
        ("on", "boolean", True, 1),
        ("n", "number", 1, True),
        ("n", "number", 3, "3"),
        ("n", "number", 3, 3.1),
        ("text", "string", "Ulm", "ulm"),
        ("text", "string", "007", 7),
        ("text", "string", "2026-01-02", "2026-01-03T00:00:00.000Z"),
        ("first_name", "string", "2026-01-02", "2026-01-02T00:00:00.000Z"),
        ("at", "time", "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"),
        ("at", "time", "2026-01-02T03:04:05Z", "soon"),
        ("dob", "date", "1990-05-06", "1990-05-07"),
        ("phone", "string", "+4917012", "+4917013"),
        ("tags", "array", ["a"], ["a", "b"]),
        ("tags", "array", ["a"], "a"),
        ("thing", "object", {"a": 1}, {"a": 1, "b": 2}),
        ("thing", "object", {"a": 1}, {"a": True}),
    ],
)
def test_another_value_is_told_from_it(name: str, kind: ColumnType, ours: Any, theirs: Any) -> None:
    assert not same(name, kind, ours, theirs)


def held(member: Any = True, email: Any = None, **custom: Any) -> dict[str, Any]:
    user = {"custom_attributes": {**custom, **({} if member is None else {MEMBER: member})}}
    return user | ({"email": email} if email else {})


def test_a_person_as_expected_has_no_drift() -> None:
    expected = {MEMBER: True, "city": "Ulm", "n": 3, "email": "a@b.de"}
    assert drift(expected, held(city="Ulm", n=3.0, email="A@b.de"), MEMBER, COLUMNS) == []


@pytest.mark.parametrize("member", [False, None])
def test_false_and_absent_are_both_no_membership(member: Any) -> None:
    assert drift({MEMBER: False}, held(member), MEMBER, COLUMNS) == []
    assert drift({MEMBER: True}, held(member), MEMBER, COLUMNS) == [
        Cell(MEMBER, Kind.NOT_MEMBER, ours=True, theirs=member)
    ]


def test_who_has_left_is_asked_for_membership_alone() -> None:
    found = drift({MEMBER: False, "city": "Ulm"}, held(city="Bonn"), MEMBER, COLUMNS)
    assert found == [Cell(MEMBER, Kind.EXTRA_MEMBER, ours=False, theirs=True)]


def test_each_kind_of_difference_has_its_name() -> None:
    user = held(city="Bonn", email="typed@in.de")
    assert drift({MEMBER: True, "city": "Ulm", "n": 3}, user, MEMBER, COLUMNS) == [
        Cell("city", Kind.DIFFERENT, "Ulm", "Bonn"),
        Cell("n", Kind.MISSING, 3, None),
        Cell("email", Kind.ONLY_AT_BRAZE, None, "typed@in.de"),
    ]


def test_a_profile_without_custom_attributes_lacks_them_all() -> None:
    expected = {MEMBER: True, "city": "Ulm"}
    assert [cell.kind for cell in drift(expected, {}, MEMBER, COLUMNS)] == [Kind.NOT_MEMBER, Kind.MISSING]


def test_a_custom_attribute_is_not_mistaken_for_the_standard_one_of_its_name() -> None:
    user = {"email": "a@b.de", "city": "top level", "custom_attributes": {MEMBER: True, "email": "other"}}
    assert drift({MEMBER: True, "email": "a@b.de"}, user, MEMBER, COLUMNS) == []


def test_only_the_fields_that_are_compared_are_asked_for() -> None:
    assert fields_to_export("external_id", {"email", "dob"}) == (
        "external_id",
        "custom_attributes",
        "dob",
        "email",
    )
    assert fields_to_export("braze_id", {"current_location"}) == ("braze_id", "custom_attributes")


def test_what_does_not_come_back_cannot_be_compared() -> None:
    assert [
        name for name in ("email", "city", "current_location", "subscription_groups") if comparable(name)
    ] == [
        "email",
        "city",
    ]
