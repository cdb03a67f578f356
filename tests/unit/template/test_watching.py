"""What is watched, who is told and what they can read, checked over the transformed template."""

import ast
import json
import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bridge import telemetry
from bridge.flows.admin import lookout
from bridge.flows.erase import job
from bridge.settings import Settings
from local.invoke import FUNCTIONS
from tests.unit.template.lanes import LANES
from tests.unit.template.test_queues import Resources, of_type

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs" / "runbooks"
GAUGES = {"InstallationsBlocked", "InstallationsDegraded", "RunsWaiting"}
OURS = GAUGES | {"UnexpectedFailures"} | set(telemetry._OUTCOMES.values()) | set(telemetry._MEASURES)
BY_LAMBDA = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}
BY_LIBRARIES = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL", "AWS_ENDPOINT_URL"}


def alarms(resources: Resources) -> Resources:
    return of_type(resources, "AWS::CloudWatch::Alarm")


def page(alarm: dict[str, Any]) -> str:
    return alarm["AlarmDescription"].partition("Runbook: docs/runbooks/")[2]


@pytest.mark.parametrize("lane", LANES.values())
def test_every_queue_rings_when_it_is_late_and_every_dead_letter_rings(
    resources: Resources, lane: str
) -> None:
    late, dead = (alarms(resources)[f"{lane}{kind}Alarm"] for kind in ("QueueAge", "DeadLetters"))
    assert late["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert late["Dimensions"][0]["Value"]["Fn::GetAtt"] == [f"{lane}Queue", "QueueName"]
    assert dead["Dimensions"][0]["Value"]["Fn::GetAtt"] == [f"{lane}DeadLetterQueue", "QueueName"]
    # A letter is gone from its queue within seconds, so that what is still there would count none of them.
    assert (dead["MetricName"], dead["Statistic"], dead["Threshold"]) == (
        "NumberOfMessagesReceived",
        "Sum",
        0,
    )


@pytest.mark.parametrize("function", FUNCTIONS.values())
def test_every_function_rings_when_it_fails_or_is_throttled(resources: Resources, function: str) -> None:
    for metric in ("Errors", "Throttles"):
        alarm = alarms(resources)[function.replace("Function", f"{metric}Alarm")]
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", metric)
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]


def test_blocked_installations_waiting_runs_and_a_failing_api_ring(resources: Resources) -> None:
    found = alarms(resources)
    assert found["InstallationBlockedAlarm"]["MetricName"] == "InstallationsBlocked"
    # No word from the watch for five minutes is as good a reason to look.
    assert found["InstallationBlockedAlarm"]["TreatMissingData"] == "breaching"
    assert found["RunWaitingAlarm"]["MetricName"] == "RunsWaiting"
    assert (found["ApiFailuresAlarm"]["Namespace"], found["ApiFailuresAlarm"]["MetricName"]) == (
        "AWS/ApiGateway",
        "5xx",
    )


def test_every_alarm_tells_the_topic_and_names_its_runbook(resources: Resources) -> None:
    for name, alarm in alarms(resources).items():
        told = [{"Ref": "AlarmTopic"}]
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (told, told), name
        assert alarm["TreatMissingData"] in {"breaching", "notBreaching"}, name
        assert (PAGES / page(alarm)).is_file(), name


def test_every_runbook_belongs_to_an_alarm_and_is_listed(resources: Resources) -> None:
    pages = {path.name for path in PAGES.glob("*.md")} - {"README.md"}
    assert {page(alarm) for alarm in alarms(resources).values()} == pages
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (PAGES / "README.md").read_text(encoding="utf-8"))
    assert set(listed) == pages


def test_a_runbook_says_what_it_means_how_to_look_and_what_to_do() -> None:
    for path in PAGES.glob("*.md"):
        if path.name != "README.md":
            text = path.read_text(encoding="utf-8")
            assert text.index("**What it means.**") < text.index("## Look") < text.index("## Do"), path.name


def test_a_waiting_run_is_counted_as_long_as_its_message_lies_in_the_queue(resources: Resources) -> None:
    """Else its alarm would say that all is well while it still waits."""
    kept = resources["ExportQueue"]["Properties"]["MessageRetentionPeriod"]
    assert lookout.LOOKS_BACK.total_seconds() >= kept
    assert f"rings for {lookout.LOOKS_BACK.days} days" in (PAGES / "run-waiting.md").read_text(
        encoding="utf-8"
    )


def test_the_runbooks_say_how_long_a_queue_keeps_its_messages(resources: Resources) -> None:
    days = {
        name: queue["MessageRetentionPeriod"] // (24 * 60 * 60)
        for name, queue in of_type(resources, "AWS::SQS::Queue").items()
        if not name.endswith("DeadLetterQueue")
    }
    assert {name for name, kept in days.items() if kept != 4} == {"ExportQueue", "AudienceQueue"}
    longest = max(days.values())
    page = (PAGES / "queue-age.md").read_text(encoding="utf-8")
    assert f"stays for four days, one of the export and audience queues for {longest}" in page
    assert any(f"waiting in a queue ({longest} days at most)" in said for said in job.LEFT)


