"""The life of an installation: revisions, secrets that stay, switches, deletion, the test of its key."""

import json

import pytest

from tests.unit.install.loading import event

CURL = json.loads(event("install.install_actioniq")["body"])


@pytest.fixture
def installed(ask):
    """The path of an installed ActionIQ."""
    _, body = ask(event("install.install_actioniq"))
    return f"/v1/admin/integrations/{body['id']}"


def key_of(world):
    (secret,) = world.secrets.kept.values()
    return secret["api_key"]


def test_an_installation_is_listed_and_read_with_its_secret_masked(ask, installed):
    status, one = ask("GET", installed)
    assert (status, one["config"]["api_key"]) == (200, "***")
    assert ask("GET", "/v1/admin/integrations") == (
        200,
        {"data": [one], "next_cursor": None, "has_more": False},
    )


def test_a_trailing_slash_does_not_matter(ask, installed):
    assert ask("GET", f"{installed}/") == ask("GET", installed)


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/revisions"),
        ("POST", "/enable"),
        ("POST", "/disable"),
        ("POST", "/test"),
    ],
)
def test_an_unknown_id_is_a_404_in_the_documented_envelope(ask, method, rest):
    status, body = ask(method, f"/v1/admin/integrations/int_nobody{rest}", {})
    assert status == 404
    assert body["error"]["code"] == "NOT_FOUND"
    assert body["instance"] == f"/v1/admin/integrations/int_nobody{rest}"


def test_a_change_makes_a_new_revision_and_keeps_the_old_one(ask, installed):
    change = {"config": {"account_id": "other"}, "change_summary": "Moved to the other account"}
    status, body = ask("PATCH", installed, change, role="editor")
    assert status == 200
    assert body["config"]["account_id"] == "other"
    assert body["config"]["destination_id"] == "dest-12345"
    assert (body["revision"]["revision_number"], body["revision"]["created_by"]) == (2, "editor")
    assert body["revision"]["change_summary"] == "Moved to the other account"
    _, revisions = ask("GET", f"{installed}/revisions")
    assert [one["revision_number"] for one in revisions["data"]] == [2, 1]
    assert [one["config"]["account_id"] for one in revisions["data"]] == ["other", "your-account-id"]
    assert {one["config"]["api_key"] for one in revisions["data"]} == {"***"}


def test_a_change_that_changes_nothing_makes_no_revision(ask, installed):
    _, body = ask("PATCH", installed, {"config": {"account_id": "your-account-id", "api_key": "***"}})
    assert body["revision"]["revision_number"] == 1
    assert ask("PATCH", installed, {})[1]["revision"]["revision_number"] == 1


@pytest.mark.parametrize("config", [{"account_id": "other"}, {"account_id": "other", "api_key": "***"}])
def test_a_secret_left_out_or_masked_is_kept(ask, world, installed, config):
    assert ask("PATCH", installed, {"config": config})[0] == 200
    assert key_of(world) == "aiq_xxxxxxxxxxxxxxxxxxxx"


def test_a_new_secret_replaces_the_old_one_without_being_shown(ask, world, installed):
    status, body = ask("PATCH", installed, {"config": {"api_key": "aiq_new"}})
    assert (status, body["config"]["api_key"], body["revision"]["revision_number"]) == (200, "***", 2)
    assert key_of(world) == "aiq_new"
    assert world.log.entries[-1]["changes"] == {"config.api_key": {"old": "***", "new": "***"}}
    assert "aiq_new" not in json.dumps(world.log.entries)


def test_an_empty_secret_is_a_422(ask, world, installed):
    status, body = ask("PATCH", installed, {"config": {"api_key": ""}})
    assert status == 422
    assert body["errors"][0]["pointer"] == "/config/api_key"
    assert key_of(world) == "aiq_xxxxxxxxxxxxxxxxxxxx"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"config": {"unknown": 1}}, "/config/unknown"),
        ({"config": {"unknown": None}}, "/config/unknown"),
        ({"config": {"account_id": ""}}, "/config/account_id"),
        ({"config": {"account_id": None}}, "/config/account_id"),
        ({"config": {"base_url": "http://169.254.169.254"}}, "/config/base_url"),
        ({"variant": "retail"}, "/variant"),
        ({"delivery_mode": "hybrid"}, "/delivery_mode"),
        ({"sources": ["src_nobody"]}, "/sources"),
        ({"enabled": False}, "/enabled"),
        ({"name": ""}, "/name"),
    ],
)
def test_each_fault_of_a_change_points_at_its_field(ask, world, installed, change, pointer):
    status, body = ask("PATCH", installed, change)
    assert status == 422
    assert pointer in {error["pointer"] for error in body["errors"]}
    assert len(world.installations.history) == 1


def test_null_takes_an_optional_field_away(ask, installed):
    ask("PATCH", installed, {"config": {"base_url": "https://api.actioniq.com"}})
    _, body = ask("PATCH", installed, {"config": {"base_url": None}})
    assert "base_url" not in body["config"]


def test_sources_are_kept_when_left_out_and_widened_by_null(ask, world, installed):
    source, _ = world.sources.create("Website", "browser", test=False)
    assert ask("PATCH", installed, {"sources": [source.id]})[1]["sources"] == [source.id]
    assert ask("PATCH", installed, {"name": "Renamed"})[1]["sources"] == [source.id]
    assert ask("PATCH", installed, {"sources": None})[1]["sources"] is None


