"""The managing half of the admin API: catalog, installations, sources, tokens, audit log."""

import logging
import secrets as randomness
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

import boto3
from botocore.config import Config

from bridge.admin_router import AdminRouter
from bridge.clients.hosts import AllowedHosts
from bridge.flows.admin.audit import Audit
from bridge.flows.admin.install import Installing
from bridge.flows.admin.installations import Installed
from bridge.flows.admin.key_test import KeyTest
from bridge.flows.admin.managing import Managing
from bridge.flows.admin.sources_admin import SourcesAdmin
from bridge.flows.admin.tokens_admin import TokensAdmin
from bridge.settings.install import InstallSettings
from bridge.stores.audit import AuditStore
from bridge.stores.health import HealthStore
from bridge.stores.installations import InstallationStore
from bridge.stores.sources import SourceStore
from bridge.stores.tokens import TokenStore
from mapping.installation import Installation

# The gateway gives up after 30 s: an answer in time beats one more attempt.
AWS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


def now() -> datetime:
    """Of this moment, in UTC."""
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Such as `int_` and 24 hex digits."""
    return f"{prefix}_{randomness.token_hex(12)}"


@cache
def settings() -> InstallSettings:
    """From the environment, once."""
    return InstallSettings.load()


@cache
def client(service: str) -> Any:
    """One client per service and environment."""
    return boto3.client(service, config=AWS)  # type: ignore[call-overload]


class Keys:
    """The vendors' keys; Powertools' parameters are slow to import and most calls need no key: built at the first."""

    def get(self, catalog_key: str, owner_id: str, *, fresh: bool = False) -> dict[str, str]:
        found: dict[str, str] = secret_store().get(catalog_key, owner_id, fresh=fresh)
        return found

    def put(self, catalog_key: str, owner_id: str, values: dict[str, str]) -> None:
        secret_store().put(catalog_key, owner_id, values)

    def delete(self, catalog_key: str, owner_id: str, *, recoverable: bool = True) -> None:
        secret_store().delete(catalog_key, owner_id, recoverable=recoverable)


@cache
def secret_store() -> Any:
    """What `Keys` asks."""
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415

    from bridge.stores.secrets import SecretStore  # noqa: PLC0415

    return SecretStore(SecretsProvider(boto3_client=client("secretsmanager")), settings().stack_name)


class Repeats:
    """Calls that come with an `Idempotency-Key` are rare: what they need is built at the first one."""

    def once(self, key: str, payload: Mapping[str, Any], act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer: dict[str, Any] = once_store().once(key, payload, act)
        return answer


@cache
def once_store() -> Any:
    """What `Repeats` asks."""
    from bridge.stores.idempotency import OnceStore  # noqa: PLC0415

    return OnceStore(client("dynamodb"), settings().installations_table, "install")


def probe(installation: Installation, secrets: Mapping[str, str]) -> list[dict[str, Any]]:
    """Ask the vendor: the only call that needs an HTTP client."""
    return list(permissions().check(installation, secrets))


@cache
def permissions() -> Any:
    """What `probe` asks with."""
    from bridge.flows.admin.permissions import Permissions  # noqa: PLC0415

    @cache
    def transport(catalog_key: str) -> Any:
        from bridge.clients.transport import Timeouts, Transport  # noqa: PLC0415

        hosts = AllowedHosts.of(settings().extra_allowed_hosts, catalog_key)
        return Transport(hosts, timeouts=Timeouts(3.05, 5.0, 8.0))

    def braze() -> Any:
        from bridge.clients.braze import BrazeClient  # noqa: PLC0415

        return BrazeClient(transport("braze"), now)

    def actioniq() -> Any:
        from bridge.clients.actioniq import ActionIqClient  # noqa: PLC0415

        return ActionIqClient(transport("actioniq"), now)

    def prober(catalog_key: str) -> Any:
        return import_module(f"bridge.clients.{catalog_key}").Client(transport(catalog_key), now)

    return Permissions(braze, actioniq, settings().actioniq_base_url, prober)


def check_url(catalog_key: str, url: str) -> object:
    """Raises Blocked unless a key of that integration may be sent there."""
    return AllowedHosts.of(settings().extra_allowed_hosts, catalog_key).check(url)


@cache
def managing() -> Managing:
    """Everything put together, at the first call; kept while the worker lives."""
    dynamodb, table = client("dynamodb"), settings().installations_table
    installations, secrets = InstallationStore(dynamodb, table), Keys()
    health = HealthStore(dynamodb, settings().deliveries_table, now)
    key_test = KeyTest(secrets, probe, health, now)
    sources = SourceStore(dynamodb, table, now)
    audit = Audit(AuditStore(dynamodb, table, now), now, new_id)
    return Managing(
        installing=Installing(
            installations, secrets, sources, check_url, audit, Repeats(), probe, now, new_id
        ),
        installed=Installed(installations, secrets, sources, check_url, key_test, audit, now, new_id),
        sources=SourcesAdmin(sources, secrets, audit, lambda: randomness.token_hex(32)),
        tokens=TokensAdmin(TokenStore(dynamodb, table, now), audit, now),
        audit=audit,
    )


@cache
def router() -> AdminRouter:
    """The routes, made once a worker."""
    return AdminRouter(managing().routes(), logging.getLogger("install"))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """HTTP API, payload 2.0."""
    return router()(event)
