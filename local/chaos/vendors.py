"""What vendors do to us: fail, throttle, break off, freeze, go away for a while; one thing at a time each."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from local.chaos.agent import Done, Undo
from local.chaos.asking import Site
from local.chaos.house import CONTROL, Installed

Json = dict[str, Any]
FAULTS: Mapping[str, tuple[Json, ...]] = {
    "braze": (
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 502},
        {"fault": "status", "status": 429},
        {"fault": "status", "status": 429, "headers": {"x-ratelimit-retry-after": "2"}},
        {"fault": "status", "status": 429, "headers": {"retry-after": "1"}},
        {"fault": "drop_before"},
        {"fault": "drop_after"},
        {"fault": "drop_after"},
        {"fault": "garbage"},
        {"fault": "object_errors", "share": 0.1, "error": "EVENT_REFUSED"},
    ),
    "actioniq": (
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 503},
        {"fault": "status", "status": 429},
        {"fault": "status", "status": 429, "headers": {"retry-after": "2"}},
        {"fault": "drop_before"},
        {"fault": "drop_after"},
        {"fault": "drop_after"},
        {"fault": "truncated"},
        {"fault": "object_errors", "share": 0.1, "error": "the record was refused"},
    ),
}
PATHS = {"braze": ("/users/track", "/campaigns/trigger/send"), "actioniq": ("/v1/*",)}
THROTTLE: Json = {"rate_limit": "burst", "burst_requests": 4, "burst_seconds": 2.0}
DIALECTS: tuple[Json, ...] = (
    {"header_dialect": "epoch", "retry_after": "auto"},
    {"header_dialect": "delta", "retry_after": "auto"},
    {"header_dialect": "none", "retry_after": "retry-after"},
    {"header_dialect": "none", "retry_after": "none"},
)


@dataclass
class Vendors:
    """`sites` by catalog key; `pid` gives a stand-in's process; `busy` are those to which something happens."""

    sites: Mapping[str, Site]
    pid: Callable[[str], int | None]
    installed: Mapping[str, Installed]
    busy: set[str] = field(default_factory=set)

    def fail(self, dice: Random) -> Done:
        """A share of the requests fails in every way there is."""
        name = self._free(dice)
        if name is None:
            return None
        rate, seconds = dice.choice((0.2, 0.4, 0.6)), dice.uniform(3.0, 7.0)
        rules = [
            {"fault": "one_of", "path": path, "rate": rate, "of": list(FAULTS[name])} for path in PATHS[name]
        ]
        self._modes(name, {"faults": rules, "seed": dice.randrange(10**6)})
        return (
            f"{rate:.0%} of the requests to {name} for {seconds:.0f} s",
            seconds,
            self._freed(name, lambda: self._modes(name, {"faults": []})),
        )

    def throttle(self, dice: Random) -> Done:
        """A few requests a second, told in one of the dialects of a 429."""
        name = self._free(dice)
        if name is None:
            return None
        seconds = dice.uniform(3.0, 6.0)
        if name == "braze":
            modes = THROTTLE | dice.choice(DIALECTS)
            self._modes(name, modes)
            undo = self._freed(name, lambda: self._modes(name, dict.fromkeys(modes)))
            return f"braze, {modes['header_dialect']} dialect, {seconds:.0f} s", seconds, undo
        self._paced(2.0)
        return f"actioniq for {seconds:.0f} s", seconds, self._freed(name, lambda: self._paced(None))

    def vanish(self, dice: Random) -> Done:
        """Nobody listens there any more; it comes back by itself."""
        name = self._free(dice)
        if name is None:
            return None
        seconds = dice.uniform(2.0, 6.0)
        self.sites[name].call("POST", f"{CONTROL}/away", {"seconds": round(seconds, 1)})
        return f"{name} for {seconds:.0f} s", seconds + 0.5, self._freed(name, lambda: None)

    def freeze(self, dice: Random) -> Done:
        """It takes connections and says nothing."""
        name = self._free(dice)
        pid = self.pid(name) if name else None
        if name is None or pid is None:
            return None
        seconds = dice.uniform(1.0, 3.0)
        os.kill(pid, signal.SIGSTOP)
        return f"{name} for {seconds:.0f} s", seconds, self._freed(name, lambda: os.kill(pid, signal.SIGCONT))

    def well(self) -> None:
        """Both as they were."""
        for name in self.sites:
            if pid := self.pid(name):
                os.kill(pid, signal.SIGCONT)
            self._modes(name, {"faults": []})
        self._modes("braze", dict.fromkeys(THROTTLE | DIALECTS[0]))
        self._paced(None)

    def _free(self, dice: Random) -> str | None:
        name = dice.choice(sorted(self.sites))
        if name in self.busy:
            return None
        self.busy.add(name)
        return name

    def _freed(self, name: str, undo: Undo) -> Undo:
        def free() -> None:
            undo()
            self.busy.discard(name)

        return free

    def _modes(self, name: str, modes: Json) -> None:
        self.sites[name].call("PUT", f"{CONTROL}/modes", modes)

    def _paced(self, rate: float | None) -> None:
        for one in self.installed.values():
            if one.destination:
                self.sites["actioniq"].call(
                    "PATCH", f"{CONTROL}/destinations/{one.destination}", {"rate_limit": rate}
                )
