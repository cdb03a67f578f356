"""The operations function as it is put together."""

import pytest

from tests.unit.install.loading import load
from tests.unit.operations.fakes import World

QUEUES = ("EVENT", "ACTIONIQ", "BRAZE", "EXPORT", "AUDIENCE")


def test_it_is_wired_from_its_settings(monkeypatch):
    for name in QUEUES:
        monkeypatch.setenv(f"{name}_QUEUE_URL", f"https://sqs/1/{name}")
        monkeypatch.setenv(f"{name}_DEAD_LETTER_QUEUE_URL", f"https://sqs/1/{name}-letters")
    for name in ("INSTALLATIONS_TABLE", "DELIVERIES_TABLE", "RUNS_TABLE", "STATE_BUCKET"):
        monkeypatch.setenv(name, name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert set(load("operations").operating().replay.queues) == {name.lower() for name in QUEUES}


@pytest.mark.parametrize(
    "route", World().operating().routes(), ids=lambda route: f"{route.method} {route.path}"
)
def test_every_route_needs_a_role(ask, route):
    path = route.path.replace("<", "").replace(">", "")
    assert ask(route.method, path, {}, role="activator")[0] == 403
    assert (ask(route.method, path, {}, role="viewer")[0] == 403) == (route.needs.value != "viewer")