def test_a_rename_onto_a_taken_name_is_a_409(ask, installed):
    ask("POST", "/v1/admin/integration-catalog/actioniq/install", CURL | {"name": "taken"})
    status, body = ask("PATCH", installed, {"name": "Taken"})
    assert (status, body["code"]) == (409, "DUPLICATE_NAME")


def test_the_loser_of_a_race_gets_a_409_and_its_key_is_not_stored(ask, world, installed):
    world.installations.refuse = "revision_conflict"
    status, body = ask("PATCH", installed, {"config": {"api_key": "aiq_new"}})
    assert (status, body["code"]) == (409, "REVISION_CONFLICT")
    assert key_of(world) == "aiq_xxxxxxxxxxxxxxxxxxxx"


def test_an_installation_is_switched_off_and_on(ask, world, installed):
    assert ask("POST", f"{installed}/disable")[1]["enabled"] is False
    assert ask("GET", installed)[1]["enabled"] is False
    assert ask("POST", f"{installed}/enable")[1]["enabled"] is True
    assert [entry["action"] for entry in world.log.entries][1:] == [
        "integration.disabled",
        "integration.enabled",
    ]


def test_switching_to_what_it_is_changes_nothing(ask, world, installed):
    assert ask("POST", f"{installed}/enable")[0] == 200
    assert len(world.log.entries) == 1


def test_a_deleted_installation_is_gone_with_its_secret_and_keeps_its_revisions(ask, world, installed):
    assert ask("DELETE", installed) == (204, {})
    assert ask("GET", installed)[0] == 404
    assert ask("GET", "/v1/admin/integrations")[1]["data"] == []
    assert not world.secrets.kept
    assert [one["revision_number"] for one in ask("GET", f"{installed}/revisions")[1]["data"]] == [1]
    assert world.log.entries[-1]["action"] == "integration.deleted"
    assert ask("DELETE", installed)[0] == 404


def test_its_name_is_free_after_deletion(ask, installed):
    ask("DELETE", installed)
    assert ask(event("install.install_actioniq"))[0] == 201


def test_the_test_of_a_key_tells_each_permission(ask, world, installed):
    world.checks = [{"permission": "api_key", "status": "ok", "vendor_status": 200, "hint": ""}]
    assert ask("POST", f"{installed}/test") == (200, {"ok": True, "checks": world.checks})
    world.checks.append(
        {"permission": "destination_id", "status": "failed", "vendor_status": 404, "hint": "h"}
    )
    assert ask("POST", f"{installed}/test")[1]["ok"] is False


def test_a_passed_test_makes_the_installation_healthy_and_a_failed_one_does_not(ask, world, installed):
    failed = {"permission": "api_key", "status": "failed", "vendor_status": 401, "hint": "h"}
    world.checks = [failed]
    ask("POST", f"{installed}/test")
    assert world.healthy_since == {}
    world.checks = [failed | {"status": "ok"}]
    ask("POST", f"{installed}/test")
    assert world.healthy_since == {installed.rpartition("/")[2]: world.now}


@pytest.mark.parametrize("says_so", [True, False])
def test_a_change_is_tested_at_once_where_a_replay_depends_on_it(ask, world, installed, says_so):
    world.checks = [{"permission": "api_key", "status": "ok", "vendor_status": 200, "hint": ""}]
    change = {"config": {"api_key": "aiq_new", "replay_when_mended": says_so}}
    assert ask("PATCH", installed, change)[0] == 200
    assert [dict(secrets) for _, secrets in world.probed] == [{"api_key": "aiq_new"}] * says_so
    assert bool(world.healthy_since) is says_so


def test_a_change_stands_also_when_nobody_can_be_asked(ask, world, installed):
    world.silent = True
    change = {"config": {"api_key": "aiq_new", "replay_when_mended": True}}
    assert ask("PATCH", installed, change)[0] == 200
    assert world.healthy_since == {}


def test_the_test_of_a_missing_key_fails_with_a_hint(ask, world, installed):
    world.secrets.kept.clear()
    status, body = ask("POST", f"{installed}/test")
    assert (status, body["ok"]) == (200, False)
    assert body["checks"][0]["hint"]


def test_long_lists_come_in_pages(ask):
    for number in range(7):
        ask("POST", "/v1/admin/integration-catalog/actioniq/install", CURL | {"name": f"ActionIQ {number}"})
    names, path = [], "/v1/admin/integrations?limit=3"
    while path:
        _, body = ask("GET", path)
        names += [one["name"] for one in body["data"]]
        path = f"/v1/admin/integrations?limit=3&cursor={body['next_cursor']}" if body["has_more"] else ""
    assert names == [f"ActionIQ {number}" for number in range(7)]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=",
        "limit=101",
        "limit=x",
        "limit=-1",
        "limit=²",
        "cursor=%F0%9F%92%A9",
        "cursor=eHg",
        "cursor=AAAAAAAAaW50XzE",
    ],
)
def test_a_nonsense_page_is_a_422(ask, query):
    assert ask("GET", f"/v1/admin/integrations?{query}")[0] == 422
