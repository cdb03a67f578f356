"""Settings of the delivery workers."""

from dataclasses import dataclass

from bridge.settings import CommaList, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings(Settings):
    """What every worker reads; the queues are those of its own lane, whose workers are `lane_workers` at the most.

    `longest_retry_seconds` is the most between two attempts; less makes five attempts end sooner.
    """

    stack_name: str
    installations_table: str
    deliveries_table: str
    state_bucket: str
    queue_url: str
    dead_letter_queue_url: str
    lane_workers: int
    claim_days: int = 7
    longest_retry_seconds: int = 14_400
    extra_allowed_hosts: CommaList = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionIqDeliverySettings(DeliverySettings):
    """The ActionIQ worker's; `actioniq_base_url` serves installations that name none."""

    actioniq_base_url: str = "https://api.actioniq.com"
