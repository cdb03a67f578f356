"""Every route of the deployed API: described, behind the authorizer, or open for a reason that is written here."""

import json
from typing import Any

import pytest

from tests.unit.template.conftest import ROOT

OPEN = {
    "/v1/activations": "checks a token or a signature itself",
    "/v1/events": "checks a signature itself",
    "/console": "asks the API with the visitor's own token",
    "/console/{proxy+}": "asks the API with the visitor's own token",
    "$default": "answers 404, takes trailing slashes, and serves what is public",
}
"""What is open to the gateway beside the SDKs' own paths, which check a write key themselves."""

KEYS = {"actioniq", "braze", "webhook"}

SDK = {"batch", "b", "import", "track", "page", "identify", "group", "alias", "screen", *"tpigas"}


@pytest.fixture(scope="module")
def routes(resources: dict[str, Any]) -> dict[tuple[str, str], bool]:
    """(method, path) → whether the gateway asks the authorizer first."""
    body = next(one for one in resources.values() if one["Type"] == "AWS::ApiGatewayV2::Api")["Properties"][
        "Body"
    ]
    found = {}
    for path, methods in body["paths"].items():
        for method, said in methods.items():
            if method != "options":
                found[method.upper(), path] = any(
                    "AdminAuthorizer" in one for one in said.get("security", ())
                )
    return found


@pytest.fixture(scope="module")
def described() -> dict[tuple[str, str], dict[str, Any]]:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    return {
        (method.upper(), path): said
        for path, methods in document["paths"].items()
        for method, said in methods.items()
        if path.startswith("/v1/admin/")
    }


def test_every_described_admin_operation_is_a_route_and_every_admin_route_is_described(routes, described):
    """One route takes the installs that the description tells apart by their bodies."""

    def bare(keys):
        found = set()
        for method, path in keys:
            parts = ["{}" if part.startswith("{") or part in KEYS else part for part in path.split("/")]
            found.add((method, "/".join(parts)))
        return found

    assert bare(described) == bare(key for key in routes if key[1].startswith("/v1/admin"))


def test_every_admin_route_is_behind_the_authorizer(routes):
    assert [key for key, guarded in routes.items() if key[1].startswith("/v1/admin") and not guarded] == []


def test_every_described_admin_operation_names_the_role_it_asks_for(described):
    roles = {said["x-required-role"] for said in described.values()}
    assert roles <= {"viewer", "editor", "admin"}
    assert [
        key for key, said in described.items() if key[0] == "DELETE" and said["x-required-role"] != "admin"
    ] == []


def test_a_route_that_is_open_is_on_the_list_of_open_ones(routes):
    free = {path for (_, path), guarded in routes.items() if not guarded}
    assert free == set(OPEN) | {f"/v1/{name}" for name in SDK}
