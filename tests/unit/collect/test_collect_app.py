"""The front door's function when what it stands on fails: 503, so that SDKs send again, and nothing is quoted."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.unit.collect.builders import SERVER_KEY, request, track
from tests.unit.install.loading import load

SECRET = "jane@example.com"


class Away:
    """An AWS client of which every call fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**_call: object) -> None:
            raise self._error

        return fail


class EmptyTable:
    """Holds no row: no source, no token, no installation."""

    def get_item(self, **_call: object) -> dict[str, Any]:
        return {}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("STACK_NAME", "INSTALLATIONS_TABLE", "EVENT_QUEUE_URL", "BRAZE_QUEUE_URL", "EXPORT_BUCKET"):
        monkeypatch.setenv(name, name.lower())
    return load("collect")


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "InternalServerError", "Message": SECRET}}, "GetItem"),
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "GetItem"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t", "/v1/events", "/v1/activations"])
def test_a_table_that_cannot_be_read_is_503_on_every_path(
    app: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, path: str
) -> None:
    monkeypatch.setattr(app, "client", lambda _: Away(error))
    monkeypatch.setattr(app, "bootstrap_token", lambda: "another")
    token = {"authorization": "Bearer sb_x"} if path == "/v1/activations" else {}
    body = track() if path == "/v1/t" else {"batch": [track()]}
    answer = app.lambda_handler(request("POST", path, body, key=SERVER_KEY, headers=token), None)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    told = json.loads(answer["body"])
    assert (told["status"], told["code"]) == (503, "UNAVAILABLE")
    assert SECRET not in answer["body"]


def test_what_nobody_foresaw_is_500_and_the_log_names_its_place_alone(
    app: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "client", lambda _: Away(ValueError(SECRET)))
    answer = app.lambda_handler(request("POST", "/v1/t", track(), key=SERVER_KEY), None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (500, "INTERNAL_ERROR")
    assert "ValueError" in caplog.text
    assert "test_collect_app.py" in caplog.text
    assert SECRET not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [("the-first-token", 404, "INTEGRATION_NOT_FOUND"), ("another", 401, "INVALID_TOKEN")],
)
def test_the_token_the_stack_was_made_with_orders_activations_too(
    app: Any, monkeypatch: pytest.MonkeyPatch, token: str, status: int, code: str
) -> None:
    monkeypatch.setenv("ADMIN_TOKEN_SECRET", "arn")
    monkeypatch.setattr(app, "client", lambda _: EmptyTable())
    monkeypatch.setattr(app, "bootstrap_token", lambda: "the-first-token")
    order = {
        "activation_id": "a-1",
        "kind": "event",
        "integration_id": "int_1",
        "rows": [{"external_id": "u"}],
    }
    headers = {"authorization": f"Bearer {token}"}
    answer = app.lambda_handler(request("POST", "/v1/activations", order, key=None, headers=headers), None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (status, code)
