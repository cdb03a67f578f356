"""What a viewer is shown of deliveries and dead letters: what happened to whom, with the people's own values masked.

Editors and admins see what was sent as it was sent.
"""

import json
from collections.abc import Mapping
from typing import Any

from bridge.errors import Problem
from bridge.flows.admin.admin_api import Call
from bridge.flows.authorize import Role, allows
from bridge.flows.runs.masking import HIDDEN, masked

Json = Any

_EVENT = (
    "type event messageId timestamp originalTimestamp receivedAt sentAt version channel sourceId sourceKind"
)
_RECORD = "record_type record_id destination_id timestamp"
_MESSAGE = (
    "delivery_id integration_id kind created_at replay_of source_id source_kind received_at run_id step part "
    "campaign.campaign_id campaign.order_id campaign.send_before"
)
_ANSWER = (
    "message accepted attributes_processed events_processed dispatch_id rejected.*.index rejected.*.reason "
    "errors.*.type errors.*.input_array errors.*.index"
)


def _under(place: str, names: str) -> list[str]:
    return [f"{place}.{name}" if place else name for name in names.split()]


_STAGES = frozenset(
    [
        *_under("mapped.*", _RECORD),
        "mapped.*.*.*",  # whether an object goes to Braze's attributes or events
        "request.*.url",
        *_under("request.*.body.records.*", _RECORD),
        *_under("request.*.body.events.*", "name time"),
        "request.*.body.campaign_id",
        *_under("response.*", "status latency_ms"),
        *_under("response.*.body", _ANSWER),
    ]
)
"""What of a delivery's stages names nobody: paths, with `*` for any position in a list."""
_BODIES = frozenset(_under("", _MESSAGE))
_IN_STAGES = _STAGES | {*_under("input.*", _EVENT)}
_IN_BODIES = _BODIES | {*_under("", _EVENT), *_under("items.*", _EVENT), *_under("batch.*", _EVENT)}
"""The same where what came in are events; the rows of a campaign have columns of any name."""


def sees_people(call: Call) -> bool:
    """Whether the caller may read people's values."""
    return allows(call.actor.role, Role.EDITOR)


def not_by_user(call: Call) -> None:
    """A viewer cannot find by user: searching by beginnings would spell out what is masked. Raises Problem 403."""
    if call.query.get("user") and not sees_people(call):
        raise Problem(403, "FORBIDDEN", "To find events by their user needs the role editor.")


def listed_masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the list: each event with its user masked."""
    return {**row, "events": [{**one, "user": masked(one.get("user"))} for one in row.get("events", ())]}


def stages_masked(kind: str, stages: Mapping[str, Any]) -> Json:
    """Stages of a delivery of that kind, with what names nobody as it is."""
    return _masked(stages, "", _STAGES if kind == "campaign" else _IN_STAGES)


def body_masked(body: str) -> str:
    """A dead letter's body; what is no JSON, or nested beyond all reading, is hidden as a whole."""
    try:
        document = json.loads(body)
        rows = isinstance(document, dict) and document.get("kind") == "campaign"
        return json.dumps(_masked(document, "", _BODIES if rows else _IN_BODIES), ensure_ascii=False)
    except (ValueError, RecursionError):
        return HIDDEN


def _masked(value: Json, path: str, kept: frozenset[str]) -> Json:
    if isinstance(value, Mapping):
        return {name: _masked(one, f"{path}.{name}" if path else name, kept) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, f"{path}.*" if path else "*", kept) for one in value]
    return value if path in kept else masked(value)
