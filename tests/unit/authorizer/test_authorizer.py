"""The authorizer: who is who, and nothing more."""

import json
import logging

import pytest

from bridge.stores.tokens import Token
from tests.unit.install.loading import event, load


class FakeTokens:
    """Knows one token."""

    def __init__(self, known: str, token: Token) -> None:
        self._known = known
        self._token = token

    def by_token(self, token: str) -> Token | None:
        return self._token if token == self._known else None


@pytest.fixture
def app():
    module = load("authorizer")
    module.token_store = lambda: FakeTokens("YOUR_TOKEN", Token(id="tok_1", name="ops", role="editor"))
    return module


def bearing(value):
    made = event("authorizer.bearer_token")
    made["headers"]["authorization"] = value
    return made


def test_a_known_token_is_let_in_with_its_role(app):
    assert app.lambda_handler(event("authorizer.bearer_token"), None) == {
        "isAuthorized": True,
        "context": {"role": "editor", "token_id": "tok_1", "name": "ops", "expires_at": ""},
    }


def test_another_scheme_is_not_let_in(app):
    assert app.lambda_handler(event("authorizer.another_scheme"), None) == {"isAuthorized": False}


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Bearer nobody's", "YOUR_TOKEN", "Bearer YOUR_TÖKEN"]
)
def test_what_is_not_the_token_is_not_let_in(app, value):
    assert app.lambda_handler(bearing(value), None) == {"isAuthorized": False}


@pytest.mark.parametrize("value", ["bearer YOUR_TOKEN", "BEARER  YOUR_TOKEN "])
def test_the_scheme_is_read_without_regard_to_case(app, value):
    assert app.lambda_handler(bearing(value), None)["isAuthorized"] is True


def test_no_headers_at_all_is_not_let_in(app):
    assert app.lambda_handler({"version": "2.0", "type": "REQUEST"}, None) == {"isAuthorized": False}


def test_the_token_is_neither_answered_nor_logged(app, caplog, capsys):
    with caplog.at_level(logging.DEBUG):
        answer = app.lambda_handler(event("authorizer.bearer_token"), None)
    assert "YOUR_TOKEN" not in json.dumps(answer) + caplog.text + "".join(capsys.readouterr())


def test_it_is_wired_to_the_table_and_the_bootstrap_secret(monkeypatch):
    monkeypatch.setenv("INSTALLATIONS_TABLE", "t")
    monkeypatch.setenv("ADMIN_TOKEN_SECRET", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert load("authorizer").token_store() is not None
