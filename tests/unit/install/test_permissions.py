"""What a key may do, told per permission, without touching a customer."""

from threading import Event
from time import monotonic
from typing import Any

import pytest

from bridge.errors import Blocked, Rejected, Retryable, TooLarge, Unknown
from bridge.flows.admin import permissions
from bridge.flows.admin.permissions import Permissions
from mapping.installation import Installation, Revision

AT = "2026-11-22T12:00:00.000Z"
BRAZE = {"rest_endpoint": "https://rest.fra-01.braze.eu"}
ACTIONIQ = {"account_id": "a", "destination_id": "d"}


class FakeBraze:
    """Answers by path; everything it was asked is kept."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, Any]] = []

    def probe(self, method, endpoint, path, key, body):
        self.asked.append((method, path, body))
        answer = self.answers.get(path, 400)
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeActionIq:
    """Raises what it was told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, str, list[Any]]] = []

    def send_records(self, url, header, value, records):
        self.asked.append((url, header, records))
        if self.error:
            raise self.error


def check(key: str, config: dict[str, str], client: Any) -> dict[str, dict[str, Any]]:
    revision = Revision(id="rev_1", revision_number=1, created_at=AT)
    one = Installation(
        id="int_1", catalog_key=key, name=key, config=config, revision=revision, created_at=AT, updated_at=AT
    )
    tester = Permissions(lambda: client, lambda: client, "https://api.actioniq.com", lambda _: client)
    return {one["permission"]: one for one in tester.check(one, {"api_key": "k", "rest_api_key": "k"})}


def test_a_braze_key_with_all_permissions_is_fine():
    found = check("braze", BRAZE, FakeBraze({"/campaigns/list?page=0": 200}))
    assert {name: one["status"] for name, one in found.items()} == {
        "users.track": "ok",
        "users.export.ids": "ok",
        "campaigns.trigger.send": "ok",
        "campaigns.list": "ok",
    }


def test_no_call_to_braze_holds_anything_a_customer_could_see():
    client = FakeBraze({})
    check("braze", BRAZE, client)
    assert [body for _, _, body in sorted(client.asked)] == [None, {}, {}, {}]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_permission_that_lacks_is_named_with_what_to_do(status):
    found = check("braze", BRAZE, FakeBraze({"/users/export/ids": status}))
    assert found["users.export.ids"]["status"] == "failed"
    assert found["users.export.ids"]["hint"]
    assert found["users.track"]["status"] == "ok"


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_let_in_elsewhere_lacks_a_permission(status):
    found = check("braze", BRAZE, FakeBraze({"/users/export/ids": status}))
    assert found["users.export.ids"]["reason"] == "missing_permission"
    assert found["users.track"]["reason"] == ""


def test_a_key_that_is_let_in_nowhere_is_invalid():
    paths = ("/users/track", "/users/export/ids", "/campaigns/trigger/send", "/campaigns/list?page=0")
    found = check("braze", BRAZE, FakeBraze(dict.fromkeys(paths, 401)))
    assert {one["reason"] for one in found.values()} == {"invalid_key"}


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("unauthorized", "invalid_key"),
        ("forbidden", "missing_permission"),
        ("host_not_allowed", "host_not_allowed"),
    ],
)
def test_actioniq_tells_a_bad_key_from_a_missing_permission(reason, told):
    assert check("actioniq", ACTIONIQ, FakeActionIq(Blocked(reason)))["api_key"]["reason"] == told


@pytest.mark.parametrize(("key", "config"), [("braze", BRAZE), ("actioniq", ACTIONIQ), ("webhook", {})])
def test_a_vendor_that_never_answers_leaves_the_test_unknown_in_time(monkeypatch, key, config):
    monkeypatch.setattr(permissions, "LONGEST", 0.05)
    released = Event()

    class Silent:
        def probe(self, *_asked):
            released.wait(30)
            return 200

        def send_records(self, *_asked):
            released.wait(30)

    started = monotonic()
    try:
        found = check(key, config, Silent())
        assert monotonic() - started < 1
    finally:
        released.set()
    assert found
    assert {one["status"] for one in found.values()} == {"unknown"}


@pytest.mark.parametrize("answer", [429, 503, Retryable("vendor_unavailable"), Unknown("timeout")])
def test_a_vendor_that_does_not_answer_says_nothing_about_the_key(answer):
    assert check("braze", BRAZE, FakeBraze({"/users/track": answer}))["users.track"]["status"] == "unknown"


def test_a_host_that_is_not_allowed_fails_with_its_reason():
    found = check("braze", BRAZE, FakeBraze({"/users/track": Blocked("host_not_allowed", "only https")}))
    assert (found["users.track"]["status"], found["users.track"]["hint"]) == ("failed", "only https")


@pytest.mark.parametrize(
    ("error", "key", "ids"),
    [
        (None, "ok", "ok"),
        (TooLarge("refused_as_a_whole"), "ok", "ok"),
        (Rejected("status_409"), "ok", "ok"),
        (Blocked("unauthorized"), "failed", "unknown"),
        (Blocked("forbidden"), "failed", "unknown"),
        (Blocked("not_found"), "ok", "failed"),
        (Blocked("host_not_allowed", "no"), "failed", "failed"),
        (Retryable("rate_limited"), "unknown", "unknown"),
        (Unknown("timeout"), "unknown", "unknown"),
    ],
)
def test_actioniq_tells_key_and_ids_apart(error, key, ids):
    found = check("actioniq", ACTIONIQ, FakeActionIq(error))
    assert found["api_key"]["status"] == key
    assert found["account_id and destination_id"]["status"] == ids


def test_ids_that_nobody_asked_about_are_not_blamed_on_the_vendor():
    ids = "account_id and destination_id"
    assert "key is refused" in check("actioniq", ACTIONIQ, FakeActionIq(Blocked("unauthorized")))[ids]["hint"]
    assert "did not answer" in check("actioniq", ACTIONIQ, FakeActionIq(Unknown("timeout")))[ids]["hint"]


def test_actioniq_is_asked_without_a_single_record():
    client = FakeActionIq()
    check("actioniq", ACTIONIQ, client)
    assert client.asked == [
        ("https://api.actioniq.com/v1/accounts/a/destinations/d/records", "Authorization", [])
    ]
