"""What becomes of profiles (behaviours 8 to 19 of 25).

| | what a careless client gets wrong |
|---|---|
| 8 | a second identifier "to be safe" gets the object refused, or makes a second profile |
| 9 | without `_update_existing_only` every unknown external id becomes a profile |
| 10 | an object addressed by alias creates nobody |
| 11 | plain arrays know `add` and `remove`, arrays of objects `$add`, `$remove` and `$update` |
| 12 | an object replaces the one Braze holds, unless `_merge_objects` says otherwise |
| 13 | an empty string clears nothing of another type; null does |
| 14 | an unchanged attribute costs as much as a changed one |
| 15 | a null costs as well |
| 16 | "true" is no boolean: with a forced type it may vanish, without one the type may be another |
| 17 | a date in a local format becomes text, and some text becomes a date |
| 18 | two requests about one user are applied in any order |
| 19 | a request that got no answer may have been applied; Braze has no idempotency key |
"""

from pathlib import Path
from typing import Any

import pytest

from bridge.flows.events.activation_rows import Refused, read_row
from mapping.braze_rows import to_recipient
from mapping.event import normalise
from tests.unit.braze_behaviours.account import Account, Lane, Runs, person
from tests.unit.delivery.fakes import START
from tests.unit.delivery.world import event, order
from tests.unit.plan.world import row

EARLIER, LATER = "2026-11-21T09:00:00.000Z", "2026-11-21T11:00:00.000Z"


def test_08_an_object_carries_one_identifier_and_an_email_beside_it_looks_nobody_up(
    braze: Account, lane: Lane
) -> None:
    braze.seed({"external_id": "other", "braze_id": "b-other", "email": "a@example.com"})
    both = person("m1", "u1", email="a@example.com", plan="gold") | {"context": {"braze_id": "b-other"}}
    assert lane.send(both)["status"] == "delivered"
    assert lane.wire()["attributes"] == [{"external_id": "u1", "email": "a@example.com", "plan": "gold"}]
    assert (braze.profile("u1")["plan"], braze.profile("other").get("plan")) == ("gold", None)


def test_08_a_row_with_two_identifiers_is_addressed_by_one_or_refused() -> None:
    assert to_recipient({"external_id": "u1", "braze_id": "b1"}) == {"external_user_id": "u1"}
    assert read_row(0, {"external_id": "u1", "braze_id": "b1"}) == Refused(0, "two_identifiers")


@pytest.mark.parametrize("existing_only", [True, False])
def test_09_an_unknown_external_id_becomes_a_profile_only_where_the_installation_wants_it(
    braze: Account, existing_only: bool
) -> None:
    lane = Lane(braze, update_existing_only=existing_only)
    assert lane.send(event("m1", userId="u1"), person("m2", "u2"))["counts"] == {"delivered": 2}
    made = [bool(braze.profile(user)) for user in ("u1", "u2")]
    assert made == [not existing_only] * 2


def test_09_an_export_updates_whom_its_manifest_says(braze: Account, tmp_path: Path) -> None:
    braze.seed({"external_id": "known"})
    runs = Runs(braze, tmp_path)
    runs.put("one", [row("known", 1), row("unknown", 2)], update_existing_only=True)
    runs.work()
    assert braze.profile("known")["AIQ_a1_1"] is True
    assert braze.profile("unknown") == {}


def test_10_nobody_is_addressed_by_alias(braze: Account, lane: Lane) -> None:
    alias = {"alias_name": "ann", "alias_label": "crm"}
    renamed = event("m1", type="alias", previousId="ann")
    found = lane.send(renamed, person("m2", "u2", user_alias=alias, plan="gold"))
    assert [one["reason"] for one in lane.outcomes()] == ["not_mapped", ""]
    assert lane.outcomes()[1]["left_out"] == [{"field": "traits.user_alias", "reason": "reserved_attribute"}]
    assert (found["counts"]["delivered"], "user_aliases" in braze.profile("u2")) == (1, False)


def test_11_each_kind_of_array_takes_its_own_operators(braze: Account, lane: Lane) -> None:
    lane.send(person("m1", "u1", tags=["a"], pets=[{"id": 1, "name": "Rex"}]))
    cat, update = {"id": 2, "name": "Tom"}, {"$identifier_key": "id", "$identifier_value": 1}
    lane.send(
        person("m2", "u1", tags={"add": ["b"], "remove": ["a"]}, pets={"$add": [cat], "$remove": [update]}),
        number=2,
    )
    assert (braze.profile("u1")["tags"], braze.profile("u1")["pets"]) == (["b"], [cat])


