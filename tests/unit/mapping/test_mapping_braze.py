"""Every row of Braze's tables, and what is left out or refused before it could be stored in part."""

from typing import Any

import pytest

from mapping.braze import (
    ARRAYS,
    array_of,
    left_out,
    object_count,
    to_objects,
    wanted,
)
from mapping.braze_fields import (
    ADDRESS_NAMES,
    CONSENT_ATTRIBUTES,
    MAX_EXTERNAL_ID_BYTES,
    PROPERTY_NAMES,
    RESERVED_ATTRIBUTES,
    STANDARD_ATTRIBUTES,
    TRAIT_NAMES,
    membership_attribute,
)
from mapping.outcome import ItemOutcome, LeftOut, Outcome
from tests.unit.mapping.signal_events import AT, braze_settings, canonical, event

GROUP = {"subscription_group_id": "g-1", "subscription_state": "subscribed"}
GOOD: dict[str, list[tuple[Any, Any]]] = {
    "first_name": [("Ann", "Ann")],
    "last_name": [("Lee", "Lee")],
    "email": [("a@x", "a@x")],
    "phone": [("+4712345678", "+4712345678"), (4712345678, "4712345678")],
    "dob": [
        ("1980-02-29", "1980-02-29"),
        ("1980-02-29T08:00:00Z", "1980-02-29"),
        ("1980-02-29 08:00", "1980-02-29"),
    ],
    "gender": [("F", "F"), ("female", "F"), ("Male", "M"), ("p", "P"), ("unknown", "N"), ("other", "O")],
    "home_city": [("Oslo", "Oslo")],
    "country": [("NO", "NO"), ("Norway", "Norway")],
    "language": [("en", "en"), ("en-GB", "en"), ("pt_BR", "pt")],
    "time_zone": [("Europe/Oslo", "Europe/Oslo")],
    "current_location": [({"longitude": 1.5, "latitude": 2}, {"longitude": 1.5, "latitude": 2})],
    "date_of_first_session": [(AT, AT)],
    "date_of_last_session": [("2026-09-01", "2026-09-01")],
    "marked_email_as_spam_at": [(AT, AT)],
    "email_open_tracking_disabled": [(True, True), (False, False)],
    "email_click_tracking_disabled": [(True, True)],
    "facebook": [({"id": "1"}, {"id": "1"})],
    "twitter": [({"id": 1}, {"id": 1})],
    "email_subscribe": [("opted_in", "opted_in"), ("unsubscribed", "unsubscribed")],
    "push_subscribe": [("subscribed", "subscribed")],
    "subscription_groups": [([GROUP], [GROUP])],
}
BAD: dict[str, list[Any]] = {
    "first_name": [7, True, ["Ann"]],
    "last_name": [{}],
    "email": [7, ["a@x"]],
    "phone": [True, 4.5, {}],
    "dob": ["29.02.1980", "1980-02-30", "1980-2-9", 1980, "1980-02-29x"],
    "gender": ["robot", 1],
    "home_city": [{}],
    "country": [47],
    "language": ["english", "e", 7],
    "time_zone": [1],
    "current_location": ["Oslo", {"longitude": 1}, {"longitude": True, "latitude": 1}],
    "date_of_first_session": ["soon", 7],
    "date_of_last_session": [True],
    "marked_email_as_spam_at": [{}],
    "email_open_tracking_disabled": ["true", 1],
    "email_click_tracking_disabled": ["no"],
    "facebook": ["id"],
    "twitter": [1],
    "email_subscribe": ["yes", True],
    "push_subscribe": [True],
    "subscription_groups": [
        [],
        ["g-1"],
        [{"subscription_group_id": "g"}],
        [GROUP | {"subscription_state": "x"}],
        "g",
    ],
}


