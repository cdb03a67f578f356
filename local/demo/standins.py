"""What the two vendor stand-ins hold, read through their own control API."""

from collections.abc import Iterator
from typing import Any

from local.demo.compare import Held
from local.demo.stack import Stack
from local.demo.web import Http

Json = dict[str, Any]
PAGE = 5000
CONTROL = "/_standin"


class StandIns:
    """ActionIQ's destination and Braze's workspace, both on loopback."""

    def __init__(self, stack: Stack, destination: str) -> None:
        """`destination`: the ActionIQ destination that is read."""
        self._actioniq = Http(stack.actioniq_url)
        self._braze = Http(stack.braze_url)
        self._destination = destination

    def reset(self) -> None:
        """Empty both, with the accounts, keys and destinations they start with."""
        self._actioniq.call("POST", f"{CONTROL}/reset", json={})
        self._braze.call("POST", f"{CONTROL}/reset", json={})

    def create_campaign(self, campaign_id: str, name: str) -> None:
        """An API-triggered campaign that is running."""
        body = {"id": campaign_id, "name": name, "paused": False}
        self._braze.call("POST", f"{CONTROL}/campaigns", json=body)

    def records_total(self) -> int:
        """Records at the destination."""
        query = {"destination_id": self._destination, "offset": 0, "limit": 1}
        return int(self._actioniq.call("GET", f"{CONTROL}/records", params=query)["total"])

    def events_total(self) -> int:
        """Custom events in the workspace."""
        return int(self._braze.call("GET", f"{CONTROL}/events", params={"offset": 0, "limit": 1})["total"])

    def triggers_total(self) -> int:
        """Campaign messages triggered, one a recipient."""
        return int(self._braze.call("GET", f"{CONTROL}/triggers", params={"offset": 0, "limit": 1})["total"])

    def profiles_total(self) -> int:
        """Profiles in the workspace."""
        return int(self._braze.call("GET", f"{CONTROL}/counters")["profiles"])

    def data_points(self) -> int:
        """What Braze would have billed since the reset."""
        return int(self._braze.call("GET", f"{CONTROL}/counters")["data_points"])

    def track_requests(self) -> int:
        """Requests to /users/track that were answered with success."""
        statuses = self._braze.call("GET", f"{CONTROL}/counters")["requests"].get("/users/track", {})
        return sum(count for status, count in statuses.items() if str(status).startswith("2"))

    def held(self) -> Held:
        """Everything, for the comparison."""
        return Held(
            records=list(self._listed(self._actioniq, "records", destination_id=self._destination)),
            events=list(self._listed(self._braze, "events")),
            profiles=list(self._profiles()),
            triggers=list(self._listed(self._braze, "triggers")),
        )

    def _listed(self, server: Http, what: str, **query: str) -> Iterator[Json]:
        offset = 0
        while True:
            page = server.call("GET", f"{CONTROL}/{what}", params={**query, "offset": offset, "limit": PAGE})
            yield from page[what]
            offset += len(page[what])
            if not page[what] or offset >= page["total"]:
                return

    def _profiles(self) -> Iterator[Json]:
        after: str | None = ""
        while after is not None:
            page = self._braze.call("GET", f"{CONTROL}/profiles", params={"after": after, "limit": PAGE})
            yield from page["profiles"]
            after = page.get("next") or None
