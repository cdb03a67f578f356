"""Events and activations in over HTTP: wiring only."""

import logging
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bridge.errors import Blocked
from bridge.failures import told
from bridge.flows import problems
from bridge.flows.events.front_door import FrontDoor, for_route
from bridge.flows.events.gateway import Answer, Request, answer_problem, path_of
from bridge.settings.collect import CollectSettings
from bridge.stores.queues import Queue
from bridge.stores.sources import SourceStore

# The gateway gives up after 30 s: an answer in time, so that the SDK resends, beats one more attempt.
AWS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})

log = logging.getLogger("collect")


class SigningSecrets:
    """Most environments never see a signed request, so the secret store is built at the first one."""

    def of_source(self, source_id: str) -> str | None:
        try:
            entry: dict[str, str] = secret_store().get("sources", source_id)
        except Blocked:
            return None
        return entry.get("hmac_secret")


class Activations:
    """Orders are rare beside events, and what they need doubles the import time: built at the first one."""

    def answer(self, request: Request, moment: datetime) -> Answer:
        answer: Answer = activation_door().answer(request, moment)
        return answer


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@cache
def settings() -> CollectSettings:
    """From the environment, once."""
    return CollectSettings.load()


@cache
def client(service: str) -> Any:
    """One client per service and environment."""
    return boto3.client(service, config=AWS)  # type: ignore[call-overload]


@cache
def source_store() -> SourceStore:
    """Write keys, remembered for a minute."""
    return SourceStore(client("dynamodb"), settings().installations_table, now)


@cache
def secret_provider() -> Any:
    """Powertools' parameters cost 100 ms to import."""
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415

    return SecretsProvider(boto3_client=client("secretsmanager"))


@cache
def secret_store() -> Any:
    """Only signed requests need it."""
    from bridge.stores.secrets import SecretStore  # noqa: PLC0415

    return SecretStore(secret_provider(), settings().stack_name)


def bootstrap_token() -> str:
    """The token the stack was deployed with."""
    from bridge.stores.secrets import BootstrapToken  # noqa: PLC0415

    return BootstrapToken(secret_provider(), settings().admin_token_secret).value()


@cache
def activation_door() -> Any:
    """What `POST /v1/activations` needs."""
    from bridge.flows.events.activate import Activator  # noqa: PLC0415
    from bridge.flows.events.activation_door import ActivationDoor  # noqa: PLC0415
    from bridge.stores.activations import ActivationStore, ExportWriter  # noqa: PLC0415
    from bridge.stores.installations import InstallationStore  # noqa: PLC0415
    from bridge.stores.tokens import TokenStore  # noqa: PLC0415

    config, table = settings(), client("dynamodb")
    first_token = bootstrap_token if config.admin_token_secret else None
    activator = Activator(
        log=ActivationStore(table, config.installations_table),
        installations=InstallationStore(table, config.installations_table),
        braze_queue=Queue(client("sqs"), config.braze_queue_url),
        exports=ExportWriter(client("s3"), config.export_bucket),
    )
    tokens = TokenStore(table, config.installations_table, now, bootstrap=first_token)
    return ActivationDoor(tokens, source_store(), SigningSecrets(), activator)


@cache
def description() -> str:
    """The API's description, made when the bundle was built."""
    return Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")


@cache
def front_door() -> FrontDoor:
    """Everything else."""
    queue = Queue(client("sqs"), settings().event_queue_url)
    return FrontDoor(source_store(), SigningSecrets(), queue, Activations(), now, description)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """HTTP API, payload format 2.0."""
    try:
        return front_door().answer(event)
    except Exception as error:  # noqa: BLE001 - told by type and place: a traceback would quote events
        request_id = event.get("requestContext", {}).get("requestId")
        log.error("unanswered request %s: %s", request_id, told(error))  # noqa: TRY400
        return for_route(answer_problem(problems.unexpected(), path_of(event)), path_of(event))
