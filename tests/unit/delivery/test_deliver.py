"""The delivery flow: what goes out, what is recorded, what waits and what is given up."""

from datetime import timedelta
from typing import Any

import pytest
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome, Outcome
from tests.unit.delivery.world import ACTIONIQ, World, delivery, event, identify, order, success


@pytest.fixture
def world() -> World:
    return World()


def test_events_and_profile_updates_reach_braze_in_one_request(world: World) -> None:
    message = delivery([event("m1"), identify("m2")])
    result = world.receive(message)
    assert (result.status, result.wait) == ("delivered", None)
    [body] = world.bodies()
    assert [one["name"] for one in body["events"]] == ["Order Completed"]
    assert body["attributes"] == [{"external_id": "u1", "plan": "gold"}]
    row = world.row(message)
    assert (row["status"], row["vendor_status"], row["attempt"]) == ("delivered", 201, 1)
    assert row["counts"] == {"delivered": 2}
    assert row["events"][0] == {"message_id": "m1", "type": "track", "name": "Order Completed", "user": "u1"}


def test_records_reach_actioniq_under_the_installation_s_account_and_destination() -> None:
    world = World("actioniq")
    message = delivery([event("m1")], ACTIONIQ)
    assert world.receive(message).status == "delivered"
    [(url, headers, body)] = world.vendor.requests
    assert url == "https://api.actioniq.com/v1/accounts/your-account-id/destinations/dest-12345/records"
    assert headers["Authorization"] == "Bearer aiq_key"
    assert body["records"][0]["destination_id"] == "dest-12345"
    assert world.row(message)["vendor_status"] == 200


def test_the_four_stages_are_kept_without_the_key(world: World) -> None:
    message = delivery([event("m1")])
    world.receive(message)
    stages = world.stages.kept[message.delivery_id]
    assert list(stages) == ["input", "mapped", "request", "response", "outcomes"]
    assert stages["request"][0]["body"]["events"][0]["name"] == "Order Completed"
    assert stages["response"][0]["status"] == 201
    assert "brz_key" not in str(stages)


URL = "https://shop.example/" + "x" * 255


def test_a_value_left_out_is_named_beside_its_item_and_counted_in_the_row(world: World) -> None:
    message = delivery([event("m1", properties={"url": URL, "total": 9.5}), event("m2")])
    result = world.receive(message)
    [body] = world.bodies()
    assert [one["properties"] for one in body["events"]] == [{"total": 9.5}, {"total": 9.5}]
    first, second = world.stages.kept[message.delivery_id]["outcomes"]
    assert first == {
        "outcome": "delivered",
        "reason": "",
        "detail": "",
        "left_out": [{"field": "properties.url", "reason": "string_too_long"}],
    }
    assert "left_out" not in second
    assert world.row(message)["counts"] == {"delivered": 2, "left_out": 1}
    assert result.counts == {"delivered": 2}


def test_a_look_alike_is_warned_of_and_not_counted_as_left_out(world: World) -> None:
    message = delivery([identify("m1", Birthdate="1970-01-01", plan="gold")])
    assert world.receive(message).status == "delivered"
    [told] = world.stages.kept[message.delivery_id]["outcomes"]
    assert told["warnings"] == [{"field": "traits.Birthdate", "reason": "looks_like_dob"}]
    assert "left_out" not in told
    assert world.row(message)["counts"] == {"delivered": 1}
    [body] = world.bodies()
    assert body["attributes"][0]["Birthdate"] == "1970-01-01"


def test_a_consent_field_left_out_is_recorded_like_any_other_value(world: World) -> None:
    message = delivery([identify("m1", email_subscribe="opted_in", plan="gold")])
    world.receive(message)
    [one] = world.stages.kept[message.delivery_id]["outcomes"]
    assert one["left_out"] == [{"field": "traits.email_subscribe", "reason": "consent_field"}]


