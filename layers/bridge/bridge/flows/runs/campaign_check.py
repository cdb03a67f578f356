"""A campaign an export names, held against the campaigns Braze has: before anybody is asked to approve it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import SecretStr

from bridge.errors import Blocked, BridgeError, Rejected
from bridge.flows.delivery.vendor_keys import braze_key
from mapping.installation import BrazeSettings, Installation

REMEMBERED = timedelta(minutes=10)
"""How long a campaign that was listed counts as there; one that was not is looked for anew."""

MOST = 20_000
"""Campaigns that are read; an account with more of them is not checked."""


class Braze(Protocol):
    """The client's list of campaigns, page by page."""

    def campaigns(self, endpoint: str, key: SecretStr) -> Iterable[Mapping[str, Any]]:
        """Raises bridge.errors."""
        ...


class Keys(Protocol):
    """The installation's key, and the key as it is after one was refused."""

    def current(self, installation: Installation) -> Mapping[str, str]: ...
    def refreshed(
        self, installation: Installation, used: Mapping[str, str], now: datetime
    ) -> Mapping[str, str] | None: ...


@dataclass(frozen=True, slots=True)
class CampaignCheck:
    """What cannot be checked is no obstacle: Braze says it again, if later."""

    braze: Braze
    keys: Keys
    clock: Callable[[], datetime]
    _listed: dict[str, tuple[datetime, frozenset[str]]] = field(default_factory=dict)

    def __call__(self, installation: Installation, campaign_id: str) -> tuple[str, ...]:
        """Warnings for the run; raises Rejected for a campaign that Braze does not have."""
        try:
            listed = self._campaigns(installation, campaign_id)
        except BridgeError as error:
            return (f"campaign {campaign_id} was not checked: {_why(error)}",)
        if campaign_id in listed or len(listed) >= MOST:
            return ()
        raise Rejected(
            "unknown_campaign",
            f"Braze lists no campaign {campaign_id} (archived ones left out): "
            "put the export again under the id shown at the campaign",
        )

    def _campaigns(self, installation: Installation, wanted: str) -> frozenset[str]:
        at, listed = self._listed.get(installation.id, (None, frozenset[str]()))
        now = self.clock()
        if at is not None and now - at < REMEMBERED and wanted in listed:
            return listed
        listed = self._read(installation, now)
        self._listed[installation.id] = (now, listed)
        return listed

    def _read(self, installation: Installation, now: datetime) -> frozenset[str]:
        used = self.keys.current(installation)
        try:
            return self._page_by_page(installation, used)
        except Blocked:
            fresh = self.keys.refreshed(installation, used, now)
            if fresh is None or fresh == used:
                raise
            return self._page_by_page(installation, fresh)

    def _page_by_page(self, installation: Installation, key: Mapping[str, str]) -> frozenset[str]:
        endpoint = BrazeSettings.of(installation).rest_endpoint
        return frozenset(str(one.get("id")) for one in self.braze.campaigns(endpoint, braze_key(key)))


def _why(error: BridgeError) -> str:
    if error.reason in ("unauthorized", "forbidden"):
        return "the key may not read the list (permission campaigns.list)"
    return f"the list cannot be read now ({error.reason})"
