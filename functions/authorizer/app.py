"""HTTP API authorizer: says whose admin token this is."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from bridge.flows.admin.authorizer import authorized
from bridge.settings.authorizer import AuthorizerSettings
from bridge.stores.secrets import BootstrapToken
from bridge.stores.tokens import Token, TokenStore


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@cache
def settings() -> AuthorizerSettings:
    """From the environment, once."""
    return AuthorizerSettings.load()


@cache
def token_store() -> TokenStore:
    """Built at the first call, kept while the worker lives."""
    provider = SecretsProvider(boto3_client=boto3.client("secretsmanager"))
    bootstrap = BootstrapToken(provider, settings().admin_token_secret)
    table = settings().installations_table
    return TokenStore(boto3.client("dynamodb"), table, now, bootstrap=bootstrap.value)


class Tokens:
    """Our own tokens."""

    def by_token(self, token: str) -> Token | None:
        return token_store().by_token(token)


class People:
    """JWTs of an identity provider: most stacks have none, so what checks them is imported at the first one."""

    def by_token(self, token: str) -> Any:
        return people().by_token(token) if settings().jwt_issuer else None


@cache
def people() -> Any:
    """What `People` asks; its keys are kept while the worker lives."""
    from bridge.clients import identity, published_keys  # noqa: PLC0415

    keys = published_keys.PublishedKeys(settings().jwt_issuer, now)
    return identity.People(keys, settings().jwt_audience, settings().jwt_role_claim)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Payload 2.0, simple response."""
    return authorized(event, Tokens(), People())
