"""Events and activations in over HTTP: wiring only."""

import logging
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from bridge.errors import Blocked
from bridge.flows import problems
from bridge.flows.activate import Activator
from bridge.flows.activation_door import ActivationDoor
from bridge.flows.front_door import FrontDoor
from bridge.flows.gateway import answer_problem, path_of
from bridge.settings.collect import CollectSettings
from bridge.stores.activations import ActivationStore, ExportWriter
from bridge.stores.installations import InstallationStore
from bridge.stores.queues import Queue
from bridge.stores.sources import SourceStore
from bridge.stores.tokens import TokenStore

# The gateway gives up after 30 s: an answer in time, so that the SDK resends, beats one more attempt.
AWS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})

log = logging.getLogger("collect")


class SigningSecrets:
    """The store is built at the first signed request: most environments never see one."""

    def of_source(self, source_id: str) -> str | None:
        try:
            entry: dict[str, str] = secret_store().get("sources", source_id)
        except Blocked:
            return None
        return entry.get("hmac_secret")


def now() -> datetime:
    return datetime.now(UTC)


@cache
def settings() -> CollectSettings:
    return CollectSettings.load()


@cache
def secret_provider() -> Any:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415 - 100 ms, seldom needed

    return SecretsProvider(boto3_client=boto3.client("secretsmanager", config=AWS))


@cache
def secret_store() -> Any:
    from bridge.stores.secrets import SecretStore  # noqa: PLC0415 - as above

    return SecretStore(secret_provider(), settings().stack_name)


def bootstrap_token() -> str:
    from bridge.stores.secrets import BootstrapToken  # noqa: PLC0415 - as above

    return BootstrapToken(secret_provider(), settings().admin_token_secret).value()


@cache
def front_door() -> FrontDoor:
    told = settings()
    table, queues = boto3.client("dynamodb", config=AWS), boto3.client("sqs", config=AWS)
    sources = SourceStore(table, told.installations_table, now)
    tokens = TokenStore(
        table, told.installations_table, now, bootstrap=bootstrap_token if told.admin_token_secret else None
    )
    activator = Activator(
        log=ActivationStore(table, told.installations_table),
        installations=InstallationStore(table, told.installations_table),
        braze_queue=Queue(queues, told.braze_queue_url),
        exports=ExportWriter(boto3.client("s3", config=AWS), told.export_bucket),
    )
    secrets = SigningSecrets()
    return FrontDoor(
        sources=sources,
        secrets=secrets,
        queue=Queue(queues, told.event_queue_url),
        activations=ActivationDoor(tokens, sources, secrets, activator),
        clock=now,
    )


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """HTTP API, payload format 2.0."""
    try:
        return front_door().answer(event)
    except Exception:
        log.exception("unanswered request %s", event.get("requestContext", {}).get("requestId"))
        return answer_problem(problems.unexpected(), path_of(event)).to_gateway()
