"""Health: for each installation whether it delivers, and if not, why and what to do; and how full the queues are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mapping import catalog
from mapping.installation import Installation

from bridge.flows.admin_api import Call
from bridge.flows.gateway import Answer, answer_json

Row = Mapping[str, Any]
"""`status` healthy, degraded or blocked; `reason`, the code of the last failure; `since`, ISO 8601."""

_STATUS_OF = {"unauthorized": 401, "forbidden": 403, "not_found": 404, "rate_limited": 429}
"""The reasons for which the catalog's troubleshooting table has a row, by the vendor's status."""

_SENTENCES = {
    "secret_missing": "The key is not stored any more. Update this integration's configuration with it.",
    "host_not_allowed": "The address is not one that a key may be sent to. "
    "Correct it, or add its host to the stack's ExtraAllowedHosts.",
    "vendor_unavailable": "The vendor answers with errors of its own. Nothing is lost: requests are repeated.",
}
_DELIVERED = "Delivering. Accepted is not yet visible: if the vendor shows nothing, check that the destination is active."
_NOTHING_YET = "Nothing was delivered yet."
_DISABLED = "Disabled: its events are filtered."


class Installations(Protocol):
    """Where installations are kept."""

    def all(self) -> Sequence[Installation]: ...


class HealthRows(Protocol):
    """What the workers noted of installations, by installation id."""

    def of(self, installation_ids: Sequence[str]) -> Mapping[str, Row]: ...


class Depths(Protocol):
    """How many messages wait, by lane."""

    def all(self) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Health:
    """Everything an operator looks at first."""

    installations: Installations
    rows: HealthRows
    depths: Depths

    def report(self, _: Call) -> Answer:
        """GET /v1/admin/health: `{"status","installations":[…],"queues":[…]}`; the worst status comes first."""
        installed = self.installations.all()
        noted = self.rows.of([one.id for one in installed])
        told = [_told(one, noted.get(one.id, {})) for one in installed]
        seen = {one["status"] for one in told if one["enabled"]}
        worst = next((status for status in ("blocked", "degraded") if status in seen), "healthy")
        return answer_json(200, {"status": worst, "installations": told, "queues": list(self.depths.all())})


def sentence(catalog_key: str, reason: str) -> str:
    """What is the matter and what to do: the row of the catalog's troubleshooting table, where it has one."""
    entry = catalog.entry(catalog_key)
    hint = entry.hint(_STATUS_OF[reason]) if entry and reason in _STATUS_OF else ""
    return hint or _SENTENCES.get(reason) or f"The last request failed: {reason or 'no reason was noted'}."


def _told(one: Installation, row: Row) -> dict[str, Any]:
    status, reason = str(row.get("status") or "healthy"), str(row.get("reason") or "")
    return {
        "id": one.id,
        "name": one.name,
        "catalog_key": one.catalog_key,
        "enabled": one.enabled,
        "status": status,
        "reason": reason or None,
        "message": _message(one, status, reason) if row else _NOTHING_YET,
        "since": row.get("since"),
    }


def _message(one: Installation, status: str, reason: str) -> str:
    if not one.enabled:
        return _DISABLED
    return _DELIVERED if status == "healthy" else sentence(one.catalog_key, reason)
