"""Accounts, destinations, keys and everything received, all of it in memory."""

import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from local.standins.actioniq.identities import Identities
from local.standins.actioniq.modes import Modes
from local.standins.faults import Faults
from local.standins.web import Json

ACCOUNT: Final = "your-account-id"
DESTINATION: Final = "dest-12345"
LOCAL_KEY: Final = "aiq_xxxxxxxxxxxxxxxxxxxx"
ACTIVITY_KEPT: Final = 10_000


@dataclass(slots=True)
class Destination:
    """One inbound connection; `rate_limit` is requests per second, None for no limit."""

    id: str
    account_id: str
    name: str
    active: bool = True
    rate_limit: float | None = None
    records: list[Json] = field(default_factory=list)
    hidden: list[Json] = field(default_factory=list)
    record_ids: set[str] = field(default_factory=set)
    people: Identities = field(default_factory=Identities)
    activity: deque[Json] = field(default_factory=lambda: deque(maxlen=ACTIVITY_KEPT))
    window: tuple[int, int] = (0, 0)

    def view(self) -> Json:
        """Show the destination as its settings page would."""
        seen = {name: getattr(self, name) for name in ("id", "account_id", "name", "active", "rate_limit")}
        return {**seen, "status": "Active" if self.active else "Inactive"}


@dataclass(frozen=True, slots=True)
class Key:
    """One API key, known by its hash alone."""

    id: str
    account_id: str
    destination_ids: frozenset[str]
    hint: str


class Accounts:
    """The state of the vendor; `clock` gives epoch seconds."""

    def __init__(self, clock: Callable[[], float], modes: Modes) -> None:
        self.clock = clock
        self.modes = modes
        self.faults = Faults(modes.faults, modes.seed)
        self.names: dict[str, str] = {ACCOUNT: "Local account"}
        self.destinations = {DESTINATION: Destination(DESTINATION, ACCOUNT, "Datafly Signal Ingest")}
        self.keys: dict[str, Key] = {}
        self.requests: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.counts: Counter[str] = Counter()
        self.add_key(LOCAL_KEY, ACCOUNT, [DESTINATION])

    def now(self) -> datetime:
        """Return the clock as a UTC instant."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def add_account(self, name: str) -> Json:
        """Open an account."""
        account_id = f"acct-{len(self.names):05d}"
        self.names[account_id] = name
        return {"id": account_id, "name": name}

    def add_destination(self, account_id: str, name: str) -> Destination:
        """Create an active destination; raise KeyError for an unknown account."""
        self.names[account_id]
        destination = Destination(f"dest-{20_000 + len(self.destinations)}", account_id, name)
        self.destinations[destination.id] = destination
        return destination

    def new_key(self, account_id: str, destination_ids: list[str]) -> Json:
        """Make a key; this answer is the only one that shows it; raise KeyError for unknown ids."""
        self.names[account_id]
        for one in destination_ids:
            self.destinations[one]
        value = f"aiq_{secrets.token_hex(16)}"
        key = self.add_key(value, account_id, destination_ids)
        return {**self.key_view(key), "key": value}

    def add_key(self, value: str, account_id: str, destination_ids: list[str]) -> Key:
        """File a key under its hash."""
        key = Key(f"key_{len(self.keys):05d}", account_id, frozenset(destination_ids), f"{value[:6]}…")
        self.keys[digest(value)] = key
        return key

    @staticmethod
    def key_view(key: Key) -> Json:
        """Show a key without its value."""
        return {
            "id": key.id,
            "account_id": key.account_id,
            "destination_ids": sorted(key.destination_ids),
            "hint": key.hint,
        }

    def counters(self) -> Json:
        """Show every counter; `requests` counts answers per path and status."""
        names = ("records", "duplicates", "rejected", "hidden")
        return {
            "requests": {path: dict(statuses) for path, statuses in self.requests.items()},
            **{name: self.counts[name] for name in names},
            "profiles": sum(len(one.people.people) for one in self.destinations.values()),
            "faults": dict(self.faults.hits),
        }


def digest(value: str) -> str:
    """Hash a key for keeping."""
    return sha256(value.encode()).hexdigest()
