"""The installation's key: as last read, afresh for a new revision, and at most every 15 s after a refusal.

A bad key on a thousand messages is not a thousand reads, and a mended one is used as soon as its revision is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from pydantic import SecretStr

from mapping.installation import Installation

REFRESH_EVERY = timedelta(seconds=15)


def braze_key(secret: Mapping[str, str]) -> SecretStr:
    """What is sent as the bearer: a key is often pasted with a line break behind it, which no header may carry."""
    return SecretStr(secret.get("rest_api_key", "").strip())


class Secrets(Protocol):
    """Where keys are kept."""

    def get(self, catalog_key: str, owner_id: str, *, fresh: bool = False) -> dict[str, str]:
        """Raises Blocked when there is none, Retryable when it cannot be read now."""
        ...


@dataclass(slots=True)
class Credentials:
    """Shared by a worker's threads."""

    secrets: Secrets
    _refreshed: dict[str, datetime] = field(default_factory=dict)
    _revisions: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def current(self, installation: Installation) -> dict[str, str]:
        """The key as last read since the installation's revision was made."""
        number = installation.revision.revision_number
        fresh = self._revisions.get(installation.id, number) != number
        found = self.secrets.get(installation.catalog_key, installation.id, fresh=fresh)
        self._revisions[installation.id] = number
        return found

    def refreshed(
        self, installation: Installation, used: Mapping[str, str], now: datetime
    ) -> dict[str, str] | None:
        """The key as it is now; None when it was read afresh a moment ago and is the one just refused."""
        with self._lock:
            last = self._refreshed.get(installation.id)
            fresh = last is None or now - last >= REFRESH_EVERY
            if fresh:
                self._refreshed[installation.id] = now
        found = self.secrets.get(installation.catalog_key, installation.id, fresh=fresh)
        return found if fresh or found != used else None
