"""ActionIQ: keys, destinations, records, identities."""

from typing import Any

import pytest


def record(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "record_type": "user_profile",
        "record_id": f"r{number}",
        "destination_id": "dest-12345",
        "timestamp": "2024-01-02T03:04:05.000Z",
        "identifiers": {"user_id": "u"},
        "attributes": {"n": number},
        **changes,
    }


def people(actioniq: Any) -> list[Any]:
    found: list[Any] = actioniq.control("GET", "profiles?destination_id=dest-12345")["profiles"]
    return found


def test_the_documented_example_delivers(actioniq: Any) -> None:
    reply = actioniq.send(record())
    assert (reply.status, reply.json()) == (200, {"accepted": 1, "rejected": []})
    kept = actioniq.control("GET", "records?destination_id=dest-12345")
    assert (kept["total"], kept["records"][0]["record_id"]) == (1, "r1")


def test_a_wrong_key_is_401(actioniq: Any) -> None:
    assert actioniq.send(record(), key="aiq_other").status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/v1/accounts/other/destinations/dest-12345/records",
        "/v1/accounts/your-account-id/destinations/other/records",
        "/v1/accounts/your-account-id/destinations/dest-12345/records/",
        "/v2/records",
    ],
)
def test_a_wrong_id_is_404(actioniq: Any, path: str) -> None:
    assert actioniq.call("POST", path, {"records": [record()]}).status == 404


def test_a_key_is_shown_once_and_writes_to_its_destinations_alone(actioniq: Any) -> None:
    account = actioniq.control("POST", "accounts", {"name": "Other"})["id"]
    first, second = (
        actioniq.control("POST", "destinations", {"account_id": account, "name": name})["id"] for name in "ab"
    )
    key = actioniq.control("POST", "keys", {"account_id": account, "destination_ids": [first]})["key"]
    assert key not in str(actioniq.control("GET", "keys"))
    path = f"/v1/accounts/{account}/destinations"
    body = {"records": [record(destination_id=first)]}
    assert actioniq.call("POST", f"{path}/{first}/records", body, key=key).status == 200
    assert actioniq.call("POST", f"{path}/{second}/records", body, key=key).status == 401
    assert actioniq.send(record(), key=key).status == 404


def test_a_revoked_key_is_401(actioniq: Any) -> None:
    key_id = actioniq.control("GET", "keys")["keys"][0]["id"]
    assert actioniq.call("DELETE", f"/_standin/keys/{key_id}").status == 204
    assert actioniq.send(record()).status == 401


def test_a_destination_has_its_own_rate_limit(actioniq: Any) -> None:
    actioniq.control("PATCH", "destinations/dest-12345", {"rate_limit": 2})
    replies = [actioniq.send(record(n)) for n in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].headers["retry-after"] == "1"
    actioniq.clock.now += 1
    assert actioniq.send(record(4)).status == 200


def test_an_inactive_destination_accepts_and_shows_nothing(actioniq: Any) -> None:
    actioniq.control("PATCH", "destinations/dest-12345", {"active": False})
    assert actioniq.send(record()).json()["accepted"] == 1
    assert actioniq.control("GET", "records?destination_id=dest-12345")["total"] == 0
    entry = actioniq.control("GET", "activity?destination_id=dest-12345")["activity"][0]
    assert (entry["destination_status"], entry["accepted"], entry["visible"]) == ("Inactive", 1, 0)
    assert people(actioniq) == []


