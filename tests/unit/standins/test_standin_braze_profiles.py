"""Which profile an object means, and what the reserved fields take."""

from typing import Any

import pytest

GROUP = "11111111-2222-3333-4444-555555555555"


def test_an_unknown_external_id_makes_a_profile_with_an_assigned_braze_id(braze: Any) -> None:
    braze.attributes(n=1)
    assert len(braze.profile()["braze_id"]) == 24


def test_update_only_never_makes_a_profile(braze: Any) -> None:
    answer = braze.attributes(n=1, _update_existing_only=True)
    assert answer["attributes_processed"] == 1
    assert (braze.counters()["profiles"], braze.counters()["skipped"]) == (0, 1)
    assert braze.counters()["data_points"] == 0


def test_a_skipped_object_can_be_left_out_of_the_count(braze: Any) -> None:
    braze.modes(skipped_counts=False)
    assert braze.attributes(n=1, _update_existing_only=True)["attributes_processed"] == 0


def test_an_unknown_braze_id_is_never_created(braze: Any) -> None:
    braze.track(attributes=[{"braze_id": "nobody", "n": 1}])
    assert braze.counters()["profiles"] == 0


def test_a_known_braze_id_is_found(braze: Any) -> None:
    braze.attributes(n=1)
    braze.track(attributes=[{"braze_id": braze.profile()["braze_id"], "n": 2}])
    assert braze.custom() == {"n": 2}


def test_two_primary_identifiers_cost_the_object(braze: Any) -> None:
    answer = braze.track(attributes=[{"external_id": "u", "braze_id": "b", "n": 1}])
    assert answer["errors"][0]["index"] == 0
    assert braze.counters()["profiles"] == 0


def test_an_alias_makes_a_profile_only_when_told_to(braze: Any) -> None:
    alias = {"alias_name": "n", "alias_label": "l"}
    braze.track(attributes=[{"user_alias": alias, "n": 1}])
    assert braze.counters()["profiles"] == 0
    braze.track(attributes=[{"user_alias": alias, "n": 1, "_update_existing_only": False}])
    braze.track(attributes=[{"user_alias": alias, "n": 2}])
    assert braze.counters()["profiles"] == 1


def test_a_known_email_with_a_new_external_id_makes_a_second_profile(braze: Any) -> None:
    braze.track(attributes=[{"external_id": "a", "email": "x@y.zz"}])
    braze.track(attributes=[{"external_id": "b", "email": "x@y.zz"}])
    assert braze.counters()["profiles"] == 2


def test_an_email_alone_finds_the_profile_updated_last_that_has_an_external_id(braze: Any) -> None:
    braze.track(attributes=[{"email": "x@y.zz", "n": 0}])
    for user in ("a", "b"):
        braze.track(attributes=[{"external_id": user, "email": "x@y.zz"}])
    braze.track(attributes=[{"email": "X@y.zz", "n": 1}])
    assert braze.custom("b") == {"n": 1}
    assert braze.custom("a") == {}


def test_an_email_nobody_has_makes_a_profile_without_alias(braze: Any) -> None:
    braze.track(events=[{"email": "x@y.zz", "name": "e", "time": "2020-01-01"}])
    profile = braze.call("GET", "/_standin/profiles").json()["profiles"][0]
    assert (profile["external_id"], profile["email"]) == (None, "x@y.zz")
    assert "user_aliases" not in profile


