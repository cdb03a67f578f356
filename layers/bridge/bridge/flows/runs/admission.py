"""What goes out once, in time, or not at all: recipients of a campaign and events of an export."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from bridge.flows.runs.pump import Admission
from mapping.export import RunPlan
from mapping.times import iso


class Claims(Protocol):
    """What was ordered once already: a claim is owned by the run that took it first."""

    def take(
        self, installation_id: str, kind: str, ids: Sequence[str], *, owner: str, now: datetime
    ) -> Sequence[str]:
        """Those of `ids` that this owner may send; raises Retryable when nobody can say now."""

    def release(self, installation_id: str, kind: str, ids: Sequence[str], *, owner: str) -> None:
        """Give back those that are this owner's; raises Retryable."""


def admission(plan: RunPlan, run_id: str, claims: Claims, clock: Callable[[], datetime]) -> Admission | None:
    """Asked before lines go out; None where sending twice does no harm."""
    if plan.kind in ("audience", "reconcile"):
        return None

    def admit(lines: Mapping[int, bytes]) -> Mapping[int, str]:
        now = clock()
        if plan.send_before and iso(now) >= plan.send_before:
            return dict.fromkeys(lines, "expired")
        if plan.kind == "events" and not plan.details.get("claims", True):
            return {}
        keys = {line: _claim(plan, body) for line, body in lines.items()}
        wanted = list(dict.fromkeys(keys.values()))
        owned = set(claims.take(plan.integration_id, plan.kind, wanted, owner=run_id, now=now))
        return {line: "duplicate" for line, key in keys.items() if key not in owned}

    return admit


def release(plan: RunPlan, run_id: str, claims: Claims, lines: Iterable[bytes]) -> None:
    """Give back what was claimed for lines that never arrived: put again, the export sends those and no others."""
    keys = list(dict.fromkeys(_claim(plan, line) for line in lines))
    if keys:
        claims.release(plan.integration_id, plan.kind, keys, owner=run_id)


def _claim(plan: RunPlan, line: bytes) -> str:
    if plan.kind == "events":
        return sha256(line).hexdigest()
    recipient = json.loads(line)
    user = recipient.get("external_user_id") or recipient.get("braze_id")
    return f"{plan.export_id}#{plan.campaign_id}#{user}"
