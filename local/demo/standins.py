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

    def __init__(self, stack: Stack, destination: str, *, people: str = "") -> None:
        """`destination`: the ActionIQ destination that is read; `people`: what the users' ids begin with."""
        self._actioniq = Http(stack.actioniq_url)
        self._braze = Http(stack.braze_url)
        self._destination = destination
        self._people = people
        self._before = (0, 0, 0, 0)

    def reset(self) -> None:
        """Empty both, with the accounts, keys and destinations they start with."""
        self._actioniq.call("POST", f"{CONTROL}/reset", json={})
        self._braze.call("POST", f"{CONTROL}/reset", json={})

    def begin(self) -> None:
        """Count from here on."""
        self._before = (0, 0, 0, 0)
        self._before = (self.records(), self.events(), self.triggers(), self.profiles())

    def records(self) -> int:
        """Records at the destination."""
        return self._total(self._actioniq, "records", destination_id=self._destination) - self._before[0]

    def events(self) -> int:
        """Custom events in the workspace."""
        return self._total(self._braze, "events") - self._before[1]

    def triggers(self) -> int:
        """Campaign messages triggered, one a recipient."""
        return self._total(self._braze, "triggers") - self._before[2]

    def profiles(self) -> int:
        """Profiles in the workspace."""
        return int(self._counters()["profiles"]) - self._before[3]

    def data_points(self) -> int:
        """What Braze would have billed since the reset."""
        return int(self._counters()["data_points"])

    def waiting(self) -> int:
        """Objects accepted and not yet applied."""
        return int(self._counters().get("waiting", 0))

    def track_requests(self) -> int:
        """Requests to /users/track that were answered with success."""
        statuses = self._counters()["requests"].get("/users/track", {})
        return sum(count for status, count in statuses.items() if str(status).startswith("2"))

    def create_campaign(self, campaign_id: str, name: str) -> None:
        """An API-triggered campaign that is running."""
        body = {"id": campaign_id, "name": name, "paused": False}
        self._braze.call("POST", f"{CONTROL}/campaigns", json=body)

    def held(self) -> Held:
        """Everything about these people, for the comparison."""
        records = self._listed(self._actioniq, "records", destination_id=self._destination)
        triggers = self._listed(self._braze, "triggers")
        return Held(
            records=[one for one in records if self._ours(one["identifiers"].get("user_id"))],
            events=[one for one in self._listed(self._braze, "events") if self._ours(one.get("external_id"))],
            profiles=[one for one in self._every_profile() if self._ours(one.get("external_id"))],
            triggers=[one for one in triggers if self._ours(one["recipient"].get("external_user_id"))],
        )

    def _ours(self, user: object) -> bool:
        """Without a beginning given, strangers and nameless ones are ours too: they are differences."""
        return str(user).startswith(self._people)

    def _counters(self) -> Json:
        found: Json = self._braze.call("GET", f"{CONTROL}/counters")
        return found

    def _total(self, server: Http, what: str, **query: str) -> int:
        return int(
            server.call("GET", f"{CONTROL}/{what}", params={**query, "offset": 0, "limit": 1})["total"]
        )

    def _listed(self, server: Http, what: str, **query: str) -> Iterator[Json]:
        offset = 0
        while True:
            page = server.call("GET", f"{CONTROL}/{what}", params={**query, "offset": offset, "limit": PAGE})
            yield from page[what]
            offset += len(page[what])
            if not page[what] or offset >= page["total"]:
                return

    def _every_profile(self) -> Iterator[Json]:
        after: str | None = ""
        while after is not None:
            page = self._braze.call("GET", f"{CONTROL}/profiles", params={"after": after, "limit": PAGE})
            yield from page["profiles"]
            after = page.get("next") or None
