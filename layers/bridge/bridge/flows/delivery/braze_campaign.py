"""Orders to trigger a campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bridge.flows.delivery.braze_calls import Client
from bridge.flows.delivery.in_time import expired
from bridge.flows.delivery.lanes import Exchange, Planned, Sent, witness_of
from bridge.flows.delivery.vendor_keys import braze_key
from mapping.braze_requests import last_of_each_user
from mapping.braze_rows import to_recipient
from mapping.delivery import CampaignOrder
from mapping.installation import BrazeSettings
from mapping.outcome import ItemOutcome, Outcome, rejected

_DELIVERED = ItemOutcome(Outcome.DELIVERED)


@dataclass(frozen=True, slots=True)
class BrazeCampaign:
    """An order to trigger a campaign: each (order, campaign, user) is claimed, even when claims are off for events."""

    client: Client
    settings: BrazeSettings
    order: CampaignOrder
    claims: Literal[True] = True
    claim_kind: str = "campaign"

    @property
    def resends_unknown(self) -> bool:
        """`on_ambiguous_triggers`."""
        return self.settings.on_ambiguous_triggers == "resend"

    def expired(self, now: datetime) -> ItemOutcome | None:
        """Later than the order's `send_before`."""
        return expired(self.order.send_before, now)

    def plan(self, index: int, item: dict[str, Any]) -> Planned | ItemOutcome:
        """The row's recipient."""
        stated = self.order.send_to_existing_only
        existing_only = self.settings.send_to_existing_only if stated is None else stated
        recipient = to_recipient(item, existing_only=existing_only)
        if isinstance(recipient, ItemOutcome):
            return recipient
        return Planned(index, recipient, f"{self.order.order_id}#{self.order.campaign_id}#{_user(recipient)}")

    def send(self, part: Sequence[Planned], secret: Mapping[str, str], exchanges: list[Exchange]) -> Sent:
        """One request; its answer holds for all recipients alike."""
        campaign = self.order.campaign_id
        recipients = last_of_each_user([item.wire for item in part])
        shown = {"campaign_id": campaign, "recipients": recipients}
        witness = witness_of(
            f"{self.settings.rest_endpoint.rstrip('/')}/campaigns/trigger/send", shown, exchanges
        )
        answer = self.client.trigger(
            self.settings.rest_endpoint, braze_key(secret), campaign, recipients, witness=witness
        )
        outcome = rejected("campaign_paused", answer.notice) if answer.notice else _DELIVERED
        return Sent((outcome,) * len(part), answer.pause)


def _user(recipient: Mapping[str, Any]) -> str:
    return "|".join(
        f"{name}={recipient[name]}" for name in ("external_user_id", "braze_id") if name in recipient
    )
