"""A table that does not answer for a moment: deliveries come again in seconds, untouched."""

from typing import Any

import pytest

from bridge.errors import Retryable
from tests.unit.delivery.world import World, delivery, event


def away(*_: object, **__: object) -> Any:
    raise Retryable("table_unavailable")


@pytest.mark.parametrize(
    ("store", "call"), [("installations", "get"), ("pauses", "get"), ("deliveries", "begin")]
)
def test_what_cannot_be_looked_up_or_taken_now_comes_again_soon_and_has_no_attempt_less(
    store: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, message = World(), delivery([event("m1")])
    with monkeypatch.context() as patched:
        patched.setattr(getattr(world, store), call, away)
        waiting = world.receive(message)
    assert (waiting.status, waiting.reason, world.queue.hidden) == (
        "waiting",
        "table_unavailable",
        {"handle": 61.0},
    )
    world.clock.pass_(seconds=61)
    assert world.receive(message).status == "delivered"
    assert (world.row(message)["attempt"], len(world.bodies())) == (1, 1)


def test_a_probe_that_could_not_be_taken_leaves_the_circuit_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, message = World(), delivery([event("m1")])
    worker = world.worker()
    for _ in range(5):
        worker.deliverer.circuit.failed(message.integration_id)
    with monkeypatch.context() as patched:
        patched.setattr(world.deliveries, "begin", away)
        assert worker.receive(message.body(), "handle", 120_000).reason == "table_unavailable"
    assert worker.receive(message.body(), "handle", 120_000).status == "delivered"
