"""Each admin operation under each role, under no token and under a wrong one."""

import base64
import hashlib
from http import HTTPStatus
from typing import Any

import pytest
import requests

from bridge.flows.authorize import Role, allows
from tests.api.description import operations, schema
from tests.api.house import ROLES, SECONDS, House, Signed, bearer

ADMIN = [(method, path, one) for method, path, one in operations() if path.startswith("/v1/admin/")]


def ask(house: House, method: str, path: str, **more: Any) -> requests.Response:
    """About things that are not there and with an empty body, so that nothing comes of it."""
    filled = path.replace("{", "nobody-").replace("}", "")
    url, session = house.stack.api_url + filled, house.session
    return house.ask(lambda: session.request(method, url, timeout=SECONDS, **more))


@pytest.mark.parametrize(
    ("method", "path", "said"), ADMIN, ids=[f"{method} {path}" for method, path, _ in ADMIN]
)
def test_a_role_does_what_it_may_and_no_more(
    house: House, method: str, path: str, said: dict[str, Any]
) -> None:
    needed = Role(said["x-required-role"])
    for role in ROLES:
        answer = ask(house, method, path, headers=bearer(house.tokens[role]))
        assert (answer.status_code == HTTPStatus.FORBIDDEN) is not allows(role, needed), (role, answer.text)
        schema[path][method].validate_response(answer)


@pytest.mark.parametrize(
    ("method", "path", "said"), ADMIN, ids=[f"{method} {path}" for method, path, _ in ADMIN]
)
def test_without_a_right_token_the_gateway_answers(
    house: House, method: str, path: str, said: dict[str, Any]
) -> None:
    for headers, status in (({}, 401), (bearer("wrong"), 403), ({"Authorization": "nonsense"}, 403)):
        answer = ask(house, method, path, headers=headers)
        assert (answer.status_code, list(answer.json())) == (status, ["message"])
        schema[path][method].validate_response(answer)


@pytest.fixture(scope="module")
def strangers(house: House) -> dict[str, dict[str, str]]:
    """What opens other doors or opened this one once, and what only looks as if it did."""
    browser = house.make("sources", {"name": f"{house.prefix} web", "kind": "browser", "test": True})
    gone = house.admin("POST", "tokens", json={"name": f"{house.prefix} gone", "role": "admin"}).json()
    assert house.admin("DELETE", f"tokens/{gone['id']}").status_code == HTTPStatus.NO_CONTENT
    first = house.stack.admin_token
    basic = base64.b64encode(f"{first}:".encode()).decode()
    return {
        "a server's write key": bearer(house.write_key),
        "a browser's write key": bearer(browser["write_key"]),
        "a signing secret": bearer(house.hmac_secret),
        "a deleted token": bearer(gone["token"]),
        "a token cut short": bearer(first[:-1]),
        "a token in another case": bearer(first.swapcase()),
        "a token and more": bearer(first + first[:1]),
        "a token's digest": bearer(hashlib.sha256(first.encode()).hexdigest()),
        "a token as a password": {"Authorization": f"Basic {basic}"},
        "a JWT nobody signed": bearer("eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ."),
    }


@pytest.mark.parametrize(
    ("method", "path", "said"), ADMIN, ids=[f"{method} {path}" for method, path, _ in ADMIN]
)
def test_no_other_key_opens_an_admin_route(
    house: House, strangers: dict[str, dict[str, str]], method: str, path: str, said: dict[str, Any]
) -> None:
    opened = {
        name: answer.status_code
        for name, headers in strangers.items()
        if (answer := ask(house, method, path, headers=headers)).status_code != HTTPStatus.FORBIDDEN
    }
    assert opened == {}


def test_a_cookie_of_the_console_opens_no_admin_route(house: House) -> None:
    """What a browser sends by itself is no credential of the API, so no other site can use it."""
    cookie = {"Cookie": f"signal_bridge_session={house.stack.admin_token}"}
    for method, path, _ in ADMIN:
        assert ask(house, method, path, headers=cookie).status_code == HTTPStatus.UNAUTHORIZED, path


CONSOLE = (
    *[
        ("GET", path)
        for path in ("", "/integrations", "/live-events", "/audiences", "/dead-letters", "/access")
    ],
    *[("POST", path) for path in ("/access/tokens", "/access/sources", "/dead-letters/replay", "/sign-out")],
)


@pytest.mark.parametrize(("method", "path"), CONSOLE)
def test_the_console_shows_and_does_nothing_for_strangers(
    house: House, strangers: dict[str, dict[str, str]], method: str, path: str
) -> None:
    tokens = [one["Authorization"].partition(" ")[2] for one in strangers.values()]
    for token in ["", "x y", *tokens[:4]]:
        headers = {"Cookie": f"signal_bridge_session={token}"} | {"Sec-Fetch-Site": "cross-site"}
        answer = ask(house, method, f"/console{path}", headers=headers, allow_redirects=False)
        assert answer.status_code in {303, 403, 404}, answer.text
        assert house.prefix not in answer.text


ORDER = {
    "activation_id": "of-nobody",
    "kind": "campaign",
    "integration_id": "int_nobody",
    "settings": {"campaign_id": "c"},
    "rows": [{"external_id": "u"}],
}


def test_each_kind_of_token_orders_an_activation_or_is_told_why_not(house: House) -> None:
    """The integration is unknown, so whoever may order is told that, and nothing comes of it."""
    told = {"": 401, "wrong": 401, house.write_key: 403, house.stack.admin_token: 404}
    told |= {token: 404 if allows(role, Role.ACTIVATOR) else 403 for role, token in house.tokens.items()}
    for token, status in told.items():
        answer = ask(house, "POST", "/v1/activations", headers=bearer(token), json=ORDER)
        assert answer.status_code == status, (token[:3], answer.text)
        schema["/v1/activations"]["POST"].validate_response(answer)
    signed = ask(
        house, "POST", "/v1/activations", auth=Signed(house.write_key, house.hmac_secret), json=ORDER
    )
    assert (signed.status_code, signed.json()["code"]) == (404, "INTEGRATION_NOT_FOUND")


def test_a_write_key_orders_no_activation(house: House) -> None:
    answer = ask(house, "POST", "/v1/activations", headers=bearer(house.write_key), json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "WRITE_KEY_NOT_ALLOWED")
    schema["/v1/activations"]["POST"].validate_response(answer)


def test_a_body_beyond_the_gateways_limit_is_its_own_413(house: House) -> None:
    headers = bearer(house.tokens["viewer"]) | {"Content-Type": "application/json"}
    answer = ask(house, "POST", "/v1/admin/sources", headers=headers, data=b"x" * (10 * 1024 * 1024 + 1))
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    schema["/v1/admin/sources"]["POST"].validate_response(answer)


def test_the_description_is_served_as_it_was_written(house: House) -> None:
    answer = ask(house, "GET", "/v1/openapi.json")
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
