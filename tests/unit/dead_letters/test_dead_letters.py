"""Filing: every letter with its reason and its body untouched, and one that fails does not hold up its neighbours."""

import json
from functools import partial
from typing import Any

import pytest

from bridge.flows.letters import file_record
from tests.unit.install.loading import event, load

LANES = {"BrazeDeadLetterQueue": "braze", "EventDeadLetterQueue": "event"}
WORKERS_OWN, MOVED_BY_SQS = event("dead_letters.two_letters")["Records"]


class FakeLetters:
    """Keeps what is filed, by message id."""

    def __init__(self) -> None:
        self.filed: dict[str, dict[str, Any]] = {}
        self.refuses: set[str] = set()

    def file(self, body: str, **facts: Any) -> bool:
        if facts["message_id"] in self.refuses:
            raise OSError("S3 is down")
        new = facts["message_id"] not in self.filed
        self.filed.setdefault(facts["message_id"], {"body": body, **facts})
        return new


@pytest.fixture
def letters():
    return FakeLetters()


@pytest.fixture
def app(letters):
    module = load("dead_letters")
    module.filing = lambda: partial(file_record, queues=LANES, letters=letters)
    return module


def record(**changes):
    return {**json.loads(json.dumps(WORKERS_OWN)), **changes}


def test_a_workers_own_letter_keeps_its_reason(app, letters):
    assert app.lambda_handler(event("dead_letters.two_letters"), None) == {"batchItemFailures": []}
    assert letters.filed[WORKERS_OWN["messageId"]] == {
        "body": WORKERS_OWN["body"],
        "queue": "braze",
        "message_id": WORKERS_OWN["messageId"],
        "reason": "unauthorized",
        "detail": "the key is invalid",
        "integration_id": "int_0123456789abcdef01234567",
        "delivery_id": "dlv_0123456789abcdef01234567",
        "receive_count": 1,
    }


def test_a_letter_that_sqs_moved_crashes_the_worker(app, letters):
    app.lambda_handler(event("dead_letters.two_letters"), None)
    filed = letters.filed[MOVED_BY_SQS["messageId"]]
    assert (filed["queue"], filed["reason"], filed["receive_count"]) == ("event", "crashes_the_worker", 1000)
    assert filed["body"] == '{"type":"track",  "event":"Order Completed","userId":"u1"}'


def test_a_delivery_without_attributes_says_itself_whose_it_is(app, letters):
    app.lambda_handler({"Records": [record(messageAttributes={})]}, None)
    (filed,) = letters.filed.values()
    assert filed["integration_id"] == "int_0123456789abcdef01234567"
    assert filed["delivery_id"] == "dlv_0123456789abcdef01234567"


@pytest.mark.parametrize("body", ["", "not json", "[" * 50_000, '{"integration_id":7}', "null", "\x00\x01"])
def test_any_body_is_filed(app, letters, body):
    assert (
        app.lambda_handler({"Records": [record(body=body, messageAttributes={})]}, None)["batchItemFailures"]
        == []
    )
    (filed,) = letters.filed.values()
    assert filed["body"] == body
    assert filed["reason"] == "crashes_the_worker"


def test_a_letter_of_a_queue_we_do_not_know_is_filed_under_its_name(app, letters):
    app.lambda_handler({"Records": [record(eventSourceARN="arn:aws:sqs:eu-central-1:1:Other")]}, None)
    assert [filed["queue"] for filed in letters.filed.values()] == ["Other"]


def test_only_the_letter_that_could_not_be_filed_comes_back(app, letters):
    letters.refuses = {WORKERS_OWN["messageId"]}
    answer = app.lambda_handler(event("dead_letters.two_letters"), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": WORKERS_OWN["messageId"]}]}
    assert list(letters.filed) == [MOVED_BY_SQS["messageId"]]


def test_a_batch_that_fails_as_a_whole_is_no_crash(app, letters):
    letters.refuses = {WORKERS_OWN["messageId"], MOVED_BY_SQS["messageId"]}
    assert len(app.lambda_handler(event("dead_letters.two_letters"), None)["batchItemFailures"]) == 2


def test_it_is_wired_to_table_bucket_and_queues(monkeypatch):
    for name in ("EVENT", "ACTIONIQ", "BRAZE", "EXPORT", "AUDIENCE"):
        monkeypatch.setenv(f"{name}_DEAD_LETTER_QUEUE_URL", f"https://sqs/1/{name}-letters")
    monkeypatch.setenv("DELIVERIES_TABLE", "t")
    monkeypatch.setenv("STATE_BUCKET", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert load("dead_letters").filing().keywords["queues"]["BRAZE-letters"] == "braze"
