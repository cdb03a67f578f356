"""The operations function as it is put together."""

import json

import pytest

from tests.unit.install.loading import load
from tests.unit.operations.fakes import World

LANES = ("event", "actioniq", "braze", "export", "audience")
GIVES_UP = 29
"""Seconds after which a call has no answer any more."""


def test_it_is_wired_from_its_settings(monkeypatch):
    lanes = {name: [f"https://sqs/1/{name}", f"https://sqs/1/{name}-letters"] for name in LANES}
    monkeypatch.setenv("LANE_QUEUES", json.dumps(lanes))
    for name in ("INSTALLATIONS_TABLE", "DELIVERIES_TABLE", "RUNS_TABLE", "STATE_BUCKET"):
        monkeypatch.setenv(name, name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    app, made = load("operations"), {}
    real = app.boto3.client

    def client(service, **asked):
        made[service] = real(service, **asked)
        return made[service]

    monkeypatch.setattr(app.boto3, "client", client)
    assert set(app.operating().replay.sender.queues) == set(LANES)
    assert all(one.meta.config.read_timeout < GIVES_UP for one in made.values())


@pytest.mark.parametrize(
    "route", World().operating().routes(), ids=lambda route: f"{route.method} {route.path}"
)
def test_every_route_needs_a_role(ask, route):
    path = route.path.replace("<", "").replace(">", "")
    assert ask(route.method, path, {}, role="activator")[0] == 403
    assert (ask(route.method, path, {}, role="viewer")[0] == 403) == (route.needs.value != "viewer")
