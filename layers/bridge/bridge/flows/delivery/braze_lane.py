"""Braze's side of the delivery flow: events and profile updates to /users/track, orders to a campaign's trigger."""

from dataclasses import dataclass

from bridge.flows.delivery.braze_calls import Client
from bridge.flows.delivery.braze_campaign import BrazeCampaign
from bridge.flows.delivery.braze_events import BrazeEvents
from bridge.flows.delivery.lanes import Job, settings_of
from mapping.delivery import DeliveryMessage
from mapping.installation import BrazeSettings, Installation


@dataclass(frozen=True, slots=True)
class BrazeLane:
    """Serves both kinds of delivery."""

    client: Client
    catalog_key: str = "braze"

    def job(self, installation: Installation, message: DeliveryMessage) -> Job:
        """Raises Blocked("invalid_settings") when the revision cannot be used."""
        settings = settings_of(BrazeSettings, installation)
        if message.campaign is None:
            return BrazeEvents(self.client, settings, message.send_before)
        return BrazeCampaign(self.client, settings, message.campaign)
