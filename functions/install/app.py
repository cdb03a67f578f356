"""The managing half of the admin API: catalog, installations, sources, tokens, audit log."""

import secrets as randomness
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from bridge.admin_router import AdminRouter
from bridge.clients.hosts import AllowedHosts
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.install import Installing
from bridge.flows.admin.installations import Installed
from bridge.flows.admin.managing import Managing
from bridge.flows.admin.permissions import Permissions
from bridge.flows.admin.sources_admin import SourcesAdmin
from bridge.flows.admin.tokens_admin import TokensAdmin
from bridge.settings.install import InstallSettings
from bridge.stores.audit import AuditStore
from bridge.stores.idempotency import OnceStore
from bridge.stores.installations import InstallationStore
from bridge.stores.secrets import SecretStore
from bridge.stores.sources import SourceStore
from bridge.stores.tokens import TokenStore


def now() -> datetime:
    """Of this moment, in UTC."""
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Such as `int_` and 24 hex digits."""
    return f"{prefix}_{randomness.token_hex(12)}"


def permissions(settings: InstallSettings) -> Permissions:
    """`requests` is slow to import and only this one call needs it, so it waits until then."""

    @cache
    def transport(catalog_key: str) -> Any:
        from bridge.clients.transport import Timeouts, Transport  # noqa: PLC0415

        hosts = AllowedHosts.of(settings.extra_allowed_hosts, catalog_key)
        return Transport(hosts, timeouts=Timeouts(3.05, 5.0, 8.0))

    def braze() -> Any:
        from bridge.clients.braze import BrazeClient  # noqa: PLC0415

        return BrazeClient(transport("braze"), now)

    def actioniq() -> Any:
        from bridge.clients.actioniq import ActionIqClient  # noqa: PLC0415

        return ActionIqClient(transport("actioniq"), now)

    def prober(catalog_key: str) -> Any:
        return import_module(f"bridge.clients.{catalog_key}").Client(transport(catalog_key), now)

    return Permissions(braze, actioniq, settings.actioniq_base_url, prober)


@cache
def managing() -> Managing:
    """Everything put together, at the first call; kept while the worker lives."""
    settings = InstallSettings.load()
    dynamodb, table = boto3.client("dynamodb"), settings.installations_table
    installations = InstallationStore(dynamodb, table)
    provider = SecretsProvider(boto3_client=boto3.client("secretsmanager"))
    secrets = SecretStore(provider, settings.stack_name)
    sources = SourceStore(dynamodb, table, now)

    def check_url(catalog_key: str, url: str) -> object:
        return AllowedHosts.of(settings.extra_allowed_hosts, catalog_key).check(url)

    audit = Audit(AuditStore(dynamodb, table, now), now, new_id)
    probe = permissions(settings).check
    once = OnceStore(dynamodb, table, "install")
    return Managing(
        installing=Installing(installations, secrets, sources, check_url, audit, once, probe, now, new_id),
        installed=Installed(installations, secrets, sources, check_url, probe, audit, now, new_id),
        sources=SourcesAdmin(sources, secrets, audit, lambda: randomness.token_hex(32)),
        tokens=TokensAdmin(TokenStore(dynamodb, table, now), audit, now),
        audit=audit,
    )


@cache
def router() -> AdminRouter:
    """The routes, made once a worker."""
    return AdminRouter(managing().routes(), Logger())


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """HTTP API, payload 2.0."""
    return router()(event, context)
