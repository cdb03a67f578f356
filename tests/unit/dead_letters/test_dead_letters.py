"""Filing: every letter with its reason and its body untouched, and one that fails does not hold up its neighbours."""

import json
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.errors import Retryable
from bridge.flows.admin.letters import file_record
from bridge.flows.runs.given_up import GivenUp
from mapping.export import run_id
from tests.unit.install.loading import event, load

LANE_NAMES = ("EVENT", "BRAZE", "EXPORT", "AUDIENCE")
LANES = {
    "BrazeDeadLetterQueue": "braze",
    "EventDeadLetterQueue": "event",
    "ExportDeadLetterQueue": "export",
    "AudienceDeadLetterQueue": "audience",
}
DELIVERY = "dlv_0123456789abcdef01234567"
WORKERS_OWN, MOVED_BY_SQS = event("dead_letters.two_letters")["Records"]


class FakeLetters:
    """Keeps what is filed, by what makes it one."""

    def __init__(self) -> None:
        self.filed: dict[str, dict[str, Any]] = {}
        self.refuses: set[str] = set()
        self.replayed: list[str] = []

    def file(self, body: str, **facts: Any) -> bool:
        if facts["message_id"] in self.refuses:
            raise OSError("S3 is down")
        assert facts.pop("otherwise")
        new = facts["identity"] not in self.filed
        self.filed.setdefault(facts.pop("identity"), {"body": body, **facts})
        return new

    def several(self, letter_ids):
        return [{"id": one} for one in letter_ids]

    def mark_replayed(self, letters):
        self.replayed += [one["id"] for one in letters]
        return []


class FakeQueue:
    """Remembers what was asked for; `is_down` refuses."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.is_down = False

    def send(self, bodies, *, group=None) -> None:
        if self.is_down:
            raise Retryable("queue_unavailable")
        self.asked += map(json.loads, bodies)


@pytest.fixture
def exports():
    return FakeQueue()


@pytest.fixture
def parts():
    return FakeQueue()


@pytest.fixture
def letters():
    return FakeLetters()


@pytest.fixture
def app(letters, exports, parts):
    module = load("dead_letters")
    module.filing = lambda: partial(file_record, queues=LANES, letters=letters)
    module.runs = lambda: GivenUp(lanes=LANES, exports=exports, parts=parts)
    return module


def record(**changes):
    return {**json.loads(json.dumps(WORKERS_OWN)), **changes}


def test_a_workers_own_letter_keeps_its_reason(app, letters):
    assert app.lambda_handler(event("dead_letters.two_letters"), None) == {"batchItemFailures": []}
    assert letters.filed[f"{DELIVERY}/"] == {
        "body": WORKERS_OWN["body"],
        "queue": "braze",
        "message_id": WORKERS_OWN["messageId"],
        "reason": "unauthorized",
        "outcome": "dead",
        "detail": "the key is invalid",
        "integration_id": "int_0123456789abcdef01234567",
        "delivery_id": DELIVERY,
        "receive_count": 1,
    }


def test_a_letter_that_sqs_moved_crashes_the_worker(app, letters):
    app.lambda_handler(event("dead_letters.two_letters"), None)
    filed = letters.filed[f"{MOVED_BY_SQS['messageId']}/"]
    assert (filed["queue"], filed["reason"], filed["receive_count"]) == ("event", "crashes_the_worker", 1000)
    assert filed["body"] == '{"type":"track",  "event":"Order Completed","userId":"u1"}'


def test_a_delivery_without_attributes_says_itself_whose_it_is(app, letters):
    app.lambda_handler({"Records": [record(messageAttributes={})]}, None)
    (filed,) = letters.filed.values()
    assert filed["integration_id"] == "int_0123456789abcdef01234567"
    assert filed["delivery_id"] == "dlv_0123456789abcdef01234567"


def replayed(message_id, **changes):
    """A letter of a delivery that was a replay of letter ltr_1."""
    body = json.dumps(json.loads(WORKERS_OWN["body"]) | {"replay_of": "ltr_1"})
    return record(body=body, messageId=message_id, **changes)


def test_a_letter_that_was_replayed_and_failed_again_is_found_once_under_its_new_reason(app, letters):
    twice = [replayed("m2"), replayed("m3", messageAttributes={})]
    assert app.lambda_handler({"Records": twice}, None) == {"batchItemFailures": []}
    assert list(letters.filed) == [f"{DELIVERY}/ltr_1"]
    assert set(letters.replayed) == {"ltr_1"}


def test_an_event_that_was_replayed_keeps_the_name_of_its_first_message(app, letters):
    told = {"replay_of": "ltr_1", "message_id": "first"}
    attributes = {name: {"stringValue": value, "dataType": "String"} for name, value in told.items()}
    again = [{**MOVED_BY_SQS, "messageId": one, "messageAttributes": attributes} for one in ("m2", "m3")]
    app.lambda_handler({"Records": again}, None)
    (filed,) = letters.filed.values()
    assert filed["message_id"] == "first"
    assert set(letters.replayed) == {"ltr_1"}


@pytest.mark.parametrize(("given", "kept"), [("blocked", "blocked"), ("unknown", "unknown"), ("odd", "dead")])
def test_a_letter_says_how_it_ended(app, letters, given, kept):
    attributes = WORKERS_OWN["messageAttributes"] | {"outcome": {"stringValue": given}}
    app.lambda_handler({"Records": [record(messageAttributes=attributes)]}, None)
    assert [one["outcome"] for one in letters.filed.values()] == [kept]


def test_whoever_feeds_the_event_queue_names_no_installation(app, letters):
    body = '{"integration_id":"int_of_my_own","delivery_id":"dlv_1","replay_of":"ltr_9"}'
    app.lambda_handler({"Records": [{**MOVED_BY_SQS, "body": body}]}, None)
    (filed,) = letters.filed.values()
    assert (filed["integration_id"], filed["delivery_id"], letters.replayed) == ("", "", [])


def test_a_tick_of_the_schedule_replays(app, monkeypatch):
    asked = []
    work = SimpleNamespace(work=lambda most, until: asked.append(most) or 7)
    monkeypatch.setattr(app, "replaying", lambda: (SimpleNamespace(look=lambda: 1), work))
    monkeypatch.setattr(app, "settings", lambda: SimpleNamespace(replay_per_minute=600))
    assert app.lambda_handler(event("dead_letters.minute"), None) == {"begun": 1, "replayed": 7}
    assert asked == [600]


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
    assert list(letters.filed) == [f"{MOVED_BY_SQS['messageId']}/"]


def test_a_batch_that_fails_as_a_whole_is_no_crash(app, letters):
    letters.refuses = {WORKERS_OWN["messageId"], MOVED_BY_SQS["messageId"]}
    assert len(app.lambda_handler(event("dead_letters.two_letters"), None)["batchItemFailures"]) == 2


def letter(queue, body, **attributes):
    """A letter of a run's queue, as SQS moves it or as a worker sends it."""
    told = {name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()}
    arn = f"arn:aws:sqs:eu-central-1:1:{queue}DeadLetterQueue"
    return {"Records": [record(body=json.dumps(body), messageAttributes=told, eventSourceARN=arn)]}


