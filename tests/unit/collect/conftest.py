"""A front door with everything behind it faked."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.collect.builders import SERVER_KEY, Door, Reply, request

Post = Callable[..., Reply]


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def post(door: Door) -> Post:
    """POST a document (or bytes) with a write key in the way the RudderStack and Segment servers SDKs do."""

    def send(path: str, body: Any, *, key: str | None = SERVER_KEY, **headers: str) -> Reply:
        return door(request("POST", path, body, key=key, headers=headers))

    return send