def test_an_identify_of_which_nothing_is_left_is_filtered_with_what_was_left_out(world: World) -> None:
    message = delivery([identify("m1", bio=URL)])
    assert world.receive(message).status == "filtered"
    row = world.row(message)
    assert (row["reason"], row["detail"]) == ("no_traits", "left out: traits.bio (string_too_long)")
    assert row["counts"] == {"filtered": 1, "left_out": 1}
    [one] = world.stages.kept[message.delivery_id]["outcomes"]
    assert one["left_out"] == [{"field": "traits.bio", "reason": "string_too_long"}]


def test_a_later_attempt_still_says_what_an_item_finished_before_went_out_without(world: World) -> None:
    answers = iter([(413, {}), (201, {"message": "success"}), (500, {}), (201, {"message": "success"})])
    world.vendor.answers = lambda _: next(answers)
    message = delivery([event("m1", properties={"url": URL}), event("m2")])
    assert world.receive(message).status == "retrying"
    world.clock.pass_(minutes=10)
    assert world.receive(message).status == "delivered"
    assert [len(body["events"]) for body in world.bodies()] == [2, 1, 1, 1]
    assert world.row(message)["counts"] == {"delivered": 2, "left_out": 1}


def test_stages_that_cannot_be_kept_do_not_stop_a_delivery(world: World) -> None:
    world.stages.broken = True
    message = delivery([event("m1")])
    assert world.receive(message).status == "delivered"
    assert world.row(message)["stages"] is None


def test_a_repeated_receive_of_a_finished_delivery_sends_nothing(world: World) -> None:
    message = delivery([event("m1")])
    world.receive(message)
    again = world.receive(message)
    assert (again.status, again.reason, again.wait) == ("delivered", "repeat", None)
    assert len(world.bodies()) == 1


def test_an_event_another_delivery_has_claimed_is_filtered_as_a_duplicate(world: World) -> None:
    world.receive(delivery([event("m1")]))
    second = delivery([event("m1"), event("m2")], delivery_id="dlv_" + "2" * 24)
    world.receive(second)
    assert world.row(second)["counts"] == {"delivered": 1, "filtered": 1}
    assert len(world.bodies()[1]["events"]) == 1


@pytest.mark.parametrize("item", [event("m1"), event("m1", type="page", name="Home"), identify("m1")])
def test_no_event_reaches_actioniq_twice(item: dict[str, Any]) -> None:
    world = World("actioniq")
    for number in range(2):
        message = delivery([item], to=ACTIONIQ, delivery_id=f"dlv_{number:024d}")
        world.receive(message)
    assert len(world.bodies()) == 1
    assert (world.row(message)["status"], world.row(message)["reason"]) == ("filtered", "duplicate")


def test_an_event_twice_in_one_delivery_is_sent_once(world: World) -> None:
    message = delivery([event("m1"), event("m1")])
    world.receive(message)
    assert len(world.bodies()[0]["events"]) == 1
    assert world.row(message)["counts"] == {"delivered": 1, "filtered": 1}


def test_claims_can_be_switched_off_per_installation() -> None:
    world = World(claims=False)
    world.receive(delivery([event("m1")]))
    world.receive(delivery([event("m1")], delivery_id="dlv_" + "2" * 24))
    assert len(world.bodies()) == 2
    assert world.claims.owners == {}


def test_claims_that_cannot_be_written_cost_no_attempt(world: World) -> None:
    world.claims.busy = True
    message = delivery([event("m1")])
    result = world.receive(message)
    assert (result.status, world.row(message)["attempt"]) == ("retrying", 0)
    assert world.bodies() == []


@pytest.mark.parametrize("state", [{"enabled": False}, {"deleted_at": "2026-11-21T11:00:00.000Z"}])
def test_deliveries_of_a_disabled_or_deleted_installation_are_filtered(
    world: World, state: dict[str, object]
) -> None:
    known = world.install("braze")
    world.installations.known[known.id] = known.model_copy(update=state)
    message = delivery([event("m1")])
    assert world.receive(message).status == "filtered"
    assert (world.row(message)["reason"], world.bodies(), world.letters.sent) == ("disabled", [], [])


