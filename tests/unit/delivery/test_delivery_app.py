"""Both workers from the queue's event to the batch response, over the event files `sam local invoke` takes too."""

import importlib.util
import json
from pathlib import Path
from threading import Barrier
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from tests.unit.delivery.world import Vendor, World, delivery, event

ROOT = Path(__file__).parents[3]


class Context:
    function_name = "delivery"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:delivery"
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


def event_file(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return found


def worker(vendor: Vendor, world: World, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The function's module, with a worker over fakes in place of the one it would put together."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{uuid4()}")  # a logger of its own stdout
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SignalBridge")
    path = ROOT / "functions" / f"{vendor}_delivery" / "app.py"
    spec = importlib.util.spec_from_file_location(f"{vendor}_delivery_app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = world.worker()
    monkeypatch.setattr(module, "receiver", lambda: made)
    monkeypatch.setattr(module, "minutes", lambda: world.minutes)
    return module


def run(vendor: Vendor, world: World, monkeypatch: pytest.MonkeyPatch, records: dict[str, Any]) -> list[str]:
    answer = worker(vendor, world, monkeypatch).lambda_handler(records, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_events_reach_actioniq(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("actioniq")
    assert run("actioniq", world, monkeypatch, event_file("actioniq_delivery.events")) == []
    types = [record["record_type"] for record in world.bodies()[0]["records"]]
    assert types == ["custom_event", "user_profile", "page_view"]


def test_what_was_delivered_is_counted_in_its_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("actioniq")
    run("actioniq", world, monkeypatch, event_file("actioniq_delivery.events"))
    [counts] = world.minutes.added
    [mine] = counts.values()
    assert (mine["delivered"], mine.get("failed", 0)) == (3, 0)


def test_a_minute_that_cannot_be_counted_holds_up_no_delivery(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World("actioniq")
    world.minutes.refuses = True
    assert run("actioniq", world, monkeypatch, event_file("actioniq_delivery.events")) == []
    assert "minute not counted" in capsys.readouterr().out


def test_events_reach_a_webhook_as_they_were_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("webhook")
    assert run("webhook", world, monkeypatch, event_file("webhook_delivery.events")) == []
    batch = world.bodies()[0]["batch"]
    assert [item["type"] for item in batch] == ["track", "identify", "page"]
    assert batch[1]["traits"] == {"email": "pat@example.com", "plan": "gold"}
    assert not [item for item in batch if {"sourceKind", "integrations"} & set(item)]


@pytest.mark.parametrize("vendor", ["actioniq", "webhook"])
def test_a_malformed_message_does_not_hold_up_its_neighbour(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(vendor)
    assert run(vendor, world, monkeypatch, event_file(f"{vendor}_delivery.malformed_among_good")) == []
    assert len(world.bodies()) == 1
    assert [attributes["reason"] for _, attributes in world.letters.sent] == ["malformed_delivery"]


def test_events_and_profiles_reach_braze_and_pages_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    assert run("braze", world, monkeypatch, event_file("braze_delivery.events")) == []
    [body] = world.bodies()
    assert (len(body["events"]), len(body["attributes"])) == (1, 1)


def test_a_campaign_carries_other_columns_as_trigger_properties(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    assert run("braze", world, monkeypatch, event_file("braze_delivery.campaign")) == []
    assert world.bodies()[0]["recipients"][0] == {
        "external_user_id": "user-1",
        "trigger_properties": {"coupon": "SPRING10"},
    }


@pytest.mark.parametrize("case", ["campaign_expired", "unknown_installation"])
def test_what_may_not_go_out_is_recorded_and_acknowledged(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    assert run("braze", world, monkeypatch, event_file(f"braze_delivery.{case}")) == []
    assert (world.bodies(), world.letters.sent) == ([], [])


def test_a_message_that_waits_stays_in_the_queue_and_its_neighbours_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    down = {"u0"}
    world.vendor.answers = lambda body: (
        (500, {}) if body["events"][0]["external_id"] in down else (201, {"message": "success"})
    )
    records = event_file("braze_delivery.events")
    template = records["Records"][0]
    records["Records"] = [
        template
        | {
            "messageId": f"id-{number}",
            "receiptHandle": f"handle-{number}",
            "body": delivery(
                [event(f"m{number}", userId=f"u{number}")], delivery_id=f"dlv_{number:024x}"
            ).body(),
        }
        for number in range(3)
    ]
    assert run("braze", world, monkeypatch, records) == ["id-0"]
    assert world.queue.hidden == {"handle-0": 15.0}


def test_a_whole_batch_is_on_its_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is answered only when the last one has come."""
    world, together = World(), Barrier(20)

    def answer(_: object) -> tuple[int, object]:
        together.wait(5)
        return 201, {"message": "success"}

    world.vendor.answers = answer
    [first, *_] = event_file("braze_delivery.events")["Records"]
    bodies = [delivery([event(f"m{n}")], delivery_id=f"dlv_{n:024x}").body() for n in range(20)]
    records = [first | {"messageId": f"id-{n}", "body": body} for n, body in enumerate(bodies)]
    assert run("braze", world, monkeypatch, {"Records": records}) == []
    assert len(world.bodies()) == 20


def test_an_unexpected_failure_is_logged_by_type_and_place_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()

    def broken(_: object) -> tuple[int, Any]:
        raise RuntimeError("pat@example.com")

    world.vendor.answers = broken
    assert len(run("braze", world, monkeypatch, event_file("braze_delivery.events"))) == 1
    out = capsys.readouterr().out
    assert '"error_type":"RuntimeError"' in out
    assert "pat@example.com" not in out


def test_logs_name_ids_and_counts_and_neither_bodies_nor_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("braze", World(), monkeypatch, event_file("braze_delivery.events"))
    out = capsys.readouterr().out
    assert '"delivery_id":"dlv_0000000000000000000000b1"' in out
    for secret in ("pat@example.com", "brz_key", "user-1", "rest.iad-01"):
        assert secret not in out


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (201, {"message": "success", "errors": [{"type": "pat@example.com is odd", "index": 0}]}),
        (400, {"message": "pat@example.com of user-1 with brz_key"}),
        (401, {"message": "brz_key is not ours, pat@example.com"}),
        (429, {"message": "pat@example.com"}),
        (500, {"message": "pat@example.com"}),
    ],
)
def test_what_a_vendor_says_reaches_neither_logs_nor_metrics(
    status: int, answer: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    world.vendor.answers = lambda _: (status, answer)
    run("braze", world, monkeypatch, event_file("braze_delivery.events"))
    out = capsys.readouterr().out
    assert '"CloudWatchMetrics"' in out
    for secret in ("pat@example.com", "brz_key", "user-1", "rest.iad-01"):
        assert secret not in out


@pytest.mark.parametrize("vendor", ["actioniq", "braze", "webhook"])
def test_a_worker_is_put_together_from_its_environment(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["STACK_NAME", "INSTALLATIONS_TABLE", "DELIVERIES_TABLE", "STATE_BUCKET"]
    names += ["QUEUE_URL", "DEAD_LETTER_QUEUE_URL"]
    monkeypatch.setenv("LANE_WORKERS", "10")
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    for name, value in {**dict.fromkeys(names, "https://example.com/q"), **keys}.items():
        monkeypatch.setenv(name, value)
    path = ROOT / "functions" / f"{vendor}_delivery" / "app.py"
    spec = importlib.util.spec_from_file_location(f"{vendor}_whole", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.receiver().deliverer.lane.catalog_key == vendor
