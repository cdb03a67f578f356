"""The operations function with everything behind it in memory."""

import json
from typing import Any

import pytest

from tests.unit.install.loading import admin_event, load
from tests.unit.operations.fakes import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ask(world):
    """`ask("GET", "/v1/admin/…", body, role=…)` or `ask(event)` gives status and body."""
    app = load("operations")
    app.operating = world.operating

    def ask(method: str | dict[str, Any], path: str = "", body: Any = None, **more: str) -> tuple[int, Any]:
        event = method if isinstance(method, dict) else admin_event(method, path, body, **more)
        answer = app.lambda_handler(event, object())
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    return ask
