"""Sends planned deliveries to webhooks: canonical events, as they were collected."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge import delivery_worker
from bridge.clients import webhook as receivers
from bridge.flows.delivery.event_lane import EventLane
from bridge.flows.delivery.receive import Receiver
from bridge.settings.delivery import DeliverySettings
from bridge.stores.minutes import MinuteStore
from mapping.webhook import WebhookSettings, to_event


@cache
def receiver() -> Receiver:
    """The whole worker, put together once per environment."""
    return delivery_worker.receiver(
        DeliverySettings.load(),
        "webhook",
        lambda transport: EventLane(
            "webhook", WebhookSettings, to_event, receivers.Client(transport, delivery_worker.now)
        ),
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
