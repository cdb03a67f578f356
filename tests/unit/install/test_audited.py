"""Every change leaves an entry before it happens: who asked for it, and what came of it."""

from copy import deepcopy
from typing import Any

import pytest

CURL = {
    "name": "ActionIQ",
    "variant": "default",
    "config": {"api_key": "aiq_x", "account_id": "a", "destination_id": "d"},
    "delivery_mode": "server_side",
}
INSTALL = "/v1/admin/integration-catalog/actioniq/install"
CHANGES: list[tuple[str, str, Any, str]] = [
    ("POST", INSTALL, CURL | {"name": "another"}, "integration.created"),
    ("PATCH", "/v1/admin/integrations/{id}", {"name": "new"}, "integration.updated"),
    ("PATCH", "/v1/admin/integrations/{id}", {"config": {"api_key": "new"}}, "integration.updated"),
    ("POST", "/v1/admin/integrations/{id}/disable", None, "integration.disabled"),
    ("DELETE", "/v1/admin/integrations/{id}", None, "integration.deleted"),
    ("POST", "/v1/admin/sources", {"name": "Shop", "kind": "server", "hmac": True}, "source.created"),
    ("DELETE", "/v1/admin/sources/src_1", None, "source.deleted"),
    ("POST", "/v1/admin/tokens", {"name": "CI", "role": "viewer"}, "token.created"),
    ("DELETE", "/v1/admin/tokens/tok_1", None, "token.deleted"),
]


@pytest.fixture
def installed(ask, world) -> str:
    """An installation, a source and a token, and nothing noted yet."""
    _, body = ask("POST", INSTALL, CURL)
    ask("POST", "/v1/admin/sources", {"name": "Website", "kind": "server"})
    ask("POST", "/v1/admin/tokens", {"name": "old", "role": "viewer"})
    world.log.entries.clear()
    return body["id"]


def everything(world) -> Any:
    parts = (world.installations.rows, world.secrets.kept, world.sources.rows, world.tokens.rows)
    return deepcopy(parts)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]} {change[3]}")
def test_a_change_is_noted_with_its_end(ask, world, installed, change):
    method, path, body, action = change
    status, answer = ask(method, path.format(id=installed), body)
    assert status < 300
    (entry,) = world.log.entries
    assert (entry["action"], entry["outcome"]) == (action, "done")
    assert entry["resource_id"] == (answer.get("id") or path.format(id=installed).split("/")[4])


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]} {change[3]}")
def test_what_cannot_be_noted_is_not_done(ask, world, installed, change):
    method, path, body, _ = change
    world.log.puts = 0
    before = everything(world)
    status, answer = ask(method, path.format(id=installed), body)
    assert (status, answer["code"]) == (503, "AUDIT_UNAVAILABLE")
    assert everything(world) == before


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]} {change[3]}")
def test_what_was_done_is_told_although_its_end_cannot_be_noted(ask, world, installed, change):
    method, path, body, action = change
    world.log.puts = 1
    before = everything(world)
    assert ask(method, path.format(id=installed), body)[0] < 300
    assert everything(world) != before
    assert [(one["action"], one["outcome"]) for one in world.log.entries] == [(action, "requested")]


def test_what_was_refused_is_noted_as_failed(ask, world, installed):
    world.installations.refuse = "revision_conflict"
    assert ask("PATCH", f"/v1/admin/integrations/{installed}", {"name": "new"})[0] == 409
    assert [one["outcome"] for one in world.log.entries] == ["failed"]


def test_a_deletion_that_got_half_way_can_be_made_again(ask, world, installed):
    world.secrets.keeps = True
    assert ask("DELETE", f"/v1/admin/integrations/{installed}")[0] == 503
    assert [one["outcome"] for one in world.log.entries] == ["failed"]
    world.secrets.keeps = False
    assert ask("DELETE", f"/v1/admin/integrations/{installed}")[0] == 404
    assert world.secrets.kept == {}
