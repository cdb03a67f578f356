"""Health: whether each installation delivers, if not why and what to do, and how full the queues are."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.flows.admin.admin_api import Call
from bridge.flows.events.gateway import Answer, answer_json
from mapping import catalog
from mapping.installation import Installation

SIDE_BY_SIDE = 8
"""Below the ten connections that boto3 keeps by default."""

Row = Mapping[str, Any]
"""What a worker noted: `status`, `reason` (a code), `hint` (a sentence), `since` and `at` (ISO 8601)."""

_STATUS_OF = {"unauthorized": 401, "forbidden": 403, "not_found": 404, "rate_limited": 429}
"""The reasons for which the catalog's troubleshooting table has a row, by the vendor's status."""

_SENTENCES = {
    "secret_missing": "The key is not stored any more. Update this integration's configuration with it.",
    "host_not_allowed": "The address is not one that a key may be sent to. "
    "Correct it, or add its host to the stack's ExtraAllowedHosts.",
    "vendor_unavailable": "The vendor answers with errors of its own. Nothing is lost: requests are repeated.",
    "connect_failed": "The vendor cannot be reached. Nothing is lost: requests are repeated.",
    "window_spent": "The vendor's request limit is used up. Deliveries wait and go on by themselves.",
    "changed_since": "The configuration was changed after the last failure. The next delivery will tell.",
}
_WELL = "Nothing is wrong."
_DISABLED = "Disabled: its events are filtered."


class Installations(Protocol):
    """Where installations are kept."""

    def all(self) -> Sequence[Installation]: ...


class HealthRows(Protocol):
    """What the workers noted of an installation; None when nothing is wrong."""

    def get(self, installation_id: str) -> Row | None: ...


class Pause(Protocol):
    """Why an installation stands still, and until when."""

    @property
    def until(self) -> datetime | None: ...
    @property
    def reason(self) -> str: ...


class Pauses(Protocol):
    """Which installations stand still."""

    def get(self, installation_id: str) -> Pause: ...


class Depths(Protocol):
    """How many messages wait, by lane."""

    def all(self) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Conditions:
    """How each installation is: healthy, degraded or blocked, and the sentence that says why and what to do."""

    installations: Installations
    rows: HealthRows
    pauses: Pauses
    clock: Callable[[], datetime]

    def all(self) -> list[dict[str, Any]]:
        """As `GET /v1/admin/health` shows them; several are looked at side by side."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(self._told, self.installations.all()))

    def _told(self, one: Installation) -> dict[str, Any]:
        found = self._noted(one)
        status = str(found.get("status", "healthy"))
        message = _well(one.catalog_key) if status == "healthy" else sentence(one.catalog_key, found)
        return {
            "id": one.id,
            "name": one.name,
            "catalog_key": one.catalog_key,
            "enabled": one.enabled,
            "status": status,
            "reason": found.get("reason") or None,
            "message": message if one.enabled else _DISABLED,
            "since": found.get("since"),
        }

    def _noted(self, one: Installation) -> Row:
        """A failure that needs a person comes before a pause, which ends by itself.

        What was refused before the configuration was changed says nothing of the new one.
        """
        noted = self.rows.get(one.id)
        if noted is not None and noted["status"] == "blocked" and noted["at"] < one.revision.created_at:
            return {**noted, "status": "degraded", "reason": "changed_since"}
        if noted is not None and noted["status"] != "healthy":
            return noted
        pause = self.pauses.get(one.id)
        if pause.until is not None and pause.until > self.clock():
            return {"status": "degraded", "reason": pause.reason}
        return noted or {}


@dataclass(frozen=True, slots=True)
class Health:
    """Everything an operator looks at first."""

    installations: Installations
    rows: HealthRows
    pauses: Pauses
    depths: Depths
    clock: Callable[[], datetime]

    def report(self, _: Call) -> Answer:
        """GET /v1/admin/health: `{"status","installations","queues"}`; `status` is the worst of those enabled."""
        with ThreadPoolExecutor(1) as pool:
            queues = pool.submit(self.depths.all)
            told = Conditions(self.installations, self.rows, self.pauses, self.clock).all()
        seen = {one["status"] for one in told if one["enabled"]}
        worst = next((status for status in ("blocked", "degraded") if status in seen), "healthy")
        return answer_json(200, {"status": worst, "installations": told, "queues": list(queues.result())})


def sentence(catalog_key: str, row: Row) -> str:
    """What is the matter and what to do: the row of the catalog's troubleshooting table, where it has one."""
    reason, entry = str(row.get("reason", "")), catalog.entry(catalog_key)
    told = entry.hint(_STATUS_OF[reason]) if entry and reason in _STATUS_OF else ""
    return told or _SENTENCES.get(reason) or str(row.get("hint") or f"The last request failed: {reason}.")


def _well(catalog_key: str) -> str:
    """Nothing is wrong as far as we see: the rows of the table that no status tells of are left to look at."""
    entry = catalog.entry(catalog_key)
    unseen = [row for row in entry.troubleshooting if row.vendor_status is None] if entry else []
    told = (f"{row.symptom}? {row.cause}. {row.resolution}." for row in unseen)
    return " ".join([_WELL, *told])