def test_an_anonymous_event_is_filtered_for_braze_while_its_neighbour_goes_out(world: World) -> None:
    anonymous = event("m1", anonymousId="a1")
    del anonymous["userId"]
    message = delivery([anonymous, event("m2")])
    world.receive(message)
    assert world.row(message)["counts"] == {"filtered": 1, "delivered": 1}


def test_an_item_braze_names_in_a_201_is_rejected_alone(world: World) -> None:
    error = {"type": "EMAIL_BAD_FORMAT", "input_array": "events", "index": 1}
    world.vendor.answers = lambda _: (201, {"message": "success", "events_processed": 1, "errors": [error]})
    message = delivery([event("m1"), event("m2")])
    world.receive(message)
    row = world.row(message)
    assert (row["status"], row["reason"]) == ("partial", "email_bad_format")
    assert row["counts"] == {"delivered": 1, "rejected": 1}


def test_the_neighbours_of_an_item_named_in_a_400_go_out_again_at_once(world: World) -> None:
    def answers(body: dict[str, list[dict[str, str]]]) -> tuple[int, object]:
        bad = next((at for at, one in enumerate(body["events"]) if one["external_id"] == "poison"), None)
        if bad is None:
            return success(body)
        return 400, {"message": "invalid", "errors": [{"type": "bad", "input_array": "events", "index": bad}]}

    world.vendor.answers = answers
    message = delivery([event("m1"), event("m2", userId="poison"), event("m3")])
    assert world.receive(message).status == "partial"
    assert world.row(message)["counts"] == {"delivered": 2, "rejected": 1}
    assert world.row(message)["attempt"] == 1


@pytest.mark.parametrize("status", [400, 413])
def test_a_request_refused_as_a_whole_is_halved_until_the_poison_stands_alone(
    world: World, status: int
) -> None:
    def answers(body: dict[str, list[dict[str, str]]]) -> tuple[int, object]:
        poisoned = any(one["external_id"] == "poison" for one in body["events"])
        return (status, {"message": "Something is wrong"}) if poisoned else success(body)

    world.vendor.answers = answers
    items = [event(f"m{n}", userId="poison" if n == 5 else f"u{n}") for n in range(8)]
    message = delivery(items)
    assert world.receive(message).status == "partial"
    assert world.row(message)["counts"] == {"delivered": 7, "rejected": 1}
    arrived = [
        one["external_id"] for body in world.bodies() for one in body["events"] if len(body["events"]) != 8
    ]
    assert sorted(user for user in arrived if user not in ("poison", "u4", "u6", "u7")) == [
        "u0",
        "u1",
        "u2",
        "u3",
    ]


def test_a_record_actioniq_rejects_is_recorded_with_its_reason() -> None:
    world = World("actioniq")
    world.vendor.answers = lambda _: (
        200,
        {"accepted": 1, "rejected": [{"index": 0, "reason": "no timestamp"}]},
    )
    message = delivery([event("m1"), event("m2")], ACTIONIQ)
    world.receive(message)
    assert (world.row(message)["status"], world.row(message)["reason"]) == ("partial", "no timestamp")


def test_a_500_is_tried_again_after_a_backoff_that_grows(world: World) -> None:
    world.vendor.answers = lambda _: (500, {})
    message = delivery([event("m1")])
    waits = []
    for _ in range(3):
        waits.append(world.receive(message).wait)
        world.clock.pass_(hours=5)
    assert waits == [15.0, 120.0, 900.0]
    assert world.row(message)["attempt"] == 3


def test_the_fifth_failed_attempt_sends_the_message_to_the_dead_letters(world: World) -> None:
    world.vendor.answers = lambda _: (503, {})
    message = delivery([event("m1")])
    for _ in range(5):
        result = world.receive(message)
        world.clock.pass_(hours=4)
    assert (result.status, result.wait) == ("dead", None)
    [(body, attributes)] = world.letters.sent
    assert body == message.body()
    assert attributes["reason"] == "vendor_unavailable"
    assert attributes["delivery_id"] == message.delivery_id
    assert world.receive(message).reason == "repeat"


