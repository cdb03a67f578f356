"""The console: pages over the HTTP API. Its role may write its own log and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import urllib3
from aws_lambda_powertools import Logger

from bridge import telemetry
from bridge.settings.console import ConsoleSettings
from console.api import CONNECT_SECONDS, READ_SECONDS, Api
from console.console import Console
from console.pages import access, audiences, dead_letters, integrations, live_events, overview
from console.rendering import Templates
from console.visits import Visitor

SCREENS = (overview, integrations, live_events, audiences, dead_letters, access)
CONNECTIONS = 16

logger: Callable[[], Logger] = cache(telemetry.logger)


@cache
def pool() -> urllib3.PoolManager:
    """Connections to the API; certificates are verified."""
    return urllib3.PoolManager(
        maxsize=CONNECTIONS,
        retries=False,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
    )


def api(gateway: str, token: str) -> Api:
    """The stack's own API: at the address in the settings, else where this call came from."""
    return Api(pool(), ConsoleSettings.load().api_url or f"https://{gateway}", token)


def visitor(asking: Api) -> Visitor:
    """Whose token it is."""
    told = asking.get("/v1/admin/whoami")
    return Visitor(told["name"], told["role"], told["expires_at"])


@cache
def console() -> Console:
    """Every screen, put together once a worker."""
    pages = [page for screen in SCREENS for page in screen.pages()]
    return Console(pages, Templates(lambda: datetime.now(UTC)), api, visitor, logger())


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """HTTP API, payload 2.0."""
    return console()(event, context)