def sent(kind: str = "track", settings: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The one object of an event that becomes one."""
    mapped = to_objects(event(kind, **fields), braze_settings(**(settings or {})))
    assert not isinstance(mapped, ItemOutcome), mapped
    [(_, thing)] = mapped
    return thing


def refused(kind: str = "track", settings: dict[str, Any] | None = None, **fields: Any) -> tuple[str, str]:
    """Outcome and reason of an event that becomes none."""
    mapped = to_objects(event(kind, **fields), braze_settings(**(settings or {})))
    assert isinstance(mapped, ItemOutcome), mapped
    return mapped.outcome.value, mapped.reason


def left(kind: str = "track", **fields: Any) -> list[tuple[str, str]]:
    """Field and reason of everything left out of an event, consent fields allowed."""
    settings = braze_settings(consent_fields="allow")
    return [(note.field, note.reason) for note in left_out(event(kind, **fields), settings)]


def profile(**traits: Any) -> dict[str, Any]:
    """What an identify of these traits sets, consent fields allowed."""
    thing = sent("identify", {"consent_fields": "allow"}, traits=traits)
    assert thing.pop("external_id") == "u-1"
    return thing


def test_a_track_is_an_event_with_name_identifier_time_and_properties() -> None:
    assert to_objects(event(properties={"total": 41.5}), braze_settings()) == [
        (
            "events",
            {"external_id": "u-1", "name": "Order Completed", "time": AT, "properties": {"total": 41.5}},
        )
    ]


def test_an_identify_is_an_attributes_object() -> None:
    mapped = to_objects(event("identify", traits={"firstName": "Ann", "orders": 3}), braze_settings())
    assert mapped == [("attributes", {"external_id": "u-1", "first_name": "Ann", "orders": 3})]


def test_a_page_is_sent_only_where_the_installation_says_so() -> None:
    assert refused("page") == ("filtered", "pages_not_tracked")
    assert sent("page", {"track_pages": True}, name="Home")["name"] == "Home"
    assert sent("page", {"track_pages": True})["name"] == "Page Viewed"


@pytest.mark.parametrize("kind", ["group", "alias", "screen"])
def test_other_types_are_filtered(kind: str) -> None:
    assert refused(kind, {"track_pages": True}) == ("filtered", "not_mapped")


def test_an_anonymous_event_is_filtered() -> None:
    anonymous = canonical({"type": "track", "event": "e", "anonymousId": "a"})
    assert wanted(anonymous, braze_settings()) == ItemOutcome(Outcome.FILTERED, "no_braze_identifier")
    assert object_count(anonymous, braze_settings()) == 0


def test_a_braze_id_addresses_a_profile_unless_a_user_id_does() -> None:
    by_id = canonical({"type": "track", "event": "e", "context": {"braze_id": "b-1"}})
    mapped = to_objects(by_id, braze_settings())
    assert not isinstance(mapped, ItemOutcome)
    assert mapped[0][1].keys() == {"braze_id", "name", "time"}
    assert "braze_id" not in sent(context={"braze_id": "b-1"})


@pytest.mark.parametrize(("kind", "array"), ARRAYS.items())
def test_each_type_has_its_array_and_counts_one_object(kind: str, array: str) -> None:
    given = event(kind, traits={"plan": "free"})
    settings = braze_settings(track_pages=True)
    assert array_of(given) == array
    assert object_count(given, settings) == 1
    mapped = to_objects(given, settings)
    assert not isinstance(mapped, ItemOutcome)
    assert [name for name, _ in mapped] == [array]


def test_update_existing_only_marks_every_object() -> None:
    assert sent(settings={"update_existing_only": True})["_update_existing_only"] is True
    assert "_update_existing_only" not in sent()


def test_an_identify_without_traits_is_filtered() -> None:
    assert refused("identify") == ("filtered", "no_traits")
    assert refused("identify", traits={"email_subscribe": "opted_in"}) == ("filtered", "no_traits")


@pytest.mark.parametrize(
    ("name", "given", "kept"), [(name, given, kept) for name, rows in GOOD.items() for given, kept in rows]
)
def test_each_standard_attribute_takes_its_values(name: str, given: object, kept: object) -> None:
    assert profile(**{name: given}) == {name: kept}


@pytest.mark.parametrize(("name", "given"), [(name, given) for name, rows in BAD.items() for given in rows])
def test_a_value_a_standard_attribute_does_not_take_is_left_out_and_the_rest_goes(
    name: str, given: object
) -> None:
    traits = {name: given, "plan": "free"}
    assert profile(**traits) == {"plan": "free"}
    assert left("identify", traits=traits) == [(f"traits.{name}", "bad_value")]


def test_every_standard_attribute_has_rows() -> None:
    assert GOOD.keys() == BAD.keys() == STANDARD_ATTRIBUTES.keys()


@pytest.mark.parametrize(("trait", "name"), TRAIT_NAMES.items())
def test_each_trait_of_the_table_is_renamed(trait: str, name: str) -> None:
    value, kept = GOOD[name][0]
    assert profile(**{trait: value}) == {name: kept}


@pytest.mark.parametrize(("trait", "name"), TRAIT_NAMES.items())
def test_the_exact_name_wins_over_a_trait_of_the_table(trait: str, name: str) -> None:
    value, kept = GOOD[name][0]
    given = event("identify", traits={trait: "1999-09-09", name: value})
    mapped = to_objects(given, braze_settings())
    assert mapped == [("attributes", {"external_id": "u-1", name: kept})]
    assert left_out(given, braze_settings()) == (LeftOut(f"traits.{trait}", "exact_name_given"),)


@pytest.mark.parametrize(("key", "name"), ADDRESS_NAMES.items())
def test_each_part_of_an_address_is_a_standard_attribute(key: str, name: str) -> None:
    assert profile(address={key: "Oslo", "street": "1"}) == {name: "Oslo", "address": {"street": "1"}}


def test_an_address_leaves_nothing_behind_and_other_shapes_stay_custom() -> None:
    assert profile(address={"city": "Oslo", "country": "NO"}) == {"home_city": "Oslo", "country": "NO"}
    assert profile(address="1 Street") == {"address": "1 Street"}


def test_each_part_of_an_address_is_left_out_by_itself() -> None:
    assert profile(address={"city": 7, "country": "NO", "street": "1"}) == {
        "country": "NO",
        "address": {"street": "1"},
    }
    assert left("identify", traits={"address": {"city": 7}}) == [("traits.address.city", "bad_value")]
    large = {"city": "Oslo"} | {str(key): "x" * 200 for key in range(300)}
    assert profile(address=large) == {"home_city": "Oslo"}
    assert left("identify", traits={"address": large}) == [("traits.address", "object_too_large")]


@pytest.mark.parametrize("name", sorted(CONSENT_ATTRIBUTES))
def test_consent_goes_only_where_it_is_allowed_and_never_from_a_browser(name: str) -> None:
    value, kept = GOOD[name][0]
    traits = {name: value, "plan": "free"}
    assert profile(**traits) == {name: kept, "plan": "free"}
    assert name not in sent("identify", traits=traits)
    assert name not in sent("identify", {"consent_fields": "allow"}, traits=traits, sourceKind="browser")
    assert left_out(event("identify", traits=traits), braze_settings()) == (
        LeftOut(f"traits.{name}", "consent_field"),
    )


@pytest.mark.parametrize("name", [*sorted(RESERVED_ATTRIBUTES), "AIQ_1_2", "AIQ_", " AIQ_1_2 "])
def test_a_reserved_name_is_left_out_and_the_rest_goes(name: str) -> None:
    traits = {name: True, "plan": "free"}
    assert profile(**traits) == {"plan": "free"}
    assert left("identify", traits=traits) == [(f"traits.{name}", "reserved_attribute")]


@pytest.mark.parametrize(
    "value",
    [
        True,
        3,
        4.5,
        "text",
        "",
        "2026-09-01T00:00:00Z",
        ["a", "b"],
        {"a": {"$time": AT}},
        [{"a": 1}],
        {"inc": 1},
        {"inc": -1},
        {"add": ["x"], "remove": ["y"]},
        {"$add": [{"id": 1, "at": {"$time": AT}}]},
        {"$remove": [{"$identifier_key": "id", "$identifier_value": 1}]},
        {"$update": [{"$identifier_key": "id", "$identifier_value": 1, "$new_object": {"a": 2}}]},
        {"a": {"b": [{"c": {"$time": "2026-09-01"}}]}},
    ],
)
def test_everything_else_is_a_custom_attribute_under_its_own_name(value: object) -> None:
    assert profile(Birthdate=value) == {"Birthdate": value}


def test_blanks_around_a_name_are_stripped_as_braze_does() -> None:
    assert profile(**{" plan ": "free", " email": "a@x"}) == {"plan": "free", "email": "a@x"}


@pytest.mark.parametrize(
    ("trait", "standard"),
    [("Birthdate", "dob"), ("Email", "email"), ("city", "home_city"), ("sex", "gender")],
)
def test_a_look_alike_of_a_standard_attribute_goes_out_as_it_is_with_a_warning(
    trait: str, standard: str
) -> None:
    given = event("identify", traits={trait: "x", "plan": "free"})
    assert to_objects(given, braze_settings()) == [
        ("attributes", {"external_id": "u-1", trait: "x", "plan": "free"})
    ]
    assert left_out(given, braze_settings()) == (LeftOut(f"traits.{trait}", f"looks_like_{standard}", True),)


@pytest.mark.parametrize("name", ["email", "dob", "country", "first_name", "gender"])
def test_an_empty_standard_field_is_left_out(name: str) -> None:
    given = event("identify", traits={name: "", "plan": ""})
    assert to_objects(given, braze_settings()) == [("attributes", {"external_id": "u-1", "plan": ""})]
    assert left_out(given, braze_settings()) == (LeftOut(f"traits.{name}", "empty"),)


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        ({"bio": "x" * 256}, "string_too_long"),
        ({"first_name": "x" * 256}, "string_too_long"),
        ({"tags": ["x" * 256]}, "string_too_long"),
        ({"tags": ["x"] * 501}, "array_too_long"),
        ({"orders": [{"note": "x" * 200}] * 600}, "array_too_large"),
        ({"thing": {str(key): "x" * 200 for key in range(300)}}, "object_too_large"),
        ({"address": {str(key): "x" * 200 for key in range(300)}}, "object_too_large"),
        ({"$set": 1}, "bad_key"),
        ({"k" * 256: 1}, "key_too_long"),
        ({"\u00e9" * 128: 1}, "key_too_long"),
        ({" ": 1}, "empty_key"),
        ({"home": {"since": {"$time": "yesterday"}}}, "bad_time"),
        ({"home": {"since": {"$time": 5}}}, "bad_time"),
        ({"home": {"since": {"$time": "3001-01-01T00:00:00Z"}}}, "bad_time"),
        ({"homes": [{"rooms": [{"since": {"$time": ""}}]}]}, "bad_time"),
        ({"home": {"zip code": "1"}}, "bad_key"),
        ({"homes": [{"$zip": "1"}]}, "bad_key"),
        ({"home": {"k" * 256: "1"}}, "key_too_long"),
        ({"seats": {"inc": 1.5}}, "wrong_operator"),
        ({"seats": {"inc": "1"}}, "wrong_operator"),
        ({"seats": {"inc": True}}, "wrong_operator"),
        ({"seats": {"inc": 1, "add": ["x"]}}, "wrong_operator"),
        ({"tags": {"add": [{"id": 1}]}}, "wrong_operator"),
        ({"tags": {"add": [["x"]]}}, "wrong_operator"),
        ({"tags": {"add": "x"}}, "wrong_operator"),
        ({"tags": {"$add": ["x"]}}, "wrong_operator"),
        ({"tags": {"add": ["x"], "$add": [{"id": 1}]}}, "wrong_operator"),
        ({"tags": {"$remove": [{"$identifier_key": "id"}]}}, "wrong_operator"),
        ({"tags": {"$update": [{"id": 1}]}}, "wrong_operator"),
        ({"tags": {"$add": [{"since": {"$time": "soon"}}]}}, "bad_time"),
    ],
)
def test_a_trait_braze_would_not_store_in_full_is_left_out_and_the_rest_goes(
    traits: dict[str, Any], reason: str
) -> None:
    [trait] = traits
    assert profile(**traits | {"plan": "free"}) == {"plan": "free"}
    assert left("identify", traits=traits | {"plan": "free"}) == [(f"traits.{trait[:255]}", reason)]


def test_an_identify_of_which_nothing_is_left_is_filtered_and_says_what_was_left_out() -> None:
    mapped = to_objects(event("identify", traits={"bio": "private " * 40, "AIQ_1_2": True}), braze_settings())
    assert mapped == ItemOutcome(
        Outcome.FILTERED,
        "no_traits",
        "left out: traits.bio (string_too_long), traits.AIQ_1_2 (reserved_attribute)",
        (LeftOut("traits.bio", "string_too_long"), LeftOut("traits.AIQ_1_2", "reserved_attribute")),
    )


@pytest.mark.parametrize("value", ["x" * 255, ["x"] * 500, [{"a": 1}] * 600, {"a": "x" * 300}])
def test_values_at_the_limits_pass(value: object) -> None:
    assert profile(plan=value) == {"plan": value}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"userId": "u" * (MAX_EXTERNAL_ID_BYTES + 1)}, "external_id_too_long"),
        ({"userId": "\u00e9" * 494}, "external_id_too_long"),
        ({"event": "e" * 256}, "event_name_too_long"),
    ],
)
def test_what_the_whole_depends_on_rejects_the_whole(fields: dict[str, Any], reason: str) -> None:
    assert refused(**fields, properties={"url": "x" * 256}) == ("rejected", reason)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("url", "x" * 256, "string_too_long"),
        ("$price", 1, "bad_key"),
        ("", 1, "empty_key"),
        ("k" * 256, 1, "key_too_long"),
        ("items", ["x" * 200] * 600, "properties_too_large"),
    ],
)
def test_a_property_braze_would_not_store_is_left_out_and_the_event_goes(
    key: str, value: object, reason: str
) -> None:
    given = {key: value, "total": 41.5, "time": 1}
    assert sent(properties=given)["properties"] == {"total": 41.5, "property_time": 1}
    assert left(properties=given) == [(f"properties.{key[:255]}", reason)]


def test_an_event_goes_out_even_when_no_property_is_left() -> None:
    assert sent(properties={"url": "x" * 256}) == {
        "external_id": "u-1",
        "name": "Order Completed",
        "time": AT,
    }


def test_of_more_than_256_good_properties_the_first_256_go_out() -> None:
    given = {"url": "x" * 256} | {str(key): key for key in range(258)}
    assert sent(properties=given)["properties"] == {str(key): key for key in range(256)}
    assert left(properties=given) == [
        ("properties.url", "string_too_long"),
        ("properties.256", "too_many_properties"),
        ("properties.257", "too_many_properties"),
    ]


def test_arrays_and_objects_go_the_largest_first_until_the_rest_fits() -> None:
    given = {"small": [1], "large": ["x" * 200] * 300, "larger": {"a": "x" * 80_000}, "total": 41.5}
    assert sent(properties=given)["properties"].keys() == {"small", "large", "total"}
    assert left(properties=given) == [("properties.larger", "properties_too_large")]


def test_properties_without_arrays_and_objects_may_be_large() -> None:
    given = {f"{key:0>250}": "x" * 255 for key in range(256)}
    assert sent(properties=given)["properties"] == given
    assert sent(properties=given | {f"{0:0>250}": [1]})["properties"].keys() == given.keys() - {f"{0:0>250}"}


def test_what_is_left_out_leaves_the_event_itself_as_it_was() -> None:
    given = event(properties={"url": "x" * 256, "items": [1]})
    to_objects(given, braze_settings())
    assert given["properties"].keys() == {"url", "items"}


def test_nothing_is_left_out_of_an_event_braze_stores_whole_or_not_at_all() -> None:
    assert left(properties={"url": "x" * 255, "time": 1}) == []
    assert left("group", traits={"bio": "x" * 256}) == []


def test_an_external_id_at_the_limit_passes() -> None:
    assert len(sent(userId="u" * MAX_EXTERNAL_ID_BYTES)["external_id"]) == MAX_EXTERNAL_ID_BYTES


@pytest.mark.parametrize(("key", "name"), PROPERTY_NAMES.items())
def test_a_reserved_property_keeps_its_value_under_another_name(key: str, name: str) -> None:
    assert sent(properties={key: 1, "total": 2})["properties"] == {name: 1, "total": 2}
    assert sent(properties={key: 1, name: 2})["properties"] == {f"property_{name}": 1, name: 2}


def test_what_is_left_out_is_named_without_its_value() -> None:
    assert left(properties={"note": "private " * 40}) == [("properties.note", "string_too_long")]


def test_membership_has_one_name_per_audience_and_split() -> None:
    assert membership_attribute("12345", "A-1") == "AIQ_12345_A-1"


@pytest.mark.parametrize(
    ("audience", "split"),
    [("", "1"), ("1", ""), ("a_b", "1"), ("1", "a b"), ("a" * 65, "1"), ("1", "1\n"), ("é", "1")],
)
def test_an_id_that_would_blur_the_name_is_refused(audience: str, split: str) -> None:
    with pytest.raises(ValueError, match="id is 1 to 64"):
        membership_attribute(audience, split)
