"""The function from a tick to its metrics and mails, over tables as they are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.stores.runs import RunStore
from tests.unit.install.loading import event, load
from tests.unit.operations.fakes import run
from tests.unit.stores.admin_tables import (
    DELIVERIES,
    INSTALLATIONS,
    aws,
    deliveries_table,
    installations_table,
)

RUNS = "runs"


class Sns:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def publish(self, **mail: Any) -> None:
        self.sent.append(mail)


def runs_table(dynamodb: Any) -> None:
    names = ("pk", "sk", "feed", "at")
    feed = [{"AttributeName": "feed", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    dynamodb.create_table(
        TableName=RUNS,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {"IndexName": "feed", "KeySchema": feed, "Projection": {"ProjectionType": "ALL"}}
        ],
    )


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with aws() as client:
        made = client("dynamodb")
        installations_table(made)
        deliveries_table(made)
        runs_table(made)
        yield made


@pytest.fixture
def sns() -> Sns:
    return Sns()


@pytest.fixture
def app(dynamodb: Any, sns: Sns, monkeypatch: pytest.MonkeyPatch) -> Any:
    told = {"INSTALLATIONS_TABLE": INSTALLATIONS, "DELIVERIES_TABLE": DELIVERIES, "RUNS_TABLE": RUNS}
    told |= {"ALARM_TOPIC": "arn:aws:sns:eu-west-1:1:alarms", "API_URL": "https://api.example.com"}
    told |= {"POWERTOOLS_SERVICE_NAME": "test", "POWERTOOLS_METRICS_NAMESPACE": "SignalBridge"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    loaded = load("watch")
    clients = {"dynamodb": dynamodb, "sns": sns}
    monkeypatch.setattr(loaded.boto3, "client", clients.__getitem__)
    return loaded


def test_a_tick_counts_and_tells(
    app: Any, dynamodb: Any, sns: Sns, capsys: pytest.CaptureFixture[str]
) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    store = RunStore(dynamodb, RUNS, lambda: datetime.now(UTC))
    for number, status in enumerate(["waiting_approval", "syncing", "done", "waiting_approval", "stale"]):
        store.create(run(status, id=f"run_{number}", created_at=at))
    store.create(run(id="run_old", created_at="2026-01-01T00:00:00.000Z"))
    for _ in range(2):
        assert app.lambda_handler(event("watch.tick"), None)["RunsWaiting"] == 2
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert (line["RunsWaiting"], line["InstallationsBlocked"]) == ([2.0], [0.0])
    assert [mail["Subject"] for mail in sns.sent] == ["A run of audience a, split 1 waits for approval"] * 3


def test_a_subject_is_one_line_of_ascii_that_sns_takes(app: Any, sns: Sns) -> None:
    topic = app.lookout().topic
    topic.publish("Überlanger\nName " + "x" * 200, "text")
    (mail,) = sns.sent
    assert mail["Subject"].startswith("?berlanger Name xx")
    assert len(mail["Subject"]) == 100
