"""Whose token a call was made with."""

import pytest

from tests.unit.install.loading import admin_event


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_a_token_is_told_its_own_role(ask, role):
    status, body = ask("GET", "/v1/admin/whoami", role=role)
    assert (status, body["role"], body["expires_at"]) == (200, role, None)


def test_a_token_that_ends_is_told_when(ask):
    event = admin_event("GET", "/v1/admin/whoami")
    event["requestContext"]["authorizer"]["lambda"]["expires_at"] = "2027-01-01T00:00:00.000Z"
    assert ask(event)[1]["expires_at"] == "2027-01-01T00:00:00.000Z"