def test_11_an_operator_of_the_other_kind_is_left_out_and_named(braze: Account, lane: Lane) -> None:
    lane.send(person("m1", "u1", tags={"$add": ["b"]}, pets={"add": [{"id": 1}]}, plan="gold"))
    named = [(one["field"], one["reason"]) for one in lane.outcomes()[0]["left_out"]]
    assert named == [("traits.tags", "wrong_operator"), ("traits.pets", "wrong_operator")]
    assert lane.wire()["attributes"] == [{"external_id": "u1", "plan": "gold"}]


@pytest.mark.parametrize(
    ("merges", "held"),
    [(True, {"city": "Oslo", "zip": {"code": 2, "old": 1}}), (False, {"zip": {"code": 2}})],
)
def test_12_an_object_changes_the_keys_it_names_where_the_installation_merges(
    braze: Account, merges: bool, held: dict[str, Any]
) -> None:
    lane = Lane(braze, merge_objects=merges)
    lane.send(person("m1", "u1", home={"city": "Oslo", "zip": {"code": 1, "old": 1}}))
    lane.send(person("m2", "u1", home={"zip": {"code": 2}}), number=2)
    assert braze.profile("u1")["home"] == held


def test_12_objects_of_one_user_are_merged_within_a_request_as_well(braze: Account) -> None:
    lane = Lane(braze, merge_objects=True)
    lane.send(person("m1", "u1", home={"city": "Oslo"}), person("m2", "u1", home={"zip": 2}))
    assert len(lane.wire()["attributes"]) == 1
    assert braze.profile("u1")["home"] == {"city": "Oslo", "zip": 2}


def test_13_what_is_cleared_is_cleared_with_null_and_empty_text_never_pretends_to(
    braze: Account, tmp_path: Path
) -> None:
    runs = Runs(braze, tmp_path)
    members = [row(f"u{n}", n, "Oslo") for n in range(4)]
    runs.put("one", members, on_leave="null")
    runs.work()
    runs.put("two", [row("u0", "", ""), *members[1:3]], on_leave="null")
    runs.work()
    assert "AIQ_a1_1" not in braze.profile("u3")
    assert braze.profile("u2")["AIQ_a1_1"] is True
    assert "n" not in braze.profile("u0")


def test_13_an_empty_standard_attribute_leaves_what_braze_holds(braze: Account, lane: Lane) -> None:
    lane.send(person("m1", "u1", email="a@example.com", plan="gold"))
    lane.send(person("m2", "u1", email="", plan=""), number=2)
    assert lane.outcomes(2)[0]["left_out"] == [{"field": "traits.email", "reason": "empty"}]
    assert (braze.profile("u1")["email"], braze.profile("u1")["plan"]) == ("a@example.com", "")


def test_14_an_unchanged_trait_is_not_paid_for_again(braze: Account, lane: Lane) -> None:
    lane.send(person("m1", "u1", plan="gold", seats=5))
    assert braze.data_points() == 2
    again = lane.send(person("m2", "u1", at=LATER, plan="gold", seats=5), number=2)
    assert (again["status"], again["reason"], braze.data_points()) == ("filtered", "unchanged", 2)
    lane.send(person("m3", "u1", at=LATER, plan="gold", seats=6), number=3)
    assert (braze.data_points(), braze.profile("u1")["seats"]) == (3, 6)


def test_14_an_export_pays_for_what_changed_since_the_last_one(braze: Account, tmp_path: Path) -> None:
    runs = Runs(braze, tmp_path)
    runs.put("one", [row(f"u{n}", n) for n in range(5)])
    runs.work()
    before = braze.data_points()
    runs.put("two", [row(f"u{n}", 9 if n == 3 else n) for n in range(5)])
    runs.work()
    assert (before, braze.data_points()) == (10, 11)


def test_15_a_null_is_sent_where_it_changes_something_and_nowhere_else(
    braze: Account, lane: Lane, tmp_path: Path
) -> None:
    raw = {"type": "identify", "userId": "u1", "traits": {"plan": None, "seats": 1}}
    lane.send(normalise(raw, received_at=START, fallback_id="m1"))
    assert lane.wire()["attributes"] == [{"external_id": "u1", "seats": 1}]
    runs = Runs(braze, tmp_path)
    runs.put("one", [{"external_id": f"u{n}"} for n in range(4)], columns=("external_id",), on_leave="null")
    runs.work()
    before = braze.data_points()
    for name in ("two", "three"):
        left = [{"external_id": f"u{n}"} for n in range(3)]
        runs.put(name, left, columns=("external_id",), on_leave="null")
        runs.work()
    assert braze.data_points() - before == 1


