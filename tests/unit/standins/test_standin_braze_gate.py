"""What Braze checks before it looks at objects."""

from typing import Any

import pytest


def users(number: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"external_id": f"u{n}", "n": n} for n in range(start, start + number)]


@pytest.mark.parametrize("path", ["/users/track/", "/users", "/users/track/bulk", "/Users/track"])
def test_routes_are_exact(braze: Any, path: str) -> None:
    assert braze.call("POST", path, {}).status == 404


def test_track_takes_post_alone(braze: Any) -> None:
    assert braze.call("GET", "/users/track").status == 404


def test_another_content_type_is_415_before_the_key_is_read(braze: Any) -> None:
    reply = braze.call("POST", "/users/track", {}, content_type="text/plain", authorization="")
    assert reply.status == 415


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic brz_local_key", "brz_local_key"])
def test_a_missing_or_wrong_key_is_401(braze: Any, header: str) -> None:
    assert braze.call("POST", "/users/track", {}, authorization=header).status == 401


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_permission_answers_as_the_account_does(braze: Any, status: int) -> None:
    braze.modes(permission_status=status)
    braze.call("POST", "/_standin/keys", {"key": "k", "permissions": ["campaigns.list"]})
    assert braze.call("POST", "/users/track", {}, authorization="Bearer k").status == status
    assert braze.call("GET", "/campaigns/list", authorization="Bearer k").status == 200


def test_a_revoked_key_is_401(braze: Any) -> None:
    assert braze.call("DELETE", "/_standin/keys/brz_local_key").status == 204
    assert braze.call("POST", "/users/track", {}).status == 401


def test_a_body_above_four_megabytes_is_413(braze: Any) -> None:
    assert braze.call("POST", "/users/track", b" " * 4_000_001).status == 413


def test_bad_json_answers_with_error_and_not_with_message(braze: Any) -> None:
    reply = braze.call("POST", "/users/track", b'{"attributes":[')
    assert reply.status == 400
    assert reply.json() == {"error": "Error while parsing request body. Please check your syntax."}


def test_not_a_number_is_bad_json(braze: Any) -> None:
    body = b'{"attributes":[{"external_id":"u","n":NaN}]}'
    assert "error" in braze.call("POST", "/users/track", body).json()


@pytest.mark.parametrize(
    ("rule", "attributes", "events", "status"),
    [
        ("combined75", 75, 0, 201),
        ("combined75", 75, 1, 400),
        ("per_array75", 75, 75, 201),
        ("per_array75", 76, 0, 400),
        ("combined50", 50, 0, 201),
        ("combined50", 50, 1, 400),
    ],
)
def test_each_account_counts_objects_its_way(
    braze: Any, rule: str, attributes: int, events: int, status: int
) -> None:
    braze.modes(objects_rule=rule)
    happened = [{"external_id": "e", "name": "x", "time": "2020-01-01T00:00:00Z"}] * events
    reply = braze.call("POST", "/users/track", {"attributes": users(attributes), "events": happened})
    assert reply.status == status
    if status == 400:
        assert reply.json() == {"message": "Max Input Length Exceeded"}
        assert braze.counters()["profiles"] == 0


def test_counters_appear_for_the_arrays_sent_and_no_others(braze: Any) -> None:
    assert braze.track(attributes=users(2)) == {"attributes_processed": 2, "message": "success"}
    assert braze.track(events=[]) == {"events_processed": 0, "message": "success"}


def test_unknown_top_level_keys_and_the_bulk_header_change_nothing(braze: Any) -> None:
    body = {"attributes": users(1), "partner": "Somebody"}
    assert braze.call("POST", "/users/track", body, x_braze_bulk="true").status == 201


def test_a_bad_object_is_named_and_its_neighbours_are_kept(braze: Any) -> None:
    answer = braze.track(attributes=[{"external_id": "a"}, {"n": 1}, {"external_id": "c"}])
    assert answer["attributes_processed"] == 2
    expected = "'external_id' or 'braze_id' or 'user_alias' is required"
    assert answer["errors"] == [{"type": expected, "input_array": "attributes", "index": 1}]
    assert braze.counters()["profiles"] == 2


def test_errors_can_be_plain_strings(braze: Any) -> None:
    braze.modes(error_shape="string")
    assert isinstance(braze.track(attributes=[{}])["errors"][0], str)


def test_a_request_without_one_good_object_can_be_fatal(braze: Any) -> None:
    braze.modes(nothing_valid=400)
    reply = braze.call("POST", "/users/track", {"attributes": [{}]})
    assert reply.status == 400
    assert len(reply.json()["errors"]) == 1


def test_an_unknown_switch_is_refused_and_null_resets_one(braze: Any) -> None:
    assert braze.call("PUT", "/_standin/modes", {"bogus": 1}).status == 400
    braze.modes(objects_rule="combined50")
    braze.modes(objects_rule=None)
    assert braze.call("GET", "/_standin/modes").json()["objects_rule"] == "combined75"


def test_reset_restores_the_known_set(braze: Any) -> None:
    braze.track(attributes=users(1))
    braze.modes(nothing_valid=400)
    assert braze.call("POST", "/_standin/reset").status == 204
    assert braze.counters()["profiles"] == 0
    assert braze.call("GET", "/_standin/modes").json()["nothing_valid"] == 201
