"""Write keys and tokens: shown once, listed without, gone when deleted."""

import json

import pytest

from tests.unit.install.loading import event


def test_a_write_key_is_shown_once(ask):
    status, made = ask(event("install.create_source"))
    assert status == 201
    assert made["write_key"].startswith("dk_live_")
    assert (made["name"], made["kind"], made["test"]) == ("Website", "browser", False)
    _, listed = ask("GET", "/v1/admin/sources")
    assert [one["id"] for one in listed["data"]] == [made["id"]]
    assert made["write_key"] not in json.dumps(listed)


def test_a_signing_secret_is_stored_and_shown_once(ask, world):
    _, made = ask("POST", "/v1/admin/sources", {"name": "Backend", "kind": "server", "hmac": True})
    assert made["hmac_secret"] == "the-signing-secret"
    assert world.secrets.kept == {f"sources/{made['id']}": {"hmac_secret": "the-signing-secret"}}


def test_a_secret_that_cannot_be_stored_leaves_no_source(ask, world):
    world.secrets.broken = True
    assert ask("POST", "/v1/admin/sources", {"name": "Backend", "kind": "server", "hmac": True})[0] == 500
    assert not world.sources.rows


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "server"}, "/name"),
        ({"name": "x"}, "/kind"),
        ({"name": "x", "kind": "mobile"}, "/kind"),
        ({"name": "x", "kind": "server", "test": "yes"}, "/test"),
        ({"name": "x", "kind": "browser", "hmac": True}, "/hmac"),
        ({"name": "x", "kind": "server", "colour": "red"}, "/colour"),
    ],
)
def test_a_faulty_source_is_a_422(ask, body, pointer):
    status, answer = ask("POST", "/v1/admin/sources", body)
    assert status == 422
    assert pointer in {error["pointer"] for error in answer["errors"]}


def test_a_deleted_source_is_gone_with_its_secret(ask, world):
    _, made = ask("POST", "/v1/admin/sources", {"name": "Backend", "kind": "server", "hmac": True})
    assert ask("DELETE", f"/v1/admin/sources/{made['id']}")[0] == 204
    assert not world.sources.rows
    assert not world.secrets.kept
    assert ask("DELETE", f"/v1/admin/sources/{made['id']}")[0] == 404


def test_a_token_is_shown_once(ask):
    status, made = ask(event("install.create_token"))
    assert status == 201
    assert made["token"] == "sb_the-token-itself"
    assert made["role"] == "viewer"
    assert made["expires_at"].startswith("2027-02-20")
    _, listed = ask("GET", "/v1/admin/tokens")
    assert [one["id"] for one in listed["data"]] == [made["id"]]
    assert "token" not in listed["data"][0]


def test_a_token_may_hold_for_ever(ask):
    assert ask("POST", "/v1/admin/tokens", {"name": "t", "role": "activator"})[1]["expires_at"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "viewer"}, "/name"),
        ({"name": "t"}, "/role"),
        ({"name": "t", "role": "owner"}, "/role"),
        ({"name": "t", "role": "viewer", "expires_in_days": 0}, "/expires_in_days"),
        ({"name": "t", "role": "viewer", "expires_in_days": 1e9}, "/expires_in_days"),
    ],
)
def test_a_faulty_token_is_a_422(ask, body, pointer):
    status, answer = ask("POST", "/v1/admin/tokens", body)
    assert status == 422
    assert pointer in {error["pointer"] for error in answer["errors"]}


def test_a_deleted_token_is_gone(ask):
    _, made = ask(event("install.create_token"))
    assert ask("DELETE", f"/v1/admin/tokens/{made['id']}")[0] == 204
    assert ask("GET", "/v1/admin/tokens")[1]["data"] == []
    assert ask("DELETE", f"/v1/admin/tokens/{made['id']}")[0] == 404


def test_keys_and_tokens_are_in_no_audit_entry(ask, world):
    _, source = ask("POST", "/v1/admin/sources", {"name": "Backend", "kind": "server", "hmac": True})
    _, token = ask(event("install.create_token"))
    told = json.dumps(world.log.entries)
    assert [entry["action"] for entry in world.log.entries] == ["source.created", "token.created"]
    for secret in (source["write_key"], source["hmac_secret"], token["token"]):
        assert secret not in told


def test_the_audit_log_is_read_newest_first_in_pages(ask):
    for number in range(3):
        ask("POST", "/v1/admin/tokens", {"name": f"t{number}", "role": "viewer"})
    _, page = ask("GET", "/v1/admin/audit-logs?limit=2")
    assert [entry["changes"]["name"]["new"] for entry in page["data"]] == ["t2", "t1"]
    _, page = ask("GET", f"/v1/admin/audit-logs?limit=2&cursor={page['next_cursor']}")
    assert [entry["changes"]["name"]["new"] for entry in page["data"]] == ["t0"]
    assert page["has_more"] is False