def test_what_lambda_says_of_a_call_that_ran_out_of_time_is_logged_and_looked_for(
    resources: Resources,
) -> None:
    """It is no line of level ERROR, and Lambda writes it at WARN when the call did not end well."""
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert function["LoggingConfig"]["SystemLogLevel"] == "WARN"
    page = (PAGES / "function-errors.md").read_text(encoding="utf-8")
    assert '($.level = "ERROR") || ($.type = "platform.report")' in page


def test_alarms_of_our_own_metrics_ask_for_what_is_published(resources: Resources) -> None:
    own = [one for one in alarms(resources).values() if one.get("Namespace") == "SignalBridge"]
    assert {one["MetricName"] for one in own} <= OURS
    stack = [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
    assert all(one["Dimensions"] == stack for one in own)


def test_the_topic_is_encrypted_with_a_key_that_alarms_may_use(resources: Resources) -> None:
    assert resources["AlarmTopic"]["Properties"]["KmsMasterKeyId"] == {"Ref": "AlarmKey"}
    key = resources["AlarmKey"]["Properties"]
    assert key["EnableKeyRotation"] is True
    users = {str(one["Principal"]): one["Action"] for one in key["KeyPolicy"]["Statement"]}
    assert users["{'Service': 'cloudwatch.amazonaws.com'}"] == ["kms:Decrypt", "kms:GenerateDataKey"]


@pytest.fixture(scope="session")
def dashboard(source: dict[str, Any]) -> list[dict[str, Any]]:
    body = source["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def test_the_dashboard_answers_four_questions(dashboard: list[dict[str, Any]]) -> None:
    headings = [one["properties"]["markdown"] for one in dashboard if one["type"] == "text"]
    assert headings == ["## Is data flowing", "## To whom", "## How late", "## How much failed"]


def test_the_dashboard_shows_every_queue_every_function_and_every_metric_of_ours(
    dashboard: list[dict[str, Any]],
) -> None:
    shown = json.dumps(dashboard)
    for lane in LANES.values():
        for metric, queue in (
            ("ApproximateAgeOfOldestMessage", "Queue"),
            ("NumberOfMessagesReceived", "DeadLetterQueue"),
        ):
            assert f'"{metric}", "QueueName", "${{{lane}{queue}.QueueName}}"' in shown
    for function in FUNCTIONS.values():
        assert f'"Errors", "FunctionName", "${{{function}}}"' in shown
    named = {*re.findall(r'MetricName=\\"(\w+)', shown), *re.findall(r'"SignalBridge", "(\w+)"', shown)}
    assert named <= OURS
    assert OURS - named == {"ItemsFiltered", "UnexpectedFailures"}


def test_widgets_stand_side_by_side_and_hold_different_series(dashboard: list[dict[str, Any]]) -> None:
    taken = [
        (x, y)
        for one in dashboard
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23
    for one in dashboard:
        ids = [metric[-1]["id"] for metric in one["properties"].get("metrics", []) if "id" in metric[-1]]
        assert len(ids) == len(set(ids))


def read_by(folder: str) -> set[str]:
    """The variables that the settings named in a function's app.py read."""
    tree = ast.parse((ROOT / "functions" / folder / "app.py").read_text(encoding="utf-8"))
    imports = [
        (node.module, name.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bridge.settings.")
        for name in node.names
    ]
    classes = [getattr(import_module(module), name) for module, name in imports]
    read = [one for one in classes if isinstance(one, type) and issubclass(one, Settings)]
    return {field.name.upper() for one in read for field in fields(one)}


def declared(source: dict[str, Any], name: str) -> set[str]:
    return set(source["Resources"][name]["Properties"].get("Environment", {}).get("Variables", {}))


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_is_given_exactly_what_it_reads(source: dict[str, Any], folder: str) -> None:
    shared = set(source["Globals"]["Function"]["Environment"]["Variables"])
    own, read = declared(source, FUNCTIONS[folder]), read_by(folder)
    assert own <= read
    assert read - own - shared - BY_LAMBDA <= optional(folder)


def optional(folder: str) -> set[str]:
    """What is read with a default that a stack need not set."""
    return {
        "audience_sync": {"REQUESTS_IN_FLIGHT", "LEASE_SECONDS", "LONGEST_RETRY_SECONDS"},
        "audience_plan": {"APPROVAL_HIDE_SECONDS", "LEASE_HIDE_SECONDS", "LEASE_SECONDS"},
        "actioniq_delivery": {"LONGEST_RETRY_SECONDS"},
        "braze_delivery": {"LONGEST_RETRY_SECONDS"},
        "webhook_delivery": {"LONGEST_RETRY_SECONDS"},
    }.get(folder, set())


def test_what_all_functions_are_given_is_read_by_one_or_by_a_library(source: dict[str, Any]) -> None:
    shared = set(source["Globals"]["Function"]["Environment"]["Variables"])
    assert shared - BY_LIBRARIES <= set().union(*map(read_by, FUNCTIONS))


def test_nothing_of_an_emulator_is_in_the_template() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8").lower()
    assert not [word for word in ("ministack", "localstack", "localhost", "127.0.0.1") if word in text]


def test_every_free_text_of_a_parameter_has_a_pattern_that_takes_its_default(source: dict[str, Any]) -> None:
    for name, parameter in source["Parameters"].items():
        if parameter["Type"] == "String" and "AllowedValues" not in parameter:
            assert re.fullmatch(parameter["AllowedPattern"], parameter["Default"]), name
            assert parameter["ConstraintDescription"], name
