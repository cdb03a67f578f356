"""What workers count: per lane and per installation, every item once, how late each delivery was."""

import json
from datetime import timedelta
from typing import Any

import pytest
from urllib3.exceptions import ReadTimeoutError

from bridge import telemetry
from bridge.flows.delivery.delivery_records import Result
from bridge.flows.runs.witness import Told
from mapping.outcome import Outcome
from mapping.run import Halt
from tests.unit.delivery.world import World, delivery, event, order, success
from tests.unit.operations.fakes import NOW, run
from tests.unit.plan.a_report import REPORT
from tests.unit.plan.world import World as Runs
from tests.unit.plan.world import row

Lines = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "signal-bridge-test")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SignalBridge")


def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def published(capsys: pytest.CaptureFixture[str], *results: Result) -> Lines:
    telemetry.Tally(list(results)).publish("braze")
    return lines(capsys)


def test_an_installation_has_one_line_under_its_lane_and_under_its_own_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    other = world.install("braze").model_copy(update={"id": "int_other"})
    world.installations.known["int_other"] = other
    sent = [event(f"m{number}") for number in range(3)]
    results = [
        world.receive(delivery(sent)),
        world.receive(delivery(sent[:2], to="int_other", delivery_id="dlv_" + "2" * 24)),
    ]
    first, second = published(capsys, *results)
    (told,) = first["_aws"]["CloudWatchMetrics"]
    assert told["Namespace"] == "SignalBridge"
    assert [sorted(one) for one in told["Dimensions"]] == [
        ["lane", "service"],
        ["integration_id", "lane", "service"],
    ]
    assert (first["service"], first["lane"]) == ("signal-bridge-test", "braze")
    assert [(one["integration_id"], one["ItemsDelivered"]) for one in (first, second)] == [
        (results[0].integration_id, [3.0]),
        ("int_other", [2.0]),
    ]


def test_an_item_is_counted_once_however_often_its_delivery_is_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    message = delivery([event("m1"), event("m2", userId="late")])

    def halved_and_half_away(body: Any) -> tuple[int, Any]:
        if len(body["events"]) == 2:
            return 413, {}
        return (503, {}) if body["events"][0]["external_id"] == "late" else success(body)

    world.vendor.answers = halved_and_half_away
    first = world.receive(message)
    world.clock.now += timedelta(minutes=5)
    world.vendor.answers = success
    second = world.receive(message)
    again = world.receive(message)
    assert (first.counts, second.counts) == ({"delivered": 1, "retry": 1}, {"delivered": 2})
    (line,) = published(capsys, first, second, again)
    assert (line["ItemsRetried"], line["ItemsDelivered"]) == ([1.0], [2.0])


def test_the_lag_is_the_oldest_items_since_its_own_time_and_since_it_was_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    at = world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    world.clock.now += timedelta(seconds=90)
    older = (world.now - timedelta(hours=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    items = [event("m1", receivedAt=at, timestamp=older), event("m2", receivedAt=at, timestamp=at)]
    (line,) = published(capsys, world.receive(delivery(items)))
    assert (line["EventLag"], line["AcceptedLag"]) == ([3_600_000.0], [90_000.0])


def test_the_columns_of_an_order_are_no_times_whatever_they_are_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    rows = [{"external_id": "u1", "timestamp": "at noon", "receivedAt": 7}, {"external_id": "u2"}]
    result = world.receive(order([]).model_copy(update={"items": rows}))
    (line,) = published(capsys, result)
    assert (result.status, line["ItemsDelivered"], line["AcceptedLag"]) == ("delivered", [2.0], [7_200_000.0])
    assert "EventLag" not in line


def test_what_is_tried_again_has_not_failed_yet_and_what_is_given_up_has() -> None:
    world = World()
    message = delivery([event("m1"), event("m2", userId="u2")])
    world.vendor.answers = lambda _: ReadTimeoutError(None, "", "silent")  # type: ignore[arg-type]
    results = [world.receive(message)]
    world.vendor.answers = lambda _: (503, {})
    while not world.letters.sent:
        world.clock.now += timedelta(hours=3)
        results.append(world.receive(message))
    told = [telemetry.Tally([one]).counts()[message.integration_id].get("failed", 0) for one in results]
    assert told == [0, 0, 0, 0, 2]


def test_what_was_not_delivered_has_no_lag(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.vendor.answers = lambda _: (401, {})
    (line,) = published(capsys, world.receive(delivery([event("m1")])))
    assert line["ItemsBlocked"] == [1.0]
    assert not {"EventLag", "AcceptedLag", "ItemsDelivered"} & set(line)


def test_a_receive_that_sent_nothing_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    message = delivery([event("m1")])
    world.pauses.pause(message.integration_id, world.now + timedelta(hours=1), "x", now=world.now)
    assert published(capsys, world.receive(message)) == []


def test_unforeseen_failures_are_counted_without_a_lane(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.Tally(failures=2).publish("braze")
    (line,) = lines(capsys)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert line["UnexpectedFailures"] == [2.0]


def test_a_part_of_a_run_counts_under_the_audience_lane_and_clears_the_health(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    outcomes = {Outcome.DELIVERED: 70, Outcome.REJECTED: 5, Outcome.RETRY: 0}
    told = Told(world.health, telemetry.publish_items, lambda: NOW + timedelta(minutes=2))
    told.ended(run("syncing", exported_at="2026-11-22T11:00:00.000Z"), outcomes)
    (line,) = lines(capsys)
    assert (line["lane"], line["integration_id"]) == ("audience", "int_1")
    assert (line["ItemsDelivered"], line["ItemsRejected"]) == ([70.0], [5.0])
    assert "ItemsRetried" not in line
    assert (line["EventLag"], line["AcceptedLag"]) == ([3_720_000.0], [120_000.0])
    assert world.health.notes == {"int_1": ("healthy", "", 0)}


def test_a_run_that_is_refused_is_a_strike_against_the_installation() -> None:
    world = World()
    told = Told(world.health, telemetry.publish_items, lambda: NOW)
    told.blocked(run("syncing"), Halt(status="blocked", reason="unauthorized", detail="no"))
    assert world.health.notes == {"int_1": ("refused", "unauthorized", 1)}


def test_a_run_that_ended_is_one_line_under_its_kind_and_its_installation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.publish_run(REPORT)
    (line,) = lines(capsys)
    (told,) = line["_aws"]["CloudWatchMetrics"]
    assert [sorted(one) for one in told["Dimensions"]] == [
        ["kind", "service"],
        ["integration_id", "kind", "service"],
    ]
    wanted = {
        "RunRowsPlanned": 24_000,
        "RunRowsSent": 24_000,
        "RunRowsAccepted": 23_990,
        "RunRowsRejected": 10,
        "RunRequests": 320,
        "RunDataPoints": 24_700,
        "RunSeconds": 60.0,
        "RunsDone": 1,
    }
    assert {name: line[name] for name in wanted} == {name: [value] for name, value in wanted.items()}
    assert {one["Name"] for one in told["Metrics"]} == set(wanted)


def test_a_run_is_told_once_when_its_last_status_stands() -> None:
    world = Runs()
    run_id = world.put("one", [row("u1", 1), row("u2", 2)])
    world.work(deliver_twice=True)
    assert [(one["id"], one["sent"]["accepted"]) for one in world.measured] == [(run_id, 2)]
    assert not world.steps.committing.end(world.run(run_id), "a worker that lost the run")
    assert len(world.measured) == 1
