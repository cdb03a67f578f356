"""What people do meanwhile: rotate keys, switch an installation off and on, replay dead letters twice over."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from local.chaos.agent import Done
from local.chaos.house import CONTROL, House, Installed

SWITCHED = "ActionIQ, switched"
_FIELDS = {"actioniq": "api_key", "braze": "rest_api_key"}
REPLAYED = "unauthorized"
"""The vendor took nothing, so that a replay needs nobody's judgement."""


@dataclass
class Admin:
    """Acts through the admin API; `away` says whether a vendor cannot be asked for a key now."""

    house: House
    away: Callable[[str], bool]

    def rotate(self, dice: Random) -> Done:
        """A new key at the vendor, then in the installation; the old one goes after a while."""
        one = self._somebody(dice)
        if one is None:
            return None
        old = one.key_id
        self._renew(one)
        seconds = dice.uniform(7.0, 9.0)
        return f"{one.name}, the old key for {seconds:.0f} s more", seconds, lambda: self._revoke(one, old)

    def rotate_too_late(self, dice: Random) -> Done:
        """The old key goes first: what is sent until the new one is known is refused."""
        one = self._somebody(dice)
        if one is None:
            return None
        self._revoke(one, one.key_id)
        seconds = dice.uniform(1.0, 3.0)
        return f"{one.name}, without a key for {seconds:.0f} s", seconds, lambda: self._renew(one)

    def switch(self, dice: Random) -> Done:
        """Off for a few seconds."""
        one = self.house.installed[SWITCHED]
        if one.off and one.off[-1][1] == float("inf"):
            return None
        seconds = dice.uniform(4.0, 8.0)
        one.off.append((time.time(), float("inf")))
        self._order(one, "disable")
        return f"off for {seconds:.0f} s", seconds, lambda: self._on(one)

    def replay(self, dice: Random) -> Done:  # noqa: ARG002 (as every mischief)
        """Every letter of a refused key, ordered twice."""
        count = 0
        for one in self.house.installed.values():
            for _ in range(2):
                body = {"reason": REPLAYED, "integration_id": one.id}
                answer = self.house.admin.call("POST", "/v1/admin/dead-letters/replay", body)
                count += answer["replayed"]
        return f"{count} letters", 0.0, None

    def _somebody(self, dice: Random) -> Installed | None:
        one = self.house.installed[dice.choice(sorted(self.house.installed))]
        return None if self.away(one.catalog_key) else one

    def _renew(self, one: Installed) -> None:
        one.key, one.key_id = self.house.new_key(one)
        config = {"config": {_FIELDS[one.catalog_key]: one.key}}
        self.house.admin.call("PATCH", f"/v1/admin/integrations/{one.id}", config)

    def _revoke(self, one: Installed, key_id: str) -> None:
        self.house.vendors[one.catalog_key].once("DELETE", f"{CONTROL}/keys/{key_id}")

    def _on(self, one: Installed) -> None:
        self._order(one, "enable")
        one.off[-1] = (one.off[-1][0], time.time())

    def _order(self, one: Installed, order: str) -> None:
        self.house.admin.call("POST", f"/v1/admin/integrations/{one.id}/{order}")
