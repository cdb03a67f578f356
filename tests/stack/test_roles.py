"""IAM is enforced: a role can do its duty and nothing beside it."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.demo.stack import Stack
from local.emulator import Aws
from local.http_api import physical_ids
from local.settings import REGION


class Actor:
    """Clients that act under the role of one function."""

    def __init__(self, aws: Aws, url: str, function: str) -> None:
        deployed = aws.functions().get_function_configuration(FunctionName=physical_ids(aws)[function])
        made = aws.sts().assume_role(RoleArn=deployed["Role"], RoleSessionName="test")["Credentials"]
        self._session = boto3.Session(
            made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region_name=REGION
        )
        self._url = url

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._url)


def denied(call: Any, **request: Any) -> bool:
    with pytest.raises(ClientError) as raised:
        call(**request)
    return "AccessDenied" in raised.value.response["Error"]["Code"]


def test_the_collector_can_read_its_table_but_not_scan_it(aws: Aws, stack: Stack) -> None:
    table = stack.outputs["InstallationsTableName"]
    dynamodb = Actor(aws, stack.emulator_url, "CollectFunction").client("dynamodb")
    key = {"pk": {"S": "none"}, "sk": {"S": "none"}}
    assert "Item" not in dynamodb.get_item(TableName=table, Key=key)
    assert denied(dynamodb.scan, TableName=table)


def test_the_braze_worker_cannot_read_a_key_of_actioniq(aws: Aws, stack: Stack) -> None:
    secrets = Actor(aws, stack.emulator_url, "BrazeDeliveryFunction").client("secretsmanager")
    assert denied(secrets.get_secret_value, SecretId="/signal-bridge-local/actioniq/int_0")


def test_the_webhook_worker_cannot_read_a_key_of_another_integration(aws: Aws, stack: Stack) -> None:
    secrets = Actor(aws, stack.emulator_url, "WebhookDeliveryFunction").client("secretsmanager")
    for path in ("braze/int_0", "actioniq/int_0", "sources/src_0"):
        assert denied(secrets.get_secret_value, SecretId=f"/signal-bridge-local/{path}")


def test_a_worker_cannot_send_into_its_own_lane(aws: Aws, stack: Stack) -> None:
    sqs = Actor(aws, stack.emulator_url, "BrazeDeliveryFunction").client("sqs")
    assert denied(sqs.send_message, QueueUrl=stack.outputs["BrazeQueueUrl"], MessageBody="{}")


def test_the_synchroniser_cannot_write_a_snapshot(aws: Aws, stack: Stack) -> None:
    s3 = Actor(aws, stack.emulator_url, "AudienceSyncFunction").client("s3")
    assert denied(s3.put_object, Bucket=stack.outputs["StateBucketName"], Key="snapshots/x", Body=b"")


def test_the_planner_cannot_write_into_the_export_bucket(aws: Aws, stack: Stack) -> None:
    s3 = Actor(aws, stack.emulator_url, "AudiencePlanFunction").client("s3")
    assert denied(s3.put_object, Bucket=stack.outputs["ExportBucketName"], Key="exports/x", Body=b"")


def test_the_authorizer_reads_the_first_token_and_no_other_secret(aws: Aws, stack: Stack) -> None:
    secrets = Actor(aws, stack.emulator_url, "AuthorizerFunction").client("secretsmanager")
    found = secrets.get_secret_value(SecretId=stack.outputs["AdminTokenSecretArn"])
    assert found["SecretString"] == stack.admin_token
    assert denied(secrets.get_secret_value, SecretId="/signal-bridge-local/braze/int_0")