PART = {"run_id": "run_1", "part": 2}
RUN = {"run_id": "run_1", "step": "commit"}


def test_a_part_that_was_given_up_is_ended_with_what_its_checkpoint_holds(app, letters, exports, parts):
    assert app.lambda_handler(letter("Audience", PART), None) == {"batchItemFailures": []}
    assert parts.asked == [{**PART, "step": "give_up", "reason": "crashes_the_worker"}]
    assert exports.asked == []
    assert len(letters.filed) == 1


def test_a_part_that_cannot_even_be_given_up_has_its_run_abandoned(app, exports, parts):
    app.lambda_handler(letter("Audience", {**PART, "step": "give_up"}, reason="plan_corrupt"), None)
    assert parts.asked == []
    assert exports.asked == [{"run_id": "run_1", "step": "abandon", "reason": "plan_corrupt"}]


def test_a_run_is_given_up_then_abandoned_then_left_alone(app, exports):
    app.lambda_handler(letter("Export", RUN), None)
    app.lambda_handler(letter("Export", exports.asked[0]), None)
    app.lambda_handler(letter("Export", exports.asked[1]), None)
    assert [(asked["step"], asked["reason"]) for asked in exports.asked] == [
        ("give_up", "crashes_the_worker"),
        ("abandon", "crashes_the_worker"),
    ]


def test_the_notification_of_an_export_names_its_run(app, exports):
    body = json.loads(event("audience_plan.export")["Records"][0]["body"])
    app.lambda_handler(letter("Export", body), None)
    key = "exports/int_000000000000000000b2/audience=spent-50/split=1/2026-11-21/manifest.json"
    assert [asked["run_id"] for asked in exports.asked] == [run_id(key, "9b2cf535f27731c974343645a3985328")]


@pytest.mark.parametrize("body", [None, 7, [], {}, {"Records": 1}, {"part": 1}])
@pytest.mark.parametrize("queue", ["Export", "Audience"])
def test_a_letter_that_names_no_run_is_only_filed(app, letters, exports, parts, queue, body):
    assert app.lambda_handler(letter(queue, body), None) == {"batchItemFailures": []}
    assert exports.asked == parts.asked == []
    assert len(letters.filed) == 1


def test_an_unreadable_message_is_no_fault_of_the_run_it_names(app, exports, parts):
    app.lambda_handler(letter("Audience", {"run_id": "run_1", "part": 99}, reason="unreadable_message"), None)
    assert exports.asked == parts.asked == []


def test_a_letter_comes_back_until_its_run_was_told(app, parts):
    parts.is_down = True
    assert len(app.lambda_handler(letter("Audience", PART), None)["batchItemFailures"]) == 1


def test_it_is_wired_to_table_bucket_and_queues(monkeypatch):
    lanes = {name.lower(): [f"https://sqs/1/{name}", f"https://sqs/1/{name}-letters"] for name in LANE_NAMES}
    monkeypatch.setenv("LANE_QUEUES", json.dumps(lanes))
    monkeypatch.setenv("INSTALLATIONS_TABLE", "i")
    monkeypatch.setenv("DELIVERIES_TABLE", "t")
    monkeypatch.setenv("STATE_BUCKET", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    app = load("dead_letters")
    assert app.filing().keywords["queues"]["BRAZE-letters"] == "braze"
    assert app.runs().lanes["AUDIENCE-letters"] == "audience"
    assert set(app.replaying()[1].sender.queues) == {"event", "braze", "export", "audience"}
    lives = 60
    assert app.client("s3").meta.config.read_timeout < lives - app.WORKS.total_seconds()
