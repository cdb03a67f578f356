"""What keeps a message from being lost, checked over the transformed template."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.template.lanes import INTEGRATIONS, LANES

Resources = dict[str, dict[str, Any]]
DAYS = 24 * 60 * 60
PATIENT = ("ExportQueue", "AudienceQueue")
"""What waits there for a person, another run or a limit is given up by its worker before 14 days are over."""


def of_type(resources: Resources, kind: str) -> Resources:
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def mappings(resources: Resources) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Queue, function and properties of each event source mapping."""
    for mapping in of_type(resources, "AWS::Lambda::EventSourceMapping").values():
        yield mapping["EventSourceArn"]["Fn::GetAtt"][0], mapping["FunctionName"]["Ref"], mapping


def test_every_queue_has_a_dead_letter_queue_that_keeps_what_comes_as_long_as_it_can(
    resources: Resources,
) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    sources = {name: queue for name, queue in queues.items() if not name.endswith("DeadLetterQueue")}
    assert sorted(sources) == sorted(f"{lane}Queue" for lane in LANES.values())
    for name, queue in sources.items():
        letters = name.replace("Queue", "DeadLetterQueue")
        assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"] == [letters, "Arn"]
        assert queue["MessageRetentionPeriod"] == (14 if name in PATIENT else 4) * DAYS
        assert queues[letters]["MessageRetentionPeriod"] == 14 * DAYS


def test_the_receive_count_is_only_a_net(resources: Resources) -> None:
    for name, queue in of_type(resources, "AWS::SQS::Queue").items():
        if not name.endswith("DeadLetterQueue"):
            most = 500 if name == "EventQueue" else 1000
            assert queue["RedrivePolicy"]["maxReceiveCount"] == most


def test_events_that_keep_failing_are_dead_letters_long_before_their_queue_forgets_them(
    resources: Resources,
) -> None:
    queue = of_type(resources, "AWS::SQS::Queue")["EventQueue"]
    seconds = queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert seconds < queue["MessageRetentionPeriod"] * 0.75


def test_every_queue_is_encrypted(resources: Resources) -> None:
    assert all(
        queue["SqsManagedSseEnabled"] is True for queue in of_type(resources, "AWS::SQS::Queue").values()
    )


def test_every_queue_refuses_plain_http(resources: Resources) -> None:
    guarded = set()
    for policy in of_type(resources, "AWS::SQS::QueuePolicy").values():
        statements = [
            one["Fn::If"][1] if "Fn::If" in one else one for one in policy["PolicyDocument"]["Statement"]
        ]
        assert any(
            one["Effect"] == "Deny" and "aws:SecureTransport" in str(one["Condition"]) for one in statements
        )
        guarded |= {queue["Ref"] for queue in policy["Queues"]}
    assert guarded == set(of_type(resources, "AWS::SQS::Queue"))


def test_no_queue_has_two_policies_of_which_one_would_win(resources: Resources) -> None:
    policies = of_type(resources, "AWS::SQS::QueuePolicy").values()
    queues = [queue["Ref"] for policy in policies for queue in policy["Queues"]]
    assert len(queues) == len(set(queues))


def test_every_queue_has_a_reader(resources: Resources) -> None:
    assert {queue for queue, _, _ in mappings(resources)} == set(of_type(resources, "AWS::SQS::Queue"))


def test_every_reader_reports_the_items_that_failed_alone(resources: Resources) -> None:
    assert all(
        found["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for _, _, found in mappings(resources)
    )


def test_every_reader_has_a_ceiling_and_no_pollers_of_its_own(resources: Resources) -> None:
    for _, _, mapping in mappings(resources):
        assert "Ref" in mapping["ScalingConfig"]["MaximumConcurrency"]
        assert "ProvisionedPollerConfig" not in mapping


@pytest.mark.parametrize("lane", INTEGRATIONS.values())
def test_a_delivery_worker_knows_how_many_of_its_kind_there_may_be(resources: Resources, lane: str) -> None:
    functions = of_type(resources, "AWS::Lambda::Function")
    for queue, function, mapping in mappings(resources):
        if queue == f"{lane}Queue":
            told = functions[function]["Environment"]["Variables"]["LANE_WORKERS"]
            assert told == mapping["ScalingConfig"]["MaximumConcurrency"]


def test_nothing_is_filtered_away_unseen(resources: Resources) -> None:
    assert all("FilterCriteria" not in mapping for _, _, mapping in mappings(resources))


@pytest.mark.parametrize("lane", ["Event", *INTEGRATIONS.values()])
def test_a_lane_hides_a_message_six_times_as_long_as_its_worker_may_take(
    resources: Resources, lane: str
) -> None:
    queues, functions = of_type(resources, "AWS::SQS::Queue"), of_type(resources, "AWS::Lambda::Function")
    for queue, function, _ in mappings(resources):
        if queue == f"{lane}Queue":
            assert queues[queue]["VisibilityTimeout"] >= 6 * functions[function]["Timeout"]


def test_no_queue_shows_a_message_again_while_its_worker_may_still_run(resources: Resources) -> None:
    queues, functions = of_type(resources, "AWS::SQS::Queue"), of_type(resources, "AWS::Lambda::Function")
    for queue, function, _ in mappings(resources):
        assert queues[queue]["VisibilityTimeout"] >= functions[function]["Timeout"]


def test_plans_come_one_at_a_time_and_parts_as_many_as_a_worker_sends_side_by_side(
    resources: Resources,
) -> None:
    sizes = {queue: mapping["BatchSize"] for queue, _, mapping in mappings(resources)}
    assert (sizes["ExportQueue"], sizes["AudienceQueue"]) == (1, 10)
