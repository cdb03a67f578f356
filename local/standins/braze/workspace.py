"""The state of one Braze workspace, all of it in memory."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from local.standins.braze.applying import Applying
from local.standins.braze.modes import ForcedType, Modes
from local.standins.braze.profiles import Profiles
from local.standins.braze.rates import Limiter
from local.standins.faults import Faults
from local.standins.web import Json

LOCAL_KEY: Final = "brz_local_key"
PERMISSIONS: Final = frozenset(
    {"users.track", "users.export.ids", "campaigns.trigger.send", "campaigns.list"}
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One API campaign."""

    id: str
    name: str
    paused: bool = False
    archived: bool = False
    last_edited: str = "2026-01-01T00:00:00+00:00"
    is_api_campaign: bool = True


class Workspace:
    """Profiles, events, sends, keys and counters; `clock` gives epoch seconds."""

    def __init__(self, clock: Callable[[], float], modes: Modes) -> None:
        self.clock = clock
        self.modes = modes
        self.faults = Faults(modes.faults, modes.seed)
        self.limiter = Limiter(clock)
        self.applying = Applying(clock, modes.seed)
        self.profiles = Profiles()
        self.events: list[Json] = []
        self.purchases: list[Json] = []
        self.triggers: list[Json] = []
        self.campaigns: dict[str, Campaign] = {}
        self.keys: dict[str, frozenset[str]] = {LOCAL_KEY: PERMISSIONS}
        self.kinds: dict[str, ForcedType] = {}
        self.requests: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.counts: Counter[str] = Counter()

    def now(self) -> datetime:
        """Return the clock as a UTC instant."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def set_modes(self, modes: Modes, *, new_faults: bool) -> None:
        """Put switches in force; faults start anew only when they were changed."""
        self.modes = modes
        if new_faults:
            self.faults = Faults(modes.faults, modes.seed)

    def counters(self) -> Json:
        """Show every counter; `requests` counts answers per path and status."""
        names = ("data_points", "attributes", "events", "purchases", "recipients", "refused", "skipped")
        return {
            "requests": {path: dict(statuses) for path, statuses in self.requests.items()},
            **{name: self.counts[name] for name in names},
            "profiles": len(self.profiles.everyone),
            "waiting": len(self.applying.waiting),
            "faults": dict(self.faults.hits),
        }
