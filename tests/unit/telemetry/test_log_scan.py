"""What the logging helpers let through when everything they are given is secret or somebody's."""

import io
from types import SimpleNamespace

import pytest
from aws_lambda_powertools import Logger

from bridge import telemetry

LINES = 2_000
SECRETS = {
    "key": "brz_5ecret-key",
    "header": "Bearer sb_5ecret",
    "email": "ada@example.com",
    "user": "customer-0042",
    "body": '{"traits": {"diary": "dear diary"}}',
    "url": "https://hooks.example.com/x?token=5ecret",
}


@pytest.fixture
def written(request: pytest.FixtureRequest) -> tuple[Logger, io.StringIO]:
    stream = io.StringIO()
    return Logger(service=request.node.name, level="INFO", stream=stream), stream


def generated(number: int) -> SimpleNamespace:
    """A step that carries more than may be told."""
    told_fields = {
        "delivery_id": f"dlv_{number}",
        "integration_id": "int_1",
        "status": "delivered",
        "counts": {"delivered": 1},
        "correlation_ids": [f"req-{number}-{one}" for one in range(50)],
    }
    return SimpleNamespace(
        **told_fields, **{f"{name}_{number % 7}": text for name, text in SECRETS.items()}, **SECRETS
    )


def test_a_line_holds_what_may_be_told_and_nothing_else_of_a_step(
    written: tuple[Logger, io.StringIO],
) -> None:
    log, stream = written
    for number in range(LINES):
        telemetry.log_step(log, generated(number))  # type: ignore[arg-type]
    lines = stream.getvalue().splitlines()
    assert len(lines) == LINES
    assert f'"delivery_id":"dlv_{LINES - 1}"' in lines[-1]
    assert [name for name, text in SECRETS.items() if text in stream.getvalue()] == []
    assert "5ecret" not in stream.getvalue()
    assert max(map(len, lines)) < 1_000


def test_an_error_is_told_by_type_and_place_whatever_it_quotes(written: tuple[Logger, io.StringIO]) -> None:
    log, stream = written
    for text in SECRETS.values():
        error = ValueError(f"{text} in {text}")
        error.__cause__ = KeyError(text)
        telemetry.log_failure(log, error, delivery_id="dlv_1")
    assert stream.getvalue().count("ValueError") == len(SECRETS)
    assert [name for name, text in SECRETS.items() if text in stream.getvalue()] == []
