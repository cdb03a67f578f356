"""HTTP API authorizer: says whose admin token this is."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from bridge.flows.admin.authorizer import Tokens, authorized
from bridge.settings.authorizer import AuthorizerSettings
from bridge.stores.secrets import BootstrapToken
from bridge.stores.tokens import TokenStore


@cache
def tokens() -> Tokens:
    """Built at the first call, kept while the worker lives."""
    settings = AuthorizerSettings.load()
    provider = SecretsProvider(boto3_client=boto3.client("secretsmanager"))
    bootstrap = BootstrapToken(provider, settings.admin_token_secret)
    return TokenStore(
        boto3.client("dynamodb"),
        settings.installations_table,
        lambda: datetime.now(UTC),
        bootstrap=bootstrap.value,
    )


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Payload 2.0, simple response."""
    return authorized(event, tokens())
