"""Sends planned deliveries to Braze: events and profile updates, and orders to trigger a campaign."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge import delivery_worker
from bridge.clients.braze import BrazeClient
from bridge.flows.delivery.braze_lane import BrazeLane
from bridge.flows.delivery.receive import Receiver
from bridge.settings.delivery import DeliverySettings
from bridge.stores.minutes import MinuteStore


@cache
def receiver() -> Receiver:
    """The whole worker, put together once per environment."""
    config = DeliverySettings.load()
    return delivery_worker.receiver(
        config, "braze", lambda transport: BrazeLane(BrazeClient(transport, delivery_worker.now))
    )


@cache
def minutes() -> MinuteStore:
    """Where this worker's counts go."""
    return delivery_worker.minutes(DeliverySettings.load())


@cache
def worker() -> delivery_worker.DeliveryWorker:
    """Threads, logs and metrics."""
    return delivery_worker.DeliveryWorker(receiver, minutes)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answer with the messages that stay in the queue."""
    return worker()(event, context)