def test_a_receive_before_its_time_costs_no_attempt(world: World) -> None:
    world.vendor.answers = lambda _: (500, {})
    message = delivery([event("m1")])
    world.receive(message)
    world.clock.pass_(seconds=3)
    early = world.receive(message)
    assert (early.status, early.reason) == ("waiting", "hidden_until")
    assert 0 < (early.wait or 0) <= 13
    assert (len(world.bodies()), world.row(message)["attempt"]) == (1, 1)


def test_24_hours_after_the_first_request_a_delivery_is_given_up(world: World) -> None:
    world.vendor.answers = lambda _: (500, {})
    message = delivery([event("m1")])
    world.receive(message)
    world.clock.pass_(hours=25)
    assert world.receive(message).status == "dead"
    assert world.letters.sent[0][1]["reason"] == "attempts_exhausted"


def test_the_24_hours_stand_still_while_the_installation_is_paused(world: World) -> None:
    world.vendor.answers = lambda _: (500, {})
    message = delivery([event("m1")])
    world.receive(message)
    for _ in range(30):
        world.pauses.pause(
            message.integration_id, world.now + timedelta(hours=1), "rate_limited", now=world.now
        )
        world.clock.pass_(hours=1)
    world.vendor.answers = success
    assert world.receive(message).status == "delivered"


def test_a_429_with_a_wait_pauses_the_installation_for_every_delivery(world: World) -> None:
    world.vendor.answers = lambda _: (429, {}, {"X-Ratelimit-Retry-After": "40"})
    first, second = delivery([event("m1")]), delivery([event("m2")], delivery_id="dlv_" + "2" * 24)
    assert world.receive(first).wait == 45.0
    waiting = world.receive(second)
    assert (waiting.status, waiting.reason, waiting.wait) == ("waiting", "paused", 40.0)
    assert second.delivery_id not in world.deliveries.rows
    assert len(world.bodies()) == 1


def test_a_429_without_a_wait_delays_that_request_alone(world: World) -> None:
    world.vendor.answers = lambda _: (429, {})
    assert world.receive(delivery([event("m1")])).wait == 15.0
    world.vendor.answers = success
    assert world.receive(delivery([event("m2")], delivery_id="dlv_" + "2" * 24)).status == "delivered"


def test_a_success_that_spends_the_window_pauses_until_its_reset(world: World) -> None:
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800"}
    world.vendor.answers = lambda body: (*success(body), spent)
    assert world.receive(delivery([event("m1")])).status == "delivered"
    waiting = world.receive(delivery([event("m2")], delivery_id="dlv_" + "2" * 24))
    assert (waiting.reason, waiting.wait) == ("paused", 900.0)


def test_a_worker_that_dies_between_claim_and_send_leaves_nothing_behind_that_hinders(world: World) -> None:
    message = delivery([event("m1")])
    world.deliveries.begin(message, now=world.now, lease_until=world.now, stood_still=0.0)
    world.claims.take(message.integration_id, "event", ["m1"], owner=message.delivery_id, now=world.now)
    world.clock.pass_(seconds=1)
    assert world.receive(message).status == "delivered"
    assert world.row(message)["attempt"] == 1


def test_a_delivery_in_another_worker_s_hands_waits_for_its_lease(world: World) -> None:
    message = delivery([event("m1")])
    world.deliveries.begin(message, now=world.now, lease_until=world.now.replace(minute=1), stood_still=0.0)
    waiting = world.receive(message)
    assert (waiting.reason, waiting.wait, world.bodies()) == ("leased_until", 60.5, [])


def _died_while_sending(world: World, message: DeliveryMessage, settled: dict[int, ItemOutcome]) -> None:
    begun = world.deliveries.begin(message, now=world.now, lease_until=world.now, stood_still=0.0)
    world.deliveries.record_sent(
        message.delivery_id,
        begun.version,
        now=world.now,
        lease_until=world.now,
        finished=settled,
        counts=True,
        stood_still=0.0,
    )
    world.clock.pass_(seconds=1)


