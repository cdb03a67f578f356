"""Braze's side of the delivery flow: events and profile updates to /users/track, orders to a campaign's trigger."""

from dataclasses import dataclass

from pydantic import ValidationError

from bridge.errors import Blocked
from bridge.flows.delivery.braze_calls import Client
from bridge.flows.delivery.braze_campaign import BrazeCampaign
from bridge.flows.delivery.braze_events import BrazeEvents
from bridge.flows.delivery.lanes import Job
from mapping.delivery import DeliveryMessage
from mapping.installation import BrazeSettings, Installation


@dataclass(frozen=True, slots=True)
class BrazeLane:
    """Serves both kinds of delivery."""

    client: Client
    catalog_key: str = "braze"

    def job(self, installation: Installation, message: DeliveryMessage) -> Job:
        """Raises Blocked("invalid_settings") when the revision cannot be used."""
        try:
            settings = BrazeSettings.of(installation)
        except ValidationError as error:
            faults = error.errors(include_input=False, include_url=False)
            names = sorted({str(fault["loc"][0]) for fault in faults if fault["loc"]})
            raise Blocked("invalid_settings", "these settings cannot be used: " + ", ".join(names)) from None
        if message.campaign is None:
            return BrazeEvents(self.client, settings, message.send_before)
        return BrazeCampaign(self.client, settings, message.campaign)
