"""The console function, put together as it is deployed."""

import pytest

from tests.unit.install.loading import event


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "signal-bridge")


def test_the_api_is_where_the_settings_say(app, monkeypatch):
    monkeypatch.setenv("API_URL", "http://localhost:8084")
    assert app.api("abc.execute-api.eu-west-1.amazonaws.com", "sb_x").base == "http://localhost:8084"


def test_without_settings_it_is_the_gateway_the_visitor_came_through(app, monkeypatch):
    monkeypatch.delenv("API_URL", raising=False)
    assert (
        app.api("abc.execute-api.eu-west-1.amazonaws.com", "sb_x").base
        == "https://abc.execute-api.eu-west-1.amazonaws.com"
    )


@pytest.mark.parametrize(("name", "status"), [("console.sign_in", 200), ("console.signed_out", 303)])
def test_the_function_answers_its_event_files(app, name, status):
    answer = app.lambda_handler(event(name), object())
    assert answer["statusCode"] == status
    assert ("Anmelden" in answer["body"]) == (status == 200)
