"""Reading back, triggered campaigns and addresses (behaviours 20 to 25 of 25, and one more).

| | what a careless client gets wrong |
|---|---|
| 20 | an export is asked with strings, and for one braze_id at a time |
| 21 | `fields_to_export` is needed on newer accounts, and keeps the fast lane elsewhere |
| 22 | recipients are called `external_user_id`, and a request takes 50 of them |
| 23 | a send without recipients addresses the whole segment; a paused campaign answers success |
| 24 | of a user's recipients the last one counts; an unknown user is created only with attributes beside the flag |
| 25 | a host cannot be guessed, a trailing slash or a misspelt permission looks like a bad key |
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.errors import Problem
from bridge.flows.admin.permissions import Permissions
from bridge.flows.events.activate import plan_order
from bridge.flows.events.orders import read_order
from mapping.catalog import entry
from mapping.delivery import DeliveryMessage
from tests.unit.braze_behaviours.account import KEY, Account, Lane, Runs, person
from tests.unit.delivery.fakes import START
from tests.unit.delivery.world import BRAZE, event, installation, order
from tests.unit.plan.world import row

SEND = "/campaigns/trigger/send"


@pytest.fixture
def campaign(braze: Account) -> Account:
    """An account with the campaign `cmp` and three users."""
    braze.call("POST", "campaigns", {"id": "cmp", "name": "Hello"})
    braze.seed(*({"external_id": f"u{n}", "braze_id": f"b{n}"} for n in range(3)))
    return braze


def activation(rows: list[dict[str, Any]], now: datetime = START, **settings: Any) -> list[DeliveryMessage]:
    """The deliveries that an order of a journey becomes."""
    document = {
        "activation_id": "act_1",
        "kind": "campaign",
        "integration_id": BRAZE,
        "settings": {"campaign_id": "cmp", **settings},
        "rows": rows,
    }
    planned = plan_order(read_order(document), now)
    return [DeliveryMessage.model_validate_json(body) for body in planned.messages]


def test_20_profiles_are_read_back_by_text_and_one_braze_id_a_call(braze: Account) -> None:
    braze.seed({"external_id": "1", "braze_id": "b1", "custom_attributes": {"n": 1}})
    fields = ["external_id", "braze_id", "custom_attributes"]
    known = braze.reads().export(braze.url, SecretStr(KEY), ["1", "2"], fields, identifier="external_id")
    assert known.users["1"]["custom_attributes"] == {"n": 1}
    assert (list(known.users), known.unknown) == (["1"], {"2"})
    found = braze.reads().export(braze.url, SecretStr(KEY), ["b1"], fields, identifier="braze_id")
    assert found.users["b1"]["external_id"] == "1"


@pytest.mark.parametrize("onboarding", ["before", "after"])
def test_21_a_read_names_its_fields_and_stays_in_the_fast_lane(braze: Account, onboarding: str) -> None:
    braze.modes(export_onboarding=onboarding, rate_limit="burst")
    braze.seed({"external_id": "u1"})
    reads, key, fields = braze.reads(), SecretStr(KEY), ["external_id"]
    found = [reads.export(braze.url, key, ["u1"], fields, identifier="external_id") for _ in range(5)]
    assert [list(one.users) for one in found] == [["u1"]] * 5
    lanes = {window.lane for window in braze.site.workspace.limiter.used}
    assert lanes == ({"export fast"} if onboarding == "after" else {"export"})


def test_22_recipients_carry_the_name_a_send_knows_and_go_in_fifties(campaign: Account, lane: Lane) -> None:
    campaign.seed(*({"external_id": f"r{n}"} for n in range(120)))
    messages = activation([{"external_id": f"r{n}", "coupon": n} for n in range(120)])
    assert [len(message.items) for message in messages] == [50, 50, 20]
    assert {lane.receive(message).status for message in messages} == {"delivered"}
    sent = {one["recipient"]["external_user_id"]: one["trigger_properties"] for one in campaign.messages()}
    assert sent == {f"r{n}": {"coupon": n} for n in range(120)}


def test_22_an_order_of_more_than_fifty_is_halved(campaign: Account, lane: Lane) -> None:
    campaign.seed(*({"external_id": f"r{n}"} for n in range(51)))
    assert lane.receive(order([f"r{n}" for n in range(51)])).counts == {"delivered": 51}
    assert (campaign.answers(SEND), len(campaign.messages())) == ({"400": 1, "201": 2}, 51)


def test_22_a_recipient_may_be_known_by_braze_id(campaign: Account, lane: Lane, tmp_path: Path) -> None:
    [message] = activation([{"braze_id": "b1", "coupon": "A"}])
    assert lane.receive(message).status == "delivered"
    runs = Runs(campaign, tmp_path)
    people = [{"braze_id": "b2", "coupon": "B"}]
    runs.put("one", people, where="campaign=cmp", columns=("braze_id", "coupon"), identifier="braze_id")
    runs.work()
    assert [one["recipient"] for one in campaign.messages()] == [{"braze_id": "b1"}, {"braze_id": "b2"}]


def test_23_without_recipients_nothing_is_sent_to_anybody(campaign: Account, lane: Lane) -> None:
    nobody = order(["u1"]).model_copy(update={"items": [{"external_id": ""}, {"coupon": "A"}]})
    assert lane.receive(nobody).status == "rejected"
    assert (campaign.answers(SEND), campaign.messages()) == ({}, [])
    with pytest.raises(ValueError, match="whole campaign segment"):
        campaign.client().trigger(campaign.url, SecretStr(KEY), "cmp", [])


def test_23_a_broadcast_is_refused_where_it_is_ordered(campaign: Account, lane: Lane) -> None:
    with pytest.raises(Problem) as refused:
        activation([{"external_id": "u1"}], broadcast=True)
    assert refused.value.status == 422
    [message] = activation([{"external_id": "u1", "broadcast": True}])
    lane.receive(message)
    assert [one["recipient"] for one in campaign.messages()] == [{"external_user_id": "u1"}]


def test_23_a_paused_campaign_is_recorded_as_not_sent(campaign: Account, lane: Lane, tmp_path: Path) -> None:
    campaign.call("POST", "campaigns", {"id": "cmp", "name": "Hello", "paused": True})
    message = order(["u1"])
    assert lane.receive(message).status == "rejected"
    assert lane.row(message)["reason"] == "campaign_paused"
    runs = Runs(campaign, tmp_path)
    run = runs.put("one", [row("u1"), row("u2")], where="campaign=cmp")
    runs.work()
    assert runs.report(run)["sent"]["rejected_by_reason"] == {"campaign_paused": 2}
    assert campaign.messages() == []


def test_24_of_a_users_rows_the_last_one_is_sent_once(campaign: Account, lane: Lane, tmp_path: Path) -> None:
    twice = [{"external_id": "u1", "coupon": "A"}, {"external_id": "u1", "coupon": "B"}]
    message = order([]).model_copy(update={"items": twice})
    assert lane.receive(message).counts == {"delivered": 1, "filtered": 1}
    runs = Runs(campaign, tmp_path)
    runs.put("one", twice, where="campaign=cmp", columns=("external_id", "coupon"))
    runs.work()
    assert [one["trigger_properties"] for one in campaign.messages()] == [{"coupon": "B"}] * 2


@pytest.mark.parametrize("existing_only", [True, False])
def test_24_an_unknown_user_is_messaged_only_where_the_installation_creates_them(
    campaign: Account, existing_only: bool
) -> None:
    lane = Lane(campaign, send_to_existing_only=existing_only)
    assert lane.receive(order(["u1", "stranger"])).status == "delivered"
    assert len(campaign.messages()) == (1 if existing_only else 2)
    assert bool(campaign.profile("stranger")) is not existing_only


def test_24_a_campaign_export_is_claimed_even_where_events_are_not(campaign: Account, tmp_path: Path) -> None:
    runs = Runs(campaign, tmp_path, claims=False)
    runs.put("one", [row("u1"), row("u2")], where="campaign=cmp")
    runs.work()
    assert len(runs.claims.owners) == len(campaign.messages()) == 2


@pytest.mark.parametrize("existing_only", [True, False])
def test_24_a_campaign_export_keeps_to_the_same_setting(
    campaign: Account, tmp_path: Path, existing_only: bool
) -> None:
    runs = Runs(campaign, tmp_path, send_to_existing_only=existing_only)
    runs.put("one", [row("u1"), row("stranger")], where="campaign=cmp")
    runs.work()
    assert len(campaign.messages()) == (1 if existing_only else 2)


@pytest.mark.parametrize("existing_only", [True, False])
def test_24_an_order_s_own_word_on_unknown_users_counts_more_than_the_installation_s(
    campaign: Account, lane: Lane, tmp_path: Path, existing_only: bool
) -> None:
    lane = Lane(campaign, send_to_existing_only=not existing_only)
    [message] = activation([{"external_id": "one"}], send_to_existing_only=existing_only)
    assert lane.receive(message).status == "delivered"
    runs = Runs(campaign, tmp_path, send_to_existing_only=not existing_only)
    runs.put("one", [row("two")], where="campaign=cmp", send_to_existing_only=existing_only)
    runs.work()
    messaged = {one["recipient"]["external_user_id"] for one in campaign.messages()}
    assert messaged == (set() if existing_only else {"one", "two"})


def test_25_the_address_is_the_one_that_was_given_with_or_without_a_slash(
    braze: Account,
) -> None:
    assert Lane(braze, rest_endpoint=f"{braze.url}/").send(event("m1"))["status"] == "delivered"
    wrong = Lane(braze, rest_endpoint=f"{braze.url}/api").send(event("m2"))
    assert (wrong["status"], wrong["reason"]) == ("blocked", "not_found")
    found = entry("braze")
    assert found is not None
    [endpoint] = [field for field in found.config_fields if field.key == "rest_endpoint"]
    hosts = {str(option.value) for option in endpoint.options}
    assert len(hosts) == 15
    assert {"https://rest.us-10.braze.com", "https://rest.fra-02.braze.eu"} <= hosts


@pytest.mark.parametrize("status", [401, 403])
def test_25_a_missing_permission_blocks_the_installation_and_is_named(braze: Account, status: int) -> None:
    braze.modes(permission_status=status)
    braze.call("POST", "keys", {"key": KEY, "permissions": ["users.track", "user.export.ids"]})
    lane = Lane(braze)
    assert lane.send(event("m1"))["status"] == "delivered"
    assert lane.receive(order(["u1"], delivery_id="dlv_" + "2" * 24)).status == "blocked"
    assert lane.health.notes[BRAZE][0] == "refused"
    check = Permissions(braze.client, lambda: None, "", lambda _: None)  # type: ignore[arg-type, return-value]
    known = installation("braze", rest_endpoint=braze.url)
    results = {one["permission"]: one["status"] for one in check.check(known, {"rest_api_key": KEY})}
    assert results == {
        "users.track": "ok",
        "users.export.ids": "failed",
        "campaigns.trigger.send": "failed",
        "campaigns.list": "failed",
    }


def test_bonus_reserved_property_names_do_not_cost_the_event(braze: Account, lane: Lane) -> None:
    lane.send(event("m1", properties={"time": "noon", "event_name": "x", "total": 1}))
    [found] = braze.events()
    assert found["properties"] == {"property_time": "noon", "property_event_name": "x", "total": 1}


def test_bonus_a_blocklisted_attribute_vanishes_without_a_word_and_its_neighbours_arrive(
    braze: Account, lane: Lane
) -> None:
    braze.modes(blocklist=["secret"])
    assert lane.send(person("m1", "u1", secret=1, plan="gold"))["status"] == "delivered"
    assert (braze.profile("u1")["plan"], "secret" in braze.profile("u1")) == ("gold", False)
