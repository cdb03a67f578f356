"""Who may do what: every route, every role."""

import pytest

from bridge.flows.admin.managing import Managing
from tests.unit.install.fakes import World
from tests.unit.install.loading import admin_event

ROLES = ("viewer", "editor", "admin")
ROUTES = [(route.method, route.path, route.needs.value) for route in World().managing().routes()]


def path_of(rule: str) -> str:
    return rule.replace("<id>", "int_nobody").replace("<key>", "nobody")


@pytest.mark.parametrize(("method", "rule", "needs"), ROUTES)
def test_a_role_below_the_needed_one_gets_a_403(ask, method, rule, needs):
    for role in ROLES:
        status, body = ask(method, path_of(rule), {}, role=role)
        assert (status == 403) == (ROLES.index(role) < ROLES.index(needs)), role
        if status == 403:
            assert body["code"] == "FORBIDDEN"


@pytest.mark.parametrize("role", ["activator", "", "owner", "ADMIN"])
@pytest.mark.parametrize(("method", "rule", "needs"), ROUTES)
def test_an_activator_and_unknown_roles_may_do_nothing_here(ask, method, rule, needs, role):
    assert ask(method, path_of(rule), {}, role=role)[0] == 403


def test_without_the_authorizers_word_nothing_is_allowed(ask):
    event = admin_event("GET", "/v1/admin/integrations")
    del event["requestContext"]["authorizer"]
    assert ask(event)[0] == 403


def test_what_is_deleted_or_handed_out_needs_an_admin():
    admins = {(method, path) for method, path, needs in ROUTES if needs == "admin"}
    assert {path for method, path in admins if method == "DELETE"} == {
        "/v1/admin/integrations/<id>",
        "/v1/admin/sources/<id>",
        "/v1/admin/tokens/<id>",
    }
    assert {path for method, path in admins if method != "DELETE"} == {
        "/v1/admin/tokens",
        "/v1/admin/audit-logs",
    }


def test_an_unknown_path_is_our_404(ask):
    status, body = ask("GET", "/v1/admin/nothing")
    assert (status, body["code"], body["instance"]) == (404, "NOT_FOUND", "/v1/admin/nothing")


def test_every_part_of_the_api_is_in_the_table():
    assert set(Managing.__slots__) == {
        "installing",
        "installed",
        "sources",
        "tokens",
        "audit",
    }
