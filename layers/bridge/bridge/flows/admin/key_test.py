"""What the vendor says of a key: asked of what is installed, and before an install is saved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import Blocked, Problem
from bridge.flows.admin.admin_api import invalid
from bridge.flows.problems import at
from mapping.installation import Installation

Check = dict[str, Any]
"""`{"permission","status":"ok|failed|unknown","vendor_status","reason","hint"}`; unknown is worth another try.

`reason` is empty, `invalid_key`, `missing_permission` (the key as such is known), `wrong_address`, or the code
of what kept the call from going out.
"""

Probe = Callable[[Installation, Mapping[str, str]], list[Check]]
"""Asks the vendor what the key may do, one result per permission; sends nothing a customer could see."""


class Secrets(Protocol):
    """Where the vendors' keys are kept."""

    def get(self, catalog_key: str, owner_id: str, *, fresh: bool = False) -> dict[str, str]: ...


class Health(Protocol):
    """Where it is noted whether an installation works."""

    def mended(self, installation_id: str, *, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class KeyTest:
    """Asks the vendor what the stored key of an installation may do."""

    secrets: Secrets
    probe: Probe
    health: Health
    clock: Callable[[], datetime]

    def ask(self, installation: Installation) -> dict[str, Any]:
        """As `report` says; when every check passes the installation is healthy, whatever was noted before."""
        try:
            secrets = self.secrets.get(installation.catalog_key, installation.id, fresh=True)
            checks = self.probe(installation, secrets)
        except Blocked as blocked:
            told = {"reason": blocked.reason, "hint": blocked.detail or blocked.reason}
            checks = [{"permission": "secret", "status": "failed", "vendor_status": None, **told}]
        found = report(checks)
        if checks and found["ok"]:
            self.health.mended(installation.id, now=self.clock())
        return found


def report(checks: Sequence[Check]) -> dict[str, Any]:
    """`{"ok","checks"}`: ok when every single check is."""
    return {"ok": all(one["status"] == "ok" for one in checks), "checks": list(checks)}


def asked_for(query: Mapping[str, str]) -> bool:
    """`?test=true`; left out it is false. Raises Problem 422 for anything else."""
    given = query.get("test", "false")
    if given not in {"true", "false"}:
        raise invalid([at("/test", "not_a_boolean", "test is true or false")])
    return given == "true"


def passed(told: Mapping[str, Any]) -> None:
    """Raises Problem with the report in it: 422 where the vendor said no, 503 where it only kept silent."""
    if told["ok"]:
        return
    failed = [one for one in told["checks"] if one["status"] == "failed"]
    if not failed:
        silent = "The vendor did not answer every question; nothing was saved."
        raise Problem(503, "TEST_UNANSWERED", silent, test=told)
    faults = [at("/config", one["reason"], f"{one['permission']}: {one['hint']}") for one in failed]
    refused = "The vendor refuses this configuration; nothing was saved."
    raise Problem(422, "TEST_FAILED", refused, faults, test=told)
