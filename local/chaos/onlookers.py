"""People who look and strangers who try: what they ask for names people, and must be in no log either."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests

from local.chaos.asking import Site
from local.chaos.people import Crowd

EVERY = 0.25
_REFUSED = frozenset(
    {
        requests.codes.bad_request,
        requests.codes.unauthorized,
        requests.codes.forbidden,
        requests.codes.unprocessable,
    }
)
Look = Callable[[Random], tuple[int, Any]]


@dataclass
class Onlookers:
    """`admin` has the admin's token, `stranger` a `guess`, `writer` a write key; `answers` counts by status."""

    admin: Site
    stranger: Site
    writer: Site
    crowd: Crowd
    seed: int
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _thread: threading.Thread | None = None

    def start(self, seconds: float) -> None:
        """Look about for so long, in the background."""
        self._thread = threading.Thread(target=self._about, args=(seconds,), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the last look is answered."""
        if self._thread is not None:
            self._thread.join()

    def _about(self, seconds: float) -> None:
        dice = Random(f"{self.seed} onlookers")  # noqa: S311 (repeatable)
        ends = time.monotonic() + seconds
        looks: Sequence[tuple[str, Look]] = (
            ("looks", self._person),
            ("looks", lambda _: self.admin.once("GET", "/v1/admin/health")),
            ("looks", lambda _: self.admin.once("GET", "/v1/admin/dead-letters", limit=10)),
            ("refused", self._broken),
            ("refused", self._stranger),
            ("refused", self._nonsense),
        )
        while time.monotonic() < ends:
            kind, look = dice.choice(looks)
            self._count(kind, *look(dice))
            time.sleep(EVERY)

    def _count(self, kind: str, status: int, answer: Any) -> None:
        self.answers[f"{kind}: {status}"] += 1
        if kind == "refused" and 0 < status < requests.codes.server_error and status not in _REFUSED:
            self.wrong.append(f"what had to be refused was answered {status}: {str(answer)[:200]}")

    def _person(self, dice: Random) -> tuple[int, Any]:
        person = self.crowd.anybody(dice)
        user = dice.choice((person.user, person.email, person.phone))
        return self.admin.once("GET", "/v1/admin/live-events", user=user, limit=5)

    def _broken(self, dice: Random) -> tuple[int, Any]:
        person = self.crowd.anybody(dice)
        return self.writer.once("POST", "/v1/batch", f"[not a batch of {person.email} {person.phone}]")

    def _stranger(self, dice: Random) -> tuple[int, Any]:
        return self.stranger.once("GET", "/v1/admin/live-events", user=self.crowd.anybody(dice).email)

    def _nonsense(self, dice: Random) -> tuple[int, Any]:
        person = self.crowd.anybody(dice)
        return self.writer.once("POST", "/v1/track", {"type": person.first_name, "userId": person.user})
