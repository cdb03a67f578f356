"""The batcher's function when what it stands on fails: messages come again, and the log says why, not what."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.unit.install.loading import event, load

SECRET = "jane@example.com"


class Away:
    """An AWS client of which every call fails."""

    def __getattr__(self, name: str) -> Any:
        def fail(**_call: object) -> None:
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": SECRET}}, name)

        return fail

    def get_paginator(self, name: str) -> "Away":
        return self

    def paginate(self, **_call: object) -> Iterator[None]:
        yield self.query()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("INSTALLATIONS_TABLE", "DELIVERIES_TABLE", "STATE_BUCKET"):
        monkeypatch.setenv(name, name.lower())
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/a"
    lanes = {lane: {"queue": url, "dead_letters": url} for lane in ("event", "actioniq", "braze")}
    monkeypatch.setenv("LANE_QUEUES", json.dumps(lanes))
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{uuid4()}")  # a logger of its own stdout
    loaded = load("ingest")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SignalBridge")
    monkeypatch.setattr(loaded.boto3, "client", lambda *_, **__: Away())
    return loaded


def failed(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_when_the_table_is_away_every_message_with_an_event_comes_again_and_the_log_says_why(
    app: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    records = event("ingest.batch")
    assert failed(app.lambda_handler(records, None)) == [one["messageId"] for one in records["Records"]]
    told = capsys.readouterr().out
    assert '"reason":"table_unavailable"' in told
    assert SECRET not in told
    assert "Traceback" not in told


def test_what_nobody_foresaw_brings_all_messages_back_and_quotes_none_of_them(
    app: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_messages: object) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr(app, "messages", broken)
    records = event("ingest.batch")
    assert failed(app.lambda_handler(records, None)) == [one["messageId"] for one in records["Records"]]
    told = capsys.readouterr().out
    assert '"error_type":"ValueError"' in told
    assert f'"UnexpectedFailures":[{len(records["Records"])}.0]' in told
    assert "test_ingest_app.py" in told
    assert SECRET not in told
    assert "Traceback" not in told


def test_a_message_that_nobody_foresaw_comes_again_alone(
    app: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, taken = "sqs-3", list[str]()

    class Picky:
        def take(self, messages: list[Any]) -> dict[str, str]:
            if any(one.id == poison for one in messages):
                raise ValueError(SECRET)
            taken.extend(one.id for one in messages)
            return {}

    monkeypatch.setattr(app, "ingest", Picky)
    sent = {"SentTimestamp": "1767348930500"}
    records = [{"messageId": f"sqs-{n}", "body": "{}", "attributes": sent} for n in range(7)]
    assert failed(app.lambda_handler({"Records": records}, None)) == [poison]
    assert sorted(taken) == [f"sqs-{n}" for n in range(7) if n != 3]
    assert '"UnexpectedFailures":[1.0]' in capsys.readouterr().out
