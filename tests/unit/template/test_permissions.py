"""Least privilege, checked over the transformed template."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.invoke import FUNCTIONS
from tests.unit.template.lanes import INTEGRATIONS, LANES
from tests.unit.template.test_queues import Resources, of_type

WILDCARDS = {
    "s3": "prefixes of a bucket of this stack",
    "secretsmanager": "secrets under a path of this stack; Secrets Manager appends six letters of its own",
}
"""Services whose resources may end in a wildcard, and why; no action ever may."""


def statements(resources: Resources) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role["Policies"]:
            yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])
    for policy in of_type(resources, "AWS::IAM::Policy").values():
        for role in policy["Roles"]:
            yield from ((role["Ref"], statement) for statement in policy["PolicyDocument"]["Statement"])


def several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(resource: Any) -> str:
    return resource if isinstance(resource, str) else str(next(iter(resource.values())))


def may(resources: Resources, role: str, action: str) -> list[str]:
    return [
        text(resource)
        for name, statement in statements(resources)
        if name == role and action in several(statement["Action"])
        for resource in several(statement["Resource"])
    ]


def test_each_function_has_a_role_of_its_own(resources: Resources) -> None:
    functions = of_type(resources, "AWS::Lambda::Function")
    assert set(functions) == set(FUNCTIONS.values())
    assert [functions[name]["Role"]["Fn::GetAtt"][0] for name in functions] == [
        name.replace("Function", "Role") for name in functions
    ]


def test_no_action_is_a_wildcard(resources: Resources) -> None:
    assert not [
        action for _, one in statements(resources) for action in several(one["Action"]) if "*" in action
    ]


def test_a_resource_is_a_wildcard_only_where_there_is_a_reason(resources: Resources) -> None:
    for role, statement in statements(resources):
        services = {action.partition(":")[0] for action in several(statement["Action"])}
        for resource in several(statement["Resource"]):
            if "*" in text(resource):
                assert services <= set(WILDCARDS), (role, resource)
                assert not text(resource).startswith("*"), (role, resource)


def test_no_managed_policy_brings_wildcards_in_by_the_back_door(resources: Resources) -> None:
    for role in of_type(resources, "AWS::IAM::Role").values():
        condition, tracing, otherwise = role["ManagedPolicyArns"]["Fn::If"]
        assert condition == "Traced"
        assert "AWSXRayDaemonWriteAccess" in str(tracing)
        assert otherwise == {"Ref": "AWS::NoValue"}


def test_a_vendors_worker_reads_only_that_vendors_keys(resources: Resources) -> None:
    read = "secretsmanager:GetSecretValue"
    workers = {f"{lane}DeliveryRole": key for key, lane in INTEGRATIONS.items()}
    suffix = {
        role: [path.rpartition("${AWS::StackName}")[2] for path in may(resources, role, read)]
        for role in (*workers, "AudiencePlanRole", "AudienceSyncRole", "CollectRole")
    }
    assert suffix == {
        **{role: [f"/{key}/*"] for role, key in workers.items()},
        "AudiencePlanRole": ["/braze/*"],
        "AudienceSyncRole": ["/braze/*"],
        "CollectRole": ["/sources/*", "['AdminTokenSecret', 'Id']"],
    }
    for role in ("IngestRole", "OperationsRole", "DeadLetterRole"):
        assert may(resources, role, read) == []


def test_the_authorizer_reads_one_secret_and_one_table(resources: Resources) -> None:
    assert may(resources, "AuthorizerRole", "secretsmanager:GetSecretValue") == ["['AdminTokenSecret', 'Id']"]
    assert may(resources, "AuthorizerRole", "dynamodb:GetItem") == ["['InstallationsTable', 'Arn']"]
    assert may(resources, "AuthorizerRole", "dynamodb:PutItem") == []


def test_only_the_planner_reads_exports(resources: Resources) -> None:
    readers = {
        role
        for role, statement in statements(resources)
        if "s3:GetObject" in several(statement["Action"])
        and any("ExportBucket" in text(resource) for resource in several(statement["Resource"]))
    }
    assert readers == {"AudiencePlanRole"}


@pytest.mark.parametrize("lane", INTEGRATIONS.values())
def test_ingest_feeds_each_lane_and_letters_are_replayed_and_activations_go_to_braze(
    resources: Resources, lane: str
) -> None:
    activations = {"CollectRole"} if lane == "Braze" else set()
    assert who_may(resources, "sqs:SendMessage", f"{lane}Queue") == {
        "IngestRole",
        "OperationsRole",
        "DeadLetterRole",
        *activations,
    }


@pytest.mark.parametrize("lane", LANES.values())
def test_every_lane_is_counted_replayed_and_its_letters_are_filed(resources: Resources, lane: str) -> None:
    for queue in (f"{lane}Queue", f"{lane}DeadLetterQueue"):
        assert "OperationsRole" in who_may(resources, "sqs:GetQueueAttributes", queue)
    assert "OperationsRole" in who_may(resources, "sqs:SendMessage", f"{lane}Queue")
    assert who_may(resources, "sqs:ReceiveMessage", f"{lane}DeadLetterQueue") == {"DeadLetterRole"}


def who_may(resources: Resources, action: str, queue: str) -> set[str]:
    roles = {role for role, _ in statements(resources)}
    return {role for role in roles if f"['{queue}', 'Arn']" in may(resources, role, action)}


def test_the_bucket_alone_may_notify_the_export_queue(resources: Resources) -> None:
    policy = resources["ExportQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert policy["Principal"] == {"Service": "s3.amazonaws.com"}
    assert policy["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    named = policy["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    bucket = resources["ExportBucket"]["Properties"]["BucketName"]["Fn::Sub"]
    assert named == [f"arn:${{AWS::Partition}}:s3:::{bucket[0]}", bucket[1]]


def test_who_uploads_in_pieces_may_take_back_those_of_an_upload_that_failed(resources: Resources) -> None:
    """boto3 sends what is larger than 8 MB in pieces; without this they lie there, paid for, until they expire."""
    put, undo = (
        set(may(resources, "AudiencePlanRole", action))
        for action in ("s3:PutObject", "s3:AbortMultipartUpload")
    )
    assert put == undo


def test_whoever_holds_what_got_no_answer_may_write_it_to_the_letters_of_braze(resources: Resources) -> None:
    letters = who_may(resources, "sqs:SendMessage", "BrazeDeadLetterQueue")
    assert letters == {"BrazeDeliveryRole", "AudienceSyncRole"}
