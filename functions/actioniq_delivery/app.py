"""Sends planned deliveries to ActionIQ: page views, custom events and profile updates as records."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge import delivery_worker
from bridge.clients.actioniq import ActionIqClient
from bridge.flows.delivery.actioniq_lane import ActionIqLane
from bridge.flows.delivery.receive import Receiver
from bridge.settings.delivery import ActionIqDeliverySettings
from bridge.stores.minutes import MinuteStore


@cache
def receiver() -> Receiver:
    """The whole worker, put together once per environment."""
    config = ActionIqDeliverySettings.load()
    return delivery_worker.receiver(
        config,
        "actioniq",
        lambda transport: ActionIqLane(
            ActionIqClient(transport, delivery_worker.now), config.actioniq_base_url
        ),
    )


@cache
def minutes() -> MinuteStore:
    """Where this worker's counts go."""
    return delivery_worker.minutes(ActionIqDeliverySettings.load())


@cache
def worker() -> delivery_worker.DeliveryWorker:
    """Threads, logs and metrics."""
    return delivery_worker.DeliveryWorker(receiver, minutes)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answer with the messages that stay in the queue."""
    return worker()(event, context)
