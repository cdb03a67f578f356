"""The install function with everything behind it in memory."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.install.fakes import World
from tests.unit.install.loading import admin_event, load

Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ask(world: World) -> Ask:
    """`ask("GET", "/v1/admin/…", body, role=…)` or `ask(event)` gives status and body."""
    app = load("install")
    app.managing = world.managing

    def ask(
        method: str | dict[str, Any], path: str = "", body: Any = None, **more: str
    ) -> tuple[int, dict[str, Any]]:
        event = method if isinstance(method, dict) else admin_event(method, path, body, **more)
        answer = app.lambda_handler(event, object())
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    return ask
