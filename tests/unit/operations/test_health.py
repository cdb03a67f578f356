"""Health: what is wrong, why, and what to do."""

from datetime import timedelta

import pytest

from bridge.flows.admin.health import sentence
from tests.unit.install.loading import event
from tests.unit.operations.fakes import AT, NOW, installation


def blocked(reason, hint="a hint"):
    told = {"status": "blocked", "kind": "events", "reason": reason, "hint": hint, "failures": 1}
    return told | {"since": AT, "at": AT}


def test_nothing_wrong_is_healthy_and_reminds_of_the_active_destination(ask, world):
    world.installations = [installation()]
    status, body = ask(event("operations.health"))
    assert (status, body["status"]) == (200, "healthy")
    (one,) = body["installations"]
    assert (one["id"], one["status"], one["reason"], one["since"]) == ("int_1", "healthy", None, None)
    assert all(word in one["message"] for word in ("delivered but not visible", "not active", "Connections"))


def test_queue_depths_are_shown(ask):
    _, body = ask("GET", "/v1/admin/health")
    assert body["queues"] == [
        {"name": "braze", "waiting": 3, "in_flight": 1, "delayed": 0, "dead_letters": 0}
    ]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("unauthorized", ["API key", "expired", "Settings > API Keys", "update"]),
        ("not_found", ["destination ID", "account ID", "dashboard"]),
        ("rate_limited", ["rate limit", "per destination", "support"]),
    ],
)
def test_the_troubleshooting_table_is_told(ask, world, reason, words):
    world.installations = [installation()]
    world.noted = {"int_1": blocked(reason)}
    _, body = ask("GET", "/v1/admin/health")
    assert body["status"] == "blocked"
    assert all(word in body["installations"][0]["message"] for word in words)
    assert body["installations"][0]["since"] == AT


def test_what_was_refused_before_the_configuration_was_changed_blocks_no_more(ask, world):
    changed = installation()
    later = changed.revision.model_copy(update={"created_at": "2099-01-01T00:00:00.000Z"})
    world.installations = [changed.model_copy(update={"revision": later})]
    world.noted = {"int_1": blocked("unauthorized")}
    _, body = ask("GET", "/v1/admin/health")
    (one,) = body["installations"]
    assert (body["status"], one["reason"]) == ("degraded", "changed_since")
    assert "next delivery" in one["message"]


def test_a_reason_without_a_row_shows_the_workers_hint():
    assert (
        sentence("actioniq", blocked("redirected", "redirects are not followed"))
        == "redirects are not followed"
    )
    assert "odd" in sentence("actioniq", {"reason": "odd"})
    assert "ExtraAllowedHosts" in sentence("nobody", {"reason": "host_not_allowed"})


def test_a_pause_is_degraded_until_it_is_over(ask, world):
    world.installations = [installation(1), installation(2)]
    world.paused = {
        "int_1": (NOW + timedelta(seconds=9), "rate_limited"),
        "int_2": (NOW - timedelta(seconds=9), "rate_limited"),
    }
    _, body = ask("GET", "/v1/admin/health")
    assert [one["status"] for one in body["installations"]] == ["degraded", "healthy"]
    assert body["status"] == "degraded"


def test_a_pause_shows_although_the_last_delivery_went_well(ask, world):
    world.installations = [installation()]
    world.noted = {"int_1": {**blocked(""), "status": "healthy"}}
    world.paused = {"int_1": (NOW + timedelta(seconds=9), "rate_limited")}
    _, body = ask("GET", "/v1/admin/health")
    (one,) = body["installations"]
    assert (one["status"], one["reason"], "per destination" in one["message"]) == (
        "degraded",
        "rate_limited",
        True,
    )


def test_a_disabled_installation_does_not_spoil_the_whole(ask, world):
    world.installations = [installation(enabled=False)]
    world.noted = {"int_1": blocked("unauthorized")}
    _, body = ask("GET", "/v1/admin/health")
    assert body["status"] == "healthy"
    assert body["installations"][0]["message"].startswith("Disabled")
