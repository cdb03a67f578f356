"""Every call of every SDK, straight to the stack, looked up field by field where it arrived."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sdk import script
from tests.sdk.performance import Performance, expected_events, expected_records
from tests.sdk.sdks import SDKS, Sdk

Json = dict[str, Any]
pytestmark = pytest.mark.parametrize("sdk", SDKS, ids=[sdk.name for sdk in SDKS])

# What the browser SDK knows of a page by itself; what the call says wins.
OF_THE_PAGE = {"search": "?size=9", "referrer": ""}

SECOND = timedelta(seconds=1)


def sent(played: Performance, name: str) -> list[tuple[str, Json]]:
    """The calls of that name with the message ids the SDK gave them."""
    calls = script.calls(played.world.user("calls"))
    return [(mid, call) for mid, call in zip(played.message_ids, calls, strict=True) if call["call"] == name]


def identifiers(call: Json, **more: str) -> Json:
    found = {name: call[name] for name in ("user_id", "anonymous_id") if name in call}
    return found | more


def records(played: Performance) -> dict[str, Json]:
    return {record["record_id"]: record for record in played.world.records()}


def page_properties(sdk: Sdk, call: Json) -> Json:
    own = call["properties"] | ({"category": call["category"]} if "category" in call else {})
    if not sdk.browser:
        return own
    return OF_THE_PAGE | own | {"name": call["name"]}


def without_nulls(properties: Json) -> Json:
    return {name: value for name, value in properties.items() if value is not None}


def test_it_is_the_release_we_name(sdk: Sdk, played: Performance) -> None:
    assert played.version == sdk.version


def test_no_call_is_an_error_to_the_sdk(sdk: Sdk, played: Performance) -> None:
    assert played.scenes["calls"]["errors"] == []
    assert len(set(played.message_ids)) == len(script.calls("anyone"))


def test_pages_are_page_views_at_actioniq(sdk: Sdk, played: Performance) -> None:
    for message_id, call in sent(played, "page"):
        record = records(played)[message_id]
        assert record["record_type"] == "page_view"
        assert record["destination_id"] == played.world.destination
        assert record["identifiers"] == identifiers(call)
        assert record["attributes"] == page_properties(sdk, call) | {"name": call["name"]}


def test_tracks_are_custom_events_at_actioniq(sdk: Sdk, played: Performance) -> None:
    for message_id, call in sent(played, "track"):
        record = records(played)[message_id]
        assert record["record_type"] == "custom_event"
        assert record["destination_id"] == played.world.destination
        assert record["identifiers"] == identifiers(call)
        assert record["attributes"] == without_nulls(call["properties"]) | {"event_name": call["event"]}


def test_an_identify_is_a_profile_at_actioniq(sdk: Sdk, played: Performance) -> None:
    [(message_id, call)] = sent(played, "identify")
    record = records(played)[message_id]
    assert record["record_type"] == "user_profile"
    assert record["destination_id"] == played.world.destination
    assert record["identifiers"] == identifiers(call, email=call["traits"]["email"])
    assert record["attributes"] == call["traits"]


def test_pages_and_tracks_are_events_at_braze(sdk: Sdk, played: Performance) -> None:
    user = played.world.user("calls")
    found = {
        event["name"]: event["properties"] for event in played.world.events() if event["external_id"] == user
    }
    shoes = sent(played, "page")[1][1]
    expected = {call["event"]: without_nulls(call["properties"]) for _, call in sent(played, "track")}
    assert found == expected | {"Shoes": page_properties(sdk, shoes)}


def test_an_identify_is_attributes_at_braze(sdk: Sdk, played: Performance) -> None:
    user = played.world.user("calls")
    profile = played.world.profile(user)
    known = {name: profile[name] for name in ("external_id", "first_name", "last_name", "email")}
    assert known == {
        "external_id": user,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": f"{user}@shop.example",
    }
    assert (profile["home_city"], profile["country"]) == ("London", "GB")
    assert profile["custom_attributes"] == {"plan": "gold", "age": 36, "vip": True}


def times(played: Performance, message_id: str, call: Json) -> list[datetime]:
    """When it happened, as ActionIQ and (for a track) Braze have it."""
    at_braze = [event["time"] for event in played.world.events() if event["name"] == call.get("event")]
    return [datetime.fromisoformat(at) for at in (records(played)[message_id]["timestamp"], *at_braze)]


def test_a_wrong_clock_is_put_right(sdk: Sdk, played: Performance) -> None:
    """The SDK's own is two hours slow."""
    for name in ("page", "identify", "track"):
        for message_id, call in sent(played, name):
            if "at" not in call:
                for moment in times(played, message_id, call):
                    assert played.began - SECOND <= moment <= played.ended + SECOND, call


def test_a_time_of_its_own_is_kept(played: Performance) -> None:
    """An hour before the call, by the same slow clock."""
    message_id, call = sent(played, "track")[1]
    moved = timedelta(seconds=call["at"])
    for moment in times(played, message_id, call):
        assert played.began + moved - SECOND <= moment <= played.ended + moved + SECOND


def filtered(played: Performance, integration_id: str) -> dict[str, str]:
    """Of the calls."""
    every = played.world.filtered(integration_id)
    return {mid: reason for mid, reason in every.items() if mid in played.message_ids}


def test_what_nobody_maps_is_shown_as_filtered(sdk: Sdk, played: Performance) -> None:
    unmapped = {mid: "not_mapped" for name in sorted(script.FILTERED) for mid, _ in sent(played, name)}
    anonymous = {sent(played, "page")[0][0]: "no_braze_identifier"}
    assert filtered(played, played.world.actioniq) == unmapped
    assert filtered(played, played.world.braze) == unmapped | anonymous


def test_everything_arrived_once(sdk: Sdk, played: Performance) -> None:
    ids = [record["record_id"] for record in played.world.records()]
    assert len(ids) == len(set(ids)) == expected_records(sdk)
    assert len(played.world.events()) == expected_events(sdk)
