"""Each admin operation under each role, under no token and under a wrong one."""

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
