"""Activations of ActionIQ journeys: each triggers a campaign for some people, many are ordered more than once."""

import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from local.chaos.asking import Refused, Site, Unanswered
from local.chaos.house import CAMPAIGNS
from local.chaos.people import Crowd

Json = dict[str, Any]
Wanted = tuple[str, str, str]
"""Activation, campaign, user."""

EVERY = 1.5
MOST_ROWS = 20
AGAIN = 0.3


@dataclass
class Journeys:
    """`wanted` is what was accepted, each to be sent once at the most."""

    site: Site
    integration_id: str
    crowd: Crowd
    seed: int
    wanted: set[Wanted] = field(default_factory=set)
    unsure: set[Wanted] = field(default_factory=set)
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)
    _thread: threading.Thread | None = None

    def start(self, seconds: float) -> None:
        """Order for so long, in the background."""
        self._thread = threading.Thread(target=self._order_on, args=(seconds,), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the last is answered."""
        if self._thread is not None:
            self._thread.join()

    def _order_on(self, seconds: float) -> None:
        ends, number = time.monotonic() + seconds, 0
        while time.monotonic() < ends:
            dice = Random(f"{self.seed} activation {number}")  # noqa: S311 (repeatable)
            self._order(f"{self.crowd.tag}-activation-{number}", dice)
            number += 1
            time.sleep(EVERY)

    def _order(self, order: str, dice: Random) -> None:
        campaign = f"{dice.choice(CAMPAIGNS)}-{self.crowd.tag}"
        people = dice.sample(range(self.crowd.size), dice.randint(1, MOST_ROWS))
        users = [self.crowd.person(number).user for number in people]
        body = {
            "activation_id": order,
            "kind": "campaign",
            "integration_id": self.integration_id,
            "settings": {"campaign_id": campaign},
            "rows": [{"external_id": user, "order": order} for user in users],
        }
        sends = {(order, campaign, user) for user in users}
        try:
            answer = self.site.call("POST", "/v1/activations", body)
            if answer["accepted"] != len(users):
                self.wrong.append(f"{order}: accepted {answer['accepted']} of {len(users)}")
            self.wanted |= sends
            if dice.random() < AGAIN:
                self.repeated += 1
                if self.site.call("POST", "/v1/activations", body) != answer:
                    self.wrong.append(f"{order}: another answer to the same order")
        except Refused as error:
            self.unsure |= sends - self.wanted
            self.wrong += [] if isinstance(error, Unanswered) else [str(error)]
