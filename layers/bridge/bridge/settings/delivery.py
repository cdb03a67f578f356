"""Settings of the two delivery workers."""

from bridge.settings import CommaList, Settings


class DeliverySettings(Settings):
    """What both workers read."""

    stack_name: str
    installations_table: str
    deliveries_table: str
    state_bucket: str
    claim_days: int = 7
    extra_allowed_hosts: CommaList = ()


class ActionIqDeliverySettings(DeliverySettings):
    """The ActionIQ worker's; `actioniq_base_url` serves installations that name none."""

    actioniq_queue_url: str
    actioniq_dead_letter_queue_url: str
    actioniq_base_url: str = "https://api.actioniq.com"


class BrazeDeliverySettings(DeliverySettings):
    """The Braze worker's."""

    braze_queue_url: str
    braze_dead_letter_queue_url: str