def test_the_activity_log_is_newest_first(actioniq: Any) -> None:
    actioniq.send(record(1))
    actioniq.send(record(2), record(3))
    log = actioniq.control("GET", "activity?destination_id=dest-12345&limit=1")
    assert (log["total"], log["activity"][0]["received"]) == (2, 2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"record_type": "group"}, "record_type"),
        ({"record_id": ""}, "record_id"),
        ({"record_id": 7}, "record_id"),
        ({"destination_id": "other"}, "destination_id"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"identifiers": {}}, "identifiers"),
        ({"identifiers": {"user_id": ""}}, "identifiers"),
        ({"attributes": []}, "attributes"),
    ],
)
def test_a_bad_record_is_rejected_with_the_reason_and_its_neighbours_kept(
    actioniq: Any, change: Any, reason: str
) -> None:
    answer = actioniq.send(record(1), record(2, **change), record(3)).json()
    assert (answer["accepted"], answer["rejected"][0]["index"]) == (2, 1)
    assert reason in answer["rejected"][0]["reason"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        ([], 400),
        ({"records": []}, 400),
        ({"records": [{}] * 501}, 400),
        (b'{"records":[' + b" " * 1_048_576 + b"{}]}", 413),
    ],
)
def test_a_bad_body_is_refused_as_a_whole(actioniq: Any, body: Any, status: int) -> None:
    path = "/v1/accounts/your-account-id/destinations/dest-12345/records"
    assert actioniq.call("POST", path, body).status == status


def test_a_repeated_record_is_kept_and_counted(actioniq: Any) -> None:
    actioniq.send(record(1))
    actioniq.send(record(1), record(2))
    counters = actioniq.control("GET", "counters")
    assert (counters["records"], counters["duplicates"]) == (3, 1)
    assert actioniq.control("GET", "records?destination_id=dest-12345")["total"] == 3


def test_profile_updates_merge_into_the_matched_identity(actioniq: Any) -> None:
    actioniq.send(record(1, identifiers={"anonymous_id": "a"}, record_type="page_view"))
    actioniq.send(record(2, identifiers={"anonymous_id": "a", "user_id": "u"}, attributes={"x": 1}))
    actioniq.send(record(3, identifiers={"user_id": "u", "email": "X@y.zz"}, attributes={"y": 2}))
    actioniq.send(record(4, identifiers={"email": "x@Y.zz"}, attributes={"x": None}))
    assert len(people(actioniq)) == 1
    assert people(actioniq)[0]["attributes"] == {"y": 2}
    assert people(actioniq)[0]["records"] == {"page_view": 1, "user_profile": 3}


def test_two_groups_join_when_a_record_links_them(actioniq: Any) -> None:
    actioniq.send(record(1, identifiers={"anonymous_id": "a"}, attributes={"x": 1}))
    actioniq.send(record(2, identifiers={"email": "e@y.zz"}, attributes={"y": 2}))
    actioniq.send(record(3, identifiers={"anonymous_id": "a", "email": "e@y.zz"}, attributes={}))
    assert [one["attributes"] for one in people(actioniq)] == [{"x": 1, "y": 2}]


def test_a_shared_device_does_not_make_two_people_one(actioniq: Any) -> None:
    for number, user in enumerate(("u", "v")):
        actioniq.send(record(number, identifiers={"user_id": user, "anonymous_id": "a"}))
    assert [one["attributes"] for one in people(actioniq)] == [{"n": 0}, {"n": 1}]


def test_an_older_record_never_overwrites_a_newer_one(actioniq: Any) -> None:
    actioniq.send(record(1, timestamp="2024-01-02T00:00:00Z"))
    actioniq.send(record(2, timestamp="2024-01-01T00:00:00Z", attributes={"n": 2, "m": 2}))
    assert people(actioniq)[0]["attributes"] == {"n": 1, "m": 2}


def test_faults_work_here_too(actioniq: Any) -> None:
    fault = {"fault": "object_errors", "share": 1, "error": "refused"}
    actioniq.control("PUT", "modes", {"faults": [fault]})
    assert actioniq.send(record()).json() == {"accepted": 0, "rejected": [{"index": 0, "reason": "refused"}]}
    actioniq.control("PUT", "modes", {"faults": [{"fault": "drop_after"}]})
    assert actioniq.send(record()).silent
    assert actioniq.control("GET", "counters")["records"] == 1


def test_reset_restores_the_known_set(actioniq: Any) -> None:
    actioniq.control("POST", "accounts", {"name": "Other"})
    actioniq.send(record())
    assert actioniq.call("POST", "/_standin/reset").status == 204
    assert actioniq.control("GET", "counters")["records"] == 0
    assert actioniq.send(record()).status == 200