def test_16_a_boolean_leaves_as_a_boolean(braze: Account, lane: Lane, tmp_path: Path) -> None:
    braze.modes(forced_types={"AIQ_a1_1": "boolean", "vip": "boolean"})
    lane.send(person("m1", "u9", vip=True, email_open_tracking_disabled="true"))
    assert braze.profile("u9")["vip"] is True
    assert lane.outcomes()[0]["left_out"] == [
        {"field": "traits.email_open_tracking_disabled", "reason": "bad_value"}
    ]
    runs = Runs(braze, tmp_path)
    people = [{"external_id": f"u{n}", "vip": vip} for n, vip in enumerate(("true", "false", "perhaps"))]
    typed = {"vip": {"type": "boolean"}}
    run = runs.put("one", people, columns=("external_id", "vip"), attributes=typed)
    runs.work()
    assert runs.run(run).status == "done"
    assert [braze.profile(f"u{n}").get("vip") for n in range(3)] == [True, False, None]
    assert [braze.profile(f"u{n}")["AIQ_a1_1"] for n in range(3)] == [True] * 3


def test_17_a_date_leaves_in_iso_8601_or_not_at_all(braze: Account, lane: Lane, tmp_path: Path) -> None:
    lane.send(person("m1", "u9", dob="24.12.1990", plan="gold"))
    assert lane.outcomes()[0]["left_out"] == [{"field": "traits.dob", "reason": "bad_value"}]
    raw = {"type": "track", "event": "Won", "userId": "u9", "timestamp": "2026-11-21T10:00:00+02:00"}
    lane.send(normalise(raw, received_at=START, fallback_id="m2"), number=2)
    assert lane.wire(2)["events"][0]["time"] == "2026-11-21T08:00:00.000Z"
    runs = Runs(braze, tmp_path)
    people = [{"external_id": "u0", "since": "2026-03-01"}, {"external_id": "u1", "since": "1.3.2026"}]
    typed = {"since": {"type": "date"}}
    runs.put("one", people, columns=("external_id", "since"), attributes=typed)
    runs.work()
    assert braze.profile("u0")["since"].startswith("2026-03-01T")
    assert "since" not in braze.profile("u1")


def test_18_changes_of_one_user_leave_in_one_object_and_the_latest_wins(braze: Account, lane: Lane) -> None:
    braze.modes(apply_delay=5.0, apply_order="reverse")
    lane.send(person("m1", "u1", at=LATER, plan="gold"), person("m2", "u1", at=EARLIER, plan="free", seats=1))
    assert lane.wire()["attributes"] == [{"external_id": "u1", "plan": "gold", "seats": 1}]
    braze.call("POST", "settle")
    assert braze.profile("u1")["plan"] == "gold"


def test_18_a_retried_update_does_not_overtake_a_newer_one(braze: Account, lane: Lane) -> None:
    older = person("m1", "u1", at=EARLIER, plan="free", seats=1)
    braze.fails_next("status", status=500)
    assert lane.send(older)["status"] == "retrying"
    lane.send(person("m2", "u1", at=LATER, plan="gold"), number=2)
    lane.clock.pass_(minutes=5)
    assert lane.send(older)["status"] == "delivered"
    assert lane.outcomes()[0]["left_out"] == [{"field": "traits.plan", "reason": "older"}]
    assert (braze.profile("u1")["plan"], braze.profile("u1")["seats"]) == ("gold", 1)


def test_19_what_is_sent_again_after_no_answer_may_count_twice_and_says_so(
    braze: Account, lane: Lane
) -> None:
    items = [event("m1", userId="u1"), person("m2", "u2", plan="gold"), person("m3", "u3", visits={"inc": 1})]
    braze.fails_next("drop_after")
    assert lane.send(*items)["reason"] == "connection_broke"
    lane.clock.pass_(minutes=5)
    found = lane.send(*items)
    assert (found["status"], found["reason"]) == ("delivered", "resent")
    assert found["counts"] == {"delivered": 3, "resent": 2}
    assert [one["reason"] for one in lane.outcomes()] == ["resent", "", "resent"]
    assert (len(braze.events()), braze.profile("u3")["visits"], braze.profile("u2")["plan"]) == (2, 2, "gold")


def test_19_an_installation_may_hold_what_got_no_answer_instead(braze: Account) -> None:
    lane = Lane(braze, on_ambiguous_events="hold")
    braze.fails_next("drop_after")
    assert lane.send(event("m1", userId="u1"))["status"] == "unknown"
    assert [attributes["reason"] for _, attributes in lane.letters.sent] == ["connection_broke"]
    assert len(braze.events()) == 1


def test_19_a_trigger_without_an_answer_is_held_for_a_person(braze: Account, lane: Lane) -> None:
    braze.seed({"external_id": "u1"})
    braze.call("POST", "campaigns", {"id": "cmp", "name": "Hello"})
    braze.fails_next("drop_after", "/campaigns/trigger/send")
    assert lane.receive(order(["u1"])).status == "unknown"
    assert (lane.receive(order(["u1"])).reason, len(braze.messages())) == ("repeat", 1)