def test_after_a_death_while_sending_only_unfinished_items_go_out_again(world: World) -> None:
    message = delivery([event("m1"), event("m2", userId="u2")])
    _died_while_sending(world, message, {0: ItemOutcome(Outcome.DELIVERED)})
    assert world.receive(message).status == "delivered"
    assert [one["external_id"] for one in world.bodies()[0]["events"]] == ["u2"]
    assert world.row(message)["counts"] == {"delivered": 2, "resent": 1}


def test_after_a_death_while_sending_a_trigger_is_held_for_a_person(world: World) -> None:
    message = order(["u1"])
    _died_while_sending(world, message, {})
    assert world.receive(message).status == "unknown"
    assert world.bodies() == []
    assert world.letters.sent[0][1]["reason"] == "worker_lost"
    assert world.letters.sent[0][1]["outcome"] == "unknown"


def test_a_held_trigger_goes_out_when_its_letter_is_replayed(world: World) -> None:
    message = order(["u1"])
    _died_while_sending(world, message, {})
    world.receive(message)
    replayed = message.model_copy(update={"replay_of": "ltr_1"})
    assert world.receive(replayed).status == "delivered"
    assert world.receive(replayed).reason == "repeat"
    assert len(world.bodies()) == 1


def test_an_answer_that_never_came_is_sent_again_for_events(world: World) -> None:
    world.vendor.answers = lambda _: ReadTimeoutError(None, "", "silent")  # type: ignore[arg-type]
    message = delivery([event("m1")])
    result = world.receive(message)
    assert (result.status, result.reason, world.row(message)["counts"]) == (
        "retrying",
        "no_answer",
        {"unknown": 1},
    )
    world.vendor.answers = success
    world.clock.pass_(minutes=1)
    assert world.receive(message).status == "delivered"


def test_an_answer_that_never_came_is_held_when_the_installation_says_so() -> None:
    world = World(on_ambiguous_events="hold")
    world.vendor.answers = lambda _: ReadTimeoutError(None, "", "silent")  # type: ignore[arg-type]
    message = delivery([event("m1")])
    assert world.receive(message).status == "unknown"
    assert world.letters.sent[0][1]["reason"] == "no_answer"


def test_a_failed_connect_is_tried_again_even_for_a_trigger(world: World) -> None:
    world.vendor.answers = lambda _: NewConnectionError(None, "refused")  # type: ignore[arg-type]
    message = order(["u1"])
    assert world.receive(message).status == "retrying"
    world.vendor.answers = success
    world.clock.pass_(minutes=1)
    assert world.receive(message).status == "delivered"


def test_five_receives_without_an_outcome_end_in_the_dead_letters(world: World) -> None:
    message = delivery([event("m1")])
    for _ in range(5):
        world.deliveries.begin(message, now=world.now, lease_until=world.now, stood_still=0.0)
        world.clock.pass_(seconds=1)
    assert world.receive(message).status == "dead"
    assert world.letters.sent[0][1]["reason"] == "crashes_the_worker"
    assert world.bodies() == []


def test_waiting_receives_are_no_crashes(world: World) -> None:
    message = delivery([event("m1")])
    world.pauses.pause(message.integration_id, world.now.replace(minute=30), "rate_limited", now=world.now)
    for _ in range(8):
        assert world.receive(message).reason == "paused"
    world.clock.pass_(minutes=31)
    assert world.receive(message).status == "delivered"


