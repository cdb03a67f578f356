"""What the vendor says of a key: asked of what is installed, and before an install is saved."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridge.errors import Problem
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
