"""Secrets Manager: one entry per installation, which comes back when it is installed again."""

from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.exceptions import ClientError

from bridge.errors import Blocked, Retryable
from bridge.stores.secrets import BootstrapToken, SecretStore
from tests.unit.stores.admin_tables import aws


@pytest.fixture
def client() -> Iterator[Any]:
    with aws() as make:
        yield make("secretsmanager")


@pytest.fixture
def store(client) -> SecretStore:
    return SecretStore(SecretsProvider(boto3_client=client), "stack")


def test_a_secret_is_named_after_stack_vendor_and_installation(store, client):
    store.put("braze", "int_1", {"rest_api_key": "k"})
    assert client.get_secret_value(SecretId="/stack/braze/int_1")["SecretString"] == '{"rest_api_key": "k"}'


def test_what_was_put_is_read_at_once(store):
    store.put("braze", "int_1", {"rest_api_key": "old"})
    assert store.get("braze", "int_1") == {"rest_api_key": "old"}
    store.put("braze", "int_1", {"rest_api_key": "new"})
    assert store.get("braze", "int_1") == {"rest_api_key": "new"}


def test_a_change_made_elsewhere_is_seen_by_a_fresh_read(store, client):
    store.put("braze", "int_1", {"rest_api_key": "old"})
    store.get("braze", "int_1")
    client.put_secret_value(SecretId="/stack/braze/int_1", SecretString='{"rest_api_key": "new"}')
    assert store.get("braze", "int_1") == {"rest_api_key": "old"}
    assert store.get("braze", "int_1", fresh=True) == {"rest_api_key": "new"}


def test_a_missing_secret_blocks(store):
    with pytest.raises(Blocked, match="secret_missing"):
        store.get("braze", "int_1")


def test_a_deleted_secret_blocks_and_can_be_put_again(store):
    store.put("braze", "int_1", {"rest_api_key": "k"})
    store.delete("braze", "int_1")
    with pytest.raises(Blocked, match="secret_missing"):
        store.get("braze", "int_1")
    store.put("braze", "int_1", {"rest_api_key": "again"})
    assert store.get("braze", "int_1") == {"rest_api_key": "again"}


def test_deleting_keeps_a_recovery_window_of_seven_days(store, client):
    store.put("braze", "int_1", {"rest_api_key": "k"})
    store.delete("braze", "int_1")
    client.restore_secret(SecretId="/stack/braze/int_1")


def test_what_was_never_used_goes_for_good(store, client):
    store.put("braze", "int_1", {"rest_api_key": "k"})
    store.delete("braze", "int_1", recoverable=False)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        client.describe_secret(SecretId="/stack/braze/int_1")


def test_deleting_what_is_not_there_is_fine(store):
    store.delete("braze", "int_1")


@pytest.mark.parametrize("text", ["not json", "[]"])
def test_a_malformed_secret_blocks_without_showing_it(store, client, text):
    client.create_secret(Name="/stack/braze/int_1", SecretString=text)
    with pytest.raises(Blocked, match=r"^secret_malformed: /stack/braze/int_1 is not a JSON object$"):
        store.get("braze", "int_1")


def test_an_outage_is_worth_a_retry(store, client, monkeypatch):
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "InternalServiceError"}}, "GetSecretValue")

    monkeypatch.setattr(client, "get_secret_value", refuse)
    with pytest.raises(Retryable, match="secrets_unavailable"):
        store.get("braze", "int_1")


def test_the_bootstrap_token_is_read_by_its_arn(client):
    arn = client.create_secret(Name="admin", SecretString="the-token")["ARN"]
    assert BootstrapToken(SecretsProvider(boto3_client=client), arn).value() == "the-token"


def test_an_unreadable_bootstrap_token_lets_nobody_in(client):
    with pytest.raises(Retryable):
        BootstrapToken(SecretsProvider(boto3_client=client), "arn:nothing").value()