def test_a_refused_key_is_read_afresh_once_and_the_request_repeated(world: World) -> None:
    world.secrets.stale = {"rest_api_key": "old_key"}
    world.vendor.answers = lambda body: (
        (401, {"message": "bad key"})
        if world.vendor.requests[-1][1]["Authorization"] == "Bearer old_key"
        else success(body)
    )
    message = delivery([event("m1")])
    assert world.receive(message).status == "delivered"
    assert (world.secrets.reads, world.row(message)["attempt"]) == (1, 1)


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "unauthorized"), (403, "forbidden"), (404, "not_found")]
)
def test_what_the_vendor_refuses_is_a_letter_at_once_and_one_strike(
    world: World, status: int, reason: str
) -> None:
    world.vendor.answers = lambda _: (status, {"message": "no"})
    message = delivery([event("m1")])
    result = world.receive(message)
    assert (result.status, result.wait, result.vendor_status) == ("blocked", None, status)
    assert world.letters.sent[0][1]["reason"] == reason
    assert world.health.notes[message.integration_id] == ("refused", reason, 1)
    assert len(world.bodies()) == (1 if status == 404 else 2)


def test_a_replay_after_the_installation_is_mended_sends_the_rest_and_clears_its_health(world: World) -> None:
    world.vendor.answers = lambda _: (401, {})
    message = delivery([event("m1")])
    world.receive(message)
    world.vendor.answers = success
    assert world.receive(message.model_copy(update={"replay_of": "ltr_1"})).status == "delivered"
    assert world.health.notes[message.integration_id][0] == "healthy"


def test_an_endpoint_off_the_allow_list_never_sees_the_key() -> None:
    world = World(rest_endpoint="https://braze.com.evil.example")
    message = delivery([event("m1")])
    assert world.receive(message).status == "blocked"
    assert world.vendor.requests == []
    assert world.letters.sent[0][1]["reason"] == "host_not_allowed"


def test_settings_that_cannot_be_read_block_the_installation() -> None:
    world = World(on_ambiguous_events="perhaps")
    message = delivery([event("m1")])
    assert world.receive(message).status == "blocked"
    assert world.row(message)["detail"].endswith("on_ambiguous_events")


def test_an_installation_of_another_vendor_in_the_queue_is_blocked_without_touching_its_health(
    world: World,
) -> None:
    world.install("actioniq")
    message = delivery([event("m1")], ACTIONIQ)
    assert world.receive(message).status == "blocked"
    assert world.health.notes == {}


def test_a_campaign_is_triggered_for_its_recipients(world: World) -> None:
    message = order(["u1", "u2"])
    assert world.receive(message).status == "delivered"
    [body] = world.bodies()
    assert body["campaign_id"] == "cmp"
    assert body["broadcast"] is False
    assert [one["external_user_id"] for one in body["recipients"]] == ["u1", "u2"]


def test_a_user_gets_a_campaign_once_per_order_however_the_order_is_cut(world: World) -> None:
    world.receive(order(["u1", "u2"]))
    second = order(["u2", "u3"], delivery_id="dlv_" + "2" * 24)
    world.receive(second)
    assert [one["external_user_id"] for one in world.bodies()[1]["recipients"]] == ["u3"]
    assert world.row(second)["counts"] == {"filtered": 1, "delivered": 1}


def test_claims_of_a_campaign_cannot_be_switched_off() -> None:
    world = World(claims=False)
    world.receive(order(["u1"]))
    world.receive(order(["u1"], delivery_id="dlv_" + "2" * 24))
    assert len(world.bodies()) == 1


def test_a_trigger_past_send_before_is_rejected_as_expired(world: World) -> None:
    message = order(["u1"], send_before="2026-11-21T11:59:59.000Z")
    assert world.receive(message).status == "rejected"
    assert (world.row(message)["reason"], world.bodies()) == ("expired", [])


def test_a_retried_trigger_expires_when_its_time_is_over(world: World) -> None:
    world.vendor.answers = lambda _: (500, {})
    message = order(["u1"])
    world.receive(message)
    world.clock.pass_(hours=2)
    assert world.receive(message).status == "rejected"
    assert len(world.bodies()) == 1


def test_a_replayed_trigger_is_not_sent_late(world: World) -> None:
    world.vendor.answers = lambda _: (401, {})
    message = order(["u1"])
    world.receive(message)
    world.clock.pass_(hours=2)
    assert world.receive(message.model_copy(update={"replay_of": "ltr_1"})).status == "rejected"