@pytest.mark.parametrize(
    ("external_id", "error"),
    [("", "required"), (7, "required"), ("é" * 494, "TOO_LARGE"), ("bad", "blacklisted")],
)
def test_a_bad_external_id_is_named(braze: Any, external_id: Any, error: str) -> None:
    braze.modes(blocked_external_ids=["bad"])
    answer = braze.track(attributes=[{"external_id": external_id, "n": 1}])
    assert error in answer["errors"][0]["type"]


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("country", "Australia", "AU"),
        ("country", "us", "US"),
        ("country", "Nowhere", None),
        ("dob", "1980-02-29", "1980-02-29"),
        ("dob", "29/02/1980", None),
        ("dob", "1981-02-29", None),
        ("gender", "F", "F"),
        ("gender", "female", None),
        ("language", "en", "en"),
        ("language", "english", None),
        ("time_zone", "Europe/Paris", "Europe/Paris"),
        ("time_zone", "Eastern Time (US & Canada)", "Eastern Time (US & Canada)"),
        ("time_zone", "CET+1", None),
        ("first_name", "Ann", "Ann"),
        ("first_name", 7, None),
        ("date_of_first_session", "2020-01-01", "2020-01-01T00:00:00.000Z"),
        ("email_open_tracking_disabled", "yes", None),
        ("email_subscribe", "opted_in", "opted_in"),
    ],
)
def test_a_reserved_field_takes_its_own_kind_alone(braze: Any, name: str, value: Any, stored: Any) -> None:
    assert "errors" not in braze.attributes(**{name: value})
    assert braze.profile().get(name) == stored
    assert braze.custom() == {}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("email", "nobody", "EMAIL_BAD_FORMAT"),
        ("email_subscribe", "yes", "BAD_EMAIL_SUBSCRIPTION_STATE"),
        ("push_subscribe", True, "BAD_PUSH_SUBSCRIPTION_STATE"),
        ("current_location", {"longitude": 1}, "BAD_LOCATION_UPDATE"),
        ("subscription_groups", {}, "BAD_SUBSCRIPTION_GROUP_ARRAY"),
        ("subscription_groups", [1], "BAD_SUBSCRIPTION_GROUP_HASH"),
        ("subscription_groups", [{"subscription_group_id": "x"}], "BAD_SUBSCRIPTION_GROUP_ID"),
        ("subscription_groups", [{"subscription_group_id": GROUP}], "BAD_SUBSCRIPTION_GROUP_STATE"),
        ("push_tokens", [{"app_id": "a", "token": "t", "device_id": "short"}], "BAD_DEVICE_ID"),
        ("push_token_import", True, "BAD_PUSH_TOKEN_IMPORT"),
        ("email_subscription_info", {}, "INVALID_ATTRIBUTE_EMAIL_SUBSCRIPTION_INFO"),
    ],
)
def test_a_refused_field_is_named_by_its_code(braze: Any, name: str, value: Any, code: str) -> None:
    assert braze.attributes(**{name: value})["errors"][0]["type"] == code


@pytest.mark.parametrize(("cost", "kept"), [("object", 0), ("field", 1)])
def test_a_bad_field_costs_the_object_or_itself_alone(braze: Any, cost: str, kept: int) -> None:
    braze.modes(bad_field=cost)
    assert len(braze.attributes(email="nobody", n=1)["errors"]) == 1
    assert braze.counters()["profiles"] == kept


def test_a_look_alike_of_a_reserved_field_becomes_a_custom_attribute(braze: Any) -> None:
    braze.attributes(Birthdate="1980-01-01", Email="x@y.zz")
    assert set(braze.custom()) == {"Birthdate", "Email"}
    assert "dob" not in braze.profile()


def test_null_clears_a_reserved_field(braze: Any) -> None:
    braze.attributes(first_name="Ann")
    braze.attributes(first_name=None)
    assert "first_name" not in braze.profile()


def test_a_consent_set_by_external_id_reaches_everyone_with_that_email(braze: Any) -> None:
    for user in ("u", "v"):
        braze.track(attributes=[{"external_id": user, "email": "x@y.zz"}])
    braze.attributes(email_subscribe="unsubscribed")
    assert braze.profile("v")["email_subscribe"] == "unsubscribed"


def test_a_test_can_bring_a_profile_with_a_braze_id(braze: Any) -> None:
    given = {"braze_id": "b1", "external_id": "u", "email": "x@y.zz", "custom_attributes": {"n": 1}}
    braze.call("POST", "/_standin/profiles", {"profiles": [given]})
    assert braze.profile("b1") == {**given}
    assert braze.counters()["data_points"] == 0


def test_profiles_are_paged(braze: Any) -> None:
    braze.track(attributes=[{"external_id": f"u{n}"} for n in range(5)])
    first = braze.call("GET", "/_standin/profiles?limit=3").json()
    rest = braze.call("GET", f"/_standin/profiles?limit=3&after={first['next']}").json()
    assert [len(first["profiles"]), len(rest["profiles"]), rest["next"]] == [3, 2, None]
