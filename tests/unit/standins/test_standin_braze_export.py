"""/users/export/ids and /campaigns/list."""

from typing import Any

import pytest

FIELDS = ["external_id", "custom_attributes", "email"]


def export(braze: Any, **body: Any) -> Any:
    return braze.call("POST", "/users/export/ids", {"fields_to_export": FIELDS, **body})


def test_export_gives_the_fields_asked_for_and_leaves_empty_ones_out(braze: Any) -> None:
    braze.attributes(x=1, first_name="Ann")
    reply = export(braze, external_ids=["u"])
    assert reply.status == 201
    user = {"external_id": "u", "custom_attributes": {"x": 1}}
    assert reply.json() == {"message": "success", "users": [user], "invalid_user_ids": []}


def test_unknown_ids_are_listed_and_not_refused(braze: Any) -> None:
    assert export(braze, external_ids=["nobody"]).json()["invalid_user_ids"] == ["nobody"]


def test_an_integer_id_finds_its_user_and_is_called_invalid_too(braze: Any) -> None:
    braze.track(attributes=[{"external_id": "1"}])
    answer = export(braze, external_ids=[1]).json()
    assert (len(answer["users"]), answer["invalid_user_ids"]) == (1, [1])


def test_braze_id_and_email_are_looked_up_one_at_a_time(braze: Any) -> None:
    braze.attributes(email="x@y.zz")
    braze_id = braze.profile()["braze_id"]
    for named in ({"braze_id": braze_id}, {"email_address": "x@y.zz"}):
        assert [one["external_id"] for one in export(braze, **named).json()["users"]] == ["u"]
    assert export(braze, braze_id=[braze_id]).status == 400


@pytest.mark.parametrize(("cap", "status"), [("combined", 400), ("per_list", 201)])
def test_fifty_ids_are_the_most(braze: Any, cap: str, status: int) -> None:
    braze.modes(export_cap=cap)
    ids = [str(n) for n in range(50)]
    alias = {"alias_name": "n", "alias_label": "l"}
    assert export(braze, external_ids=ids).status == 201
    assert export(braze, external_ids=[*ids, "x"]).status == 400
    assert export(braze, external_ids=ids, user_aliases=[alias]).status == status


@pytest.mark.parametrize(("onboarding", "status"), [("after", 400), ("before", 201)])
def test_newer_workspaces_must_name_their_fields(braze: Any, onboarding: str, status: int) -> None:
    braze.modes(export_onboarding=onboarding)
    assert export(braze, external_ids=["u"], fields_to_export=None).status == status


@pytest.mark.parametrize("status", [200, 201])
def test_the_status_of_an_export_is_a_switch(braze: Any, status: int) -> None:
    braze.modes(export_status=status)
    assert export(braze, external_ids=["u"]).status == status


@pytest.mark.parametrize(
    ("onboarding", "fields", "most"),
    [
        ("after", FIELDS, 40),
        ("after", [*FIELDS, "campaigns_received"], 250),
        ("before", FIELDS, 2500),
    ],
)
def test_each_kind_of_export_has_a_lane_of_its_own(
    braze: Any, onboarding: str, fields: list[str], most: int
) -> None:
    braze.modes(export_onboarding=onboarding, rate_limit="burst")
    braze.clock.now -= braze.clock.now % 60
    told = export(braze, external_ids=["u"], fields_to_export=fields).headers
    assert (told["x-ratelimit-limit"], told["x-ratelimit-remaining"]) == (str(most), str(most - 1))


def test_the_fast_lane_is_full_after_forty_calls_a_second_and_tracks_go_on(braze: Any) -> None:
    braze.modes(rate_limit="burst")
    braze.clock.now -= braze.clock.now % 1
    assert [export(braze, external_ids=["u"]).status for _ in range(41)] == [*[201] * 40, 429]
    assert braze.attributes(x=1)
    braze.clock.now += 1
    assert export(braze, external_ids=["u"]).status == 201


def test_export_may_lag_behind_an_accepted_request(braze: Any) -> None:
    braze.modes(apply_delay=5)
    braze.attributes(x=1)
    assert export(braze, external_ids=["u"]).json()["users"] == []
    braze.clock.now += 5
    assert len(export(braze, external_ids=["u"]).json()["users"]) == 1


def test_events_are_remembered_for_ninety_days(braze: Any) -> None:
    for name, time in (("old", "2020-01-01"), ("new", "2023-11-01")):
        braze.track(events=[{"external_id": "u", "name": name, "time": time}])
    answer = export(braze, external_ids=["u"], fields_to_export=["custom_events"]).json()
    assert [one["name"] for one in answer["users"][0]["custom_events"]] == ["new"]


def campaigns(braze: Any, query: str = "") -> list[str]:
    answer = braze.call("GET", f"/campaigns/list{query}").json()
    return [one["id"] for one in answer["campaigns"]]


def test_campaigns_come_a_hundred_a_page_oldest_first(braze: Any) -> None:
    for n in range(150):
        braze.call("POST", "/_standin/campaigns", {"id": f"c{n}", "name": "C"})
    assert campaigns(braze)[0] == "c0"
    assert [len(campaigns(braze, f"?page={page}")) for page in range(3)] == [100, 50, 0]
    assert campaigns(braze, "?sort_direction=desc")[0] == "c149"


def test_archived_campaigns_are_listed_on_request_and_paused_ones_always(braze: Any) -> None:
    braze.call("POST", "/_standin/campaigns", {"id": "a", "name": "A", "archived": True})
    braze.call("POST", "/_standin/campaigns", {"id": "p", "name": "P", "paused": True})
    assert campaigns(braze) == ["p"]
    assert campaigns(braze, "?include_archived=true") == ["a", "p"]


def test_campaigns_can_be_asked_for_by_last_edit(braze: Any) -> None:
    braze.call("POST", "/_standin/campaigns", {"id": "a", "name": "A"})
    assert campaigns(braze, "?last_edit.time[gt]=2025-01-01T00:00:00") == ["a"]
    assert campaigns(braze, "?last_edit.time[gt]=2026-06-01T00:00:00") == []
