"""Batch permissions on the emulator, which asks for `sqs:SendMessageBatch` where AWS asks for `sqs:SendMessage`.

AWS knows no such action, so a template cannot grant it; each role gets it here beside the one it was granted.
"""

import json
from typing import TYPE_CHECKING, Any, cast

from local.settings import STACK_NAME

if TYPE_CHECKING:
    from local.emulator import Aws

BATCHES = {
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
}


def batched(policy: dict[str, Any]) -> dict[str, Any]:
    """Return the policy with the batch form of each SQS action that it allows."""
    return policy | {"Statement": [_statement(statement) for statement in policy["Statement"]]}


def grant_batches(aws: "Aws") -> None:
    """Let each role of the stack send, delete and hide in batches what it may send, delete and hide."""
    client = aws.iam()
    pages = aws.cloudformation().get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    roles = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == "AWS::IAM::Role"]
    for role in roles:
        for name in client.list_role_policies(RoleName=role)["PolicyNames"]:
            # botocore has read the document already, whatever its type says.
            found = client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            policy = json.dumps(batched(cast("dict[str, Any]", found)))
            client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)


def _statement(statement: dict[str, Any]) -> dict[str, Any]:
    granted = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    added = [BATCHES[action] for action in granted if action in BATCHES]
    return statement | {"Action": list(dict.fromkeys([*granted, *added]))}
