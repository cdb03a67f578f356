"""Every row of ActionIQ's tables, and the shape of a record."""

from typing import Any

import pytest

from mapping.actioniq import IDENTIFIERS, PAGE_ATTRIBUTES, RECORD_TYPES, to_record
from mapping.outcome import ItemOutcome, Outcome
from tests.unit.mapping.signal_events import AT, actioniq_settings, canonical, event


def record(kind: str = "track", **fields: Any) -> dict[str, Any]:
    """The record of an event that becomes one."""
    mapped = to_record(event(kind, **fields), actioniq_settings())
    assert not isinstance(mapped, ItemOutcome)
    return mapped


def test_a_track_is_a_custom_event_with_its_name_and_properties() -> None:
    assert record(properties={"total": 41.5, "items": [{"sku": "a"}]}) == {
        "record_type": "custom_event",
        "record_id": "m-1",
        "destination_id": "dest-12345",
        "timestamp": AT,
        "identifiers": {"user_id": "u-1"},
        "attributes": {"event_name": "Order Completed", "total": 41.5, "items": [{"sku": "a"}]},
    }


@pytest.mark.parametrize(("kind", "record_type"), RECORD_TYPES.items())
def test_each_type_has_its_record(kind: str, record_type: str) -> None:
    mapped = record(kind)
    assert mapped["record_type"] == record_type
    assert mapped["destination_id"] == "dest-12345"


@pytest.mark.parametrize("kind", ["group", "alias", "screen"])
def test_other_types_are_filtered(kind: str) -> None:
    mapped = to_record(event(kind), actioniq_settings())
    assert mapped == ItemOutcome(Outcome.FILTERED, "not_mapped")


PLACES = [(name, path) for name, paths in IDENTIFIERS.items() for path in paths]


@pytest.mark.parametrize(("name", "path"), PLACES)
def test_each_identifier_is_found_in_each_of_its_places(name: str, path: str) -> None:
    found = record("track", **_at(path, " Raw@Value ", anonymousId="a-1"))
    assert found["identifiers"][name] == " Raw@Value "


def test_traits_win_over_properties_as_identifiers() -> None:
    found = record(traits={"email": "t@x"}, properties={"email": "p@x"})
    assert found["identifiers"]["email"] == "t@x"


@pytest.mark.parametrize("value", ["", {"a": 1}, ["x"], True])
def test_what_is_no_text_or_number_is_no_identifier(value: object) -> None:
    assert record("identify", traits={"email": value})["identifiers"] == {"user_id": "u-1"}


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, paths in PAGE_ATTRIBUTES.items() for path in paths]
)
def test_each_page_attribute_is_found_in_each_of_its_places(name: str, path: str) -> None:
    assert record("page", **_at(path, "value"))["attributes"] == {name: "value"}


def test_a_pages_properties_win_over_its_context_and_keep_their_neighbours() -> None:
    page = {"url": "https://context", "referrer": "https://r", "title": "context"}
    mapped = record("page", properties={"url": "https://own", "section": 3}, context={"page": page})
    assert mapped["attributes"] == {
        "url": "https://own",
        "referrer": "https://r",
        "title": "context",
        "section": 3,
    }


def test_a_context_page_of_another_shape_is_no_page() -> None:
    assert record("page", context={"page": "home"})["attributes"] == {}


def test_an_identify_sends_its_traits() -> None:
    traits = {"email": "a@x", "address": {"city": "Oslo"}, "AIQ_1_2": True}
    assert record("identify", traits=traits)["attributes"] == traits
    assert record("identify")["attributes"] == {}


def test_a_property_of_the_names_name_is_kept_under_another() -> None:
    properties = {"event_name": 1, "property_event_name": 2}
    assert record(properties=properties)["attributes"] == {
        "event_name": "Order Completed",
        "property_property_event_name": 1,
        "property_event_name": 2,
    }


def test_an_event_with_nothing_but_a_braze_id_is_filtered() -> None:
    mapped = to_record(canonical({"type": "identify", "context": {"braze_id": "b"}}), actioniq_settings())
    assert mapped == ItemOutcome(Outcome.FILTERED, "no_actioniq_identifier")


def _at(path: str, value: object, **fields: Any) -> dict[str, Any]:
    first, *rest = path.split(".")
    for step in reversed(rest):
        value = {step: value}
    return fields | {first: value}