@pytest.mark.parametrize(
    ("send_before", "ends"), [("2026-11-21T13:00:00Z", "rejected"), ("2026-11-21T15:00:00Z", "delivered")]
)
def test_a_journeys_events_are_not_sent_late_either(world: World, send_before: str, ends: str) -> None:
    world.vendor.answers = lambda _: (500, {})
    message = delivery([event("m1")], send_before=send_before)
    world.receive(message)
    world.vendor.answers = success
    world.clock.pass_(hours=2)
    assert world.receive(message).status == ends


def test_a_paused_campaign_is_recorded_as_not_sent(world: World) -> None:
    world.vendor.answers = lambda _: (201, {"message": "success", "notice": "The campaign is paused."})
    message = order(["u1"])
    assert world.receive(message).status == "rejected"
    assert world.row(message)["reason"] == "campaign_paused"


def test_an_unknown_campaign_is_rejected_without_halving(world: World) -> None:
    world.vendor.answers = lambda _: (400, {"message": "Invalid Campaign ID"})
    message = order(["u1", "u2", "u3"])
    assert world.receive(message).status == "rejected"
    assert (world.row(message)["reason"], len(world.bodies())) == ("invalid_campaign_id", 1)


def test_no_request_is_begun_that_the_worker_may_not_live_to_see_answered(world: World) -> None:
    result = world.receive(delivery([event("m1")]), remaining=timedelta(seconds=20))
    assert (result.reason, world.bodies(), world.deliveries.rows) == ("out_of_time", [], {})


def test_a_body_that_is_no_delivery_goes_to_the_dead_letters_alone(world: World) -> None:
    for body in ("not json", "[]", '{"delivery_id":"dlv_1"}', "[" * 100_000):
        assert world.worker().receive(body, "handle", 120_000).status == "dead"
    assert [attributes["reason"] for _, attributes in world.letters.sent] == ["malformed_delivery"] * 4


def test_a_waiting_message_is_hidden_for_as_long_as_it_waits(world: World) -> None:
    world.vendor.answers = lambda _: (500, {})
    world.receive(delivery([event("m1")]))
    assert world.queue.hidden == {"handle": 15.0}


def test_a_side_note_that_cannot_be_written_does_not_lose_the_outcome(world: World) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the table is away")

    world.health.succeeded = broken  # type: ignore[method-assign]
    message = delivery([event("m1")])
    with pytest.raises(RuntimeError):
        world.receive(message)
    assert world.receive(message).reason == "repeat"
    assert len(world.bodies()) == 1


def test_a_letter_that_cannot_be_sent_leaves_the_delivery_open(world: World) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the queue is away")

    world.vendor.answers = lambda _: (404, {})
    sends, world.letters.send = world.letters.send, broken  # type: ignore[method-assign]
    message = delivery([event("m1")])
    with pytest.raises(RuntimeError):
        world.receive(message)
    world.letters.send = sends  # type: ignore[method-assign]
    world.clock.pass_(minutes=3)
    assert world.receive(message).status == "blocked"
    assert len(world.letters.sent) == 1


def test_an_error_that_names_no_item_is_noted_on_a_delivery_of_many(world: World) -> None:
    world.vendor.answers = lambda _: (201, {"message": "success", "errors": ["something was odd"]})
    message = delivery([event("m1"), event("m2")])
    assert world.receive(message).status == "delivered"
    outcomes = world.stages.kept[message.delivery_id]["outcomes"]
    assert {one["reason"] for one in outcomes} == {"error_names_no_item"}


def test_a_letter_says_why_where_and_which_delivery(world: World) -> None:
    world.vendor.answers = lambda _: (401, {})
    message = delivery([event("m1")])
    world.receive(message)
    told = world.letters.sent[0][1]
    assert set(told) == {"reason", "outcome", "detail", "integration_id", "delivery_id"}
    assert told["outcome"] == "blocked"
    assert world.letters.sent[0][1]["integration_id"] == message.integration_id
