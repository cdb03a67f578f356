"""The HTTP API as the console sees it, in memory: documents by path, and what was asked of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.api import Api, ApiError, Document

AT = "2026-11-22T12:00:00.000Z"
XSS = "<script>alert(1)</script>\"'>"


def integration(**more: Any) -> dict[str, Any]:
    return {
        "id": "int_1",
        "catalog_key": "actioniq",
        "name": "ActionIQ",
        "variant": "default",
        "delivery_mode": "server_side",
        "enabled": True,
        "sources": None,
        "config": {"api_key": "***", "account_id": "acc", "destination_id": "dest-12345", "claims": True},
        "revision": {
            "id": "rev_1",
            "revision_number": 1,
            "created_at": AT,
            "created_by": "ops",
            "change_summary": "Installed",
        },
        "created_at": AT,
        "updated_at": AT,
    } | more


def catalog_field(key: str, label: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "label": label,
        "type": kind,
        "required": False,
        "required_if": None,
        "placeholder": "",
        "help_text": "",
        "default": None,
        "options": [],
        "minimum": None,
        "maximum": None,
        "pattern": "",
        "format": "",
    } | more


def entry(**more: Any) -> dict[str, Any]:
    return {
        "key": "actioniq",
        "name": "ActionIQ",
        "description": "Enterprise customer data platform",
        "category": "cdp",
        "delivery_modes": ["server_side"],
        "config_fields": [
            catalog_field("api_key", "API key", "secret", required=True, help_text="Settings > API Keys"),
            catalog_field("account_id", "Account ID", required=True),
            catalog_field("destination_id", "Destination ID", required=True),
            catalog_field("claims", "Send at most once", "boolean", default=True),
            catalog_field("retries", "Retries", "integer"),
            catalog_field("mode", "Mode", "select", options=[{"value": "a", "label": "A"}]),
            catalog_field("consent", "Consent", "list", options=[{"value": "ads", "label": "Ads"}]),
        ],
        "variants": [{"key": "default", "name": "Default", "description": "Ready", "default_config": {}}],
        "permissions": [{"name": "write access", "needed_for": "records", "also_written": []}],
        "troubleshooting": [
            {
                "symptom": "401 Unauthorized",
                "cause": "Wrong key",
                "resolution": "New key",
                "vendor_status": 401,
            }
        ],
    } | more


def delivery(**more: Any) -> dict[str, Any]:
    return {
        "delivery_id": "dlv_1",
        "integration_id": "int_1",
        "kind": "events",
        "status": "delivered",
        "vendor_status": 200,
        "attempt": 1,
        "latency_ms": 12,
        "reason": "",
        "detail": "",
        "counts": {"delivered": 1},
        "events": [{"message_id": "m", "type": "track", "name": "Order Completed", "user": "u1"}],
        "events_cut": 0,
        "at": AT,
    } | more


def run(**more: Any) -> dict[str, Any]:
    plan = {
        "members": 100,
        "joined": 60,
        "left": 30,
        "changed": 10,
        "unchanged": 0,
        "rejected": 1,
        "data_points": 130,
        "requests": 2,
        "attributes": {"AIQ_1042_1": 90, "tier": 9},
        "waits_for": [{"code": "removes_many", "detail": "30 of 100 leave"}],
        "warnings": ["Email looks like email"],
        "dry_run": False,
        "send_before": None,
        "seconds_at_limit": 0.1,
        "biggest_changes": [{"attribute": "tier", "changed": 9, "of_stayers": 3, "share": 0.03}],
        "samples": [{"kind": "joins", "external_id": "u…1"}],
    }
    return {
        "id": "run_1",
        "kind": "audience",
        "integration_id": "int_1",
        "export_id": "e1",
        "audience_id": "1042",
        "split_id": "1",
        "campaign_id": None,
        "mode": "full",
        "status": "waiting_approval",
        "approved": [],
        "approved_by": "",
        "halt": None,
        "waits_on": "",
        "result": {},
        "created_at": AT,
        "updated_at": AT,
        "ended_at": None,
        "plan": plan,
        "progress": {"parts": 4, "parts_done": 1},
        "report_url": None,
    } | more


def progress(**more: Any) -> dict[str, Any]:
    """As the API tells it where one run is asked for."""
    first = {"part": 1, "status": "done", "rows": 50, "accepted": 49, "rejected": 1, "held": 0}
    second = {"part": 2, "status": "sending", "rows": 50, "accepted": 12, "rejected": 0, "held": 0}
    return {
        "parts": 4,
        "parts_done": 1,
        "rows": 200,
        "accepted": 61,
        "rejected": 1,
        "held": 0,
        "rows_per_second": 30.4,
        "seconds_left": 4.6,
        "by_part": [first, second],
    } | more


def report(*paces: float) -> dict[str, Any]:
    """A run's report, as far as the console reads it: a pace a second."""
    points = [
        {"at": f"2026-11-22T12:00:{at:02d}.000Z", "rows_per_second": pace} for at, pace in enumerate(paces)
    ]
    return {"text": json.dumps({"id": "run_1", "throughput": points}), "content_type": "application/json"}


def letter(**more: Any) -> dict[str, Any]:
    return {
        "id": "ltr_1",
        "queue": "braze",
        "reason": "unauthorized",
        "outcome": "blocked",
        "detail": "the key was refused",
        "integration_id": "int_1",
        "delivery_id": "dlv_1",
        "receive_count": 1,
        "at": AT,
        "replayed_at": None,
    } | more


def letter_groups(*outcomes: str) -> dict[str, Any]:
    """One kind of letters for each outcome."""
    group = {"queue": "braze", "integration_id": "int_1", "reason": "unauthorized", "count": 100_000}
    days = {"first_day": "2026-11-21", "last_day": "2026-11-22"}
    found = [group | days | {"outcome": outcome} for outcome in outcomes]
    return {"data": found, "total": 100_000 * len(found)}


def replaying(**more: Any) -> dict[str, Any]:
    return {
        "id": "rpl_1",
        "status": "replaying",
        "queue": None,
        "reason": "unauthorized",
        "integration_id": "int_1",
        "total": 100_000,
        "replayed": 41_000,
        "waits_for": None,
    } | more


def health(status: str = "healthy") -> dict[str, Any]:
    told = {"id": "int_1", "name": "ActionIQ", "catalog_key": "actioniq", "enabled": True, "status": status}
    queue = {"name": "braze", "waiting": 3, "in_flight": 0, "delayed": 0, "dead_letters": 2}
    told |= {"reason": None, "message": "Make a new key.", "since": None}
    return {"status": status, "installations": [told], "queues": [queue]}


def statistics() -> dict[str, Any]:
    summary = {"events": 75, "filtered": 0, "failed": 25, "success": 0.75, "latency_ms": 40, "lag_ms": 900}
    return {
        "from": AT,
        "to": AT,
        "totals": summary,
        "integrations": [{"integration_id": "int_1", "name": "ActionIQ", **summary}],
        "minutes": [{"at": AT}],
        "series": [{"label": "ActionIQ", "values": [75]}],
        "data_points": {"sent": 60, "full_resend": 240, "saved": 180, "runs": 2},
        "runs_waiting": 1,
    }


def listed(*rows: Mapping[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {"data": list(rows), "next_cursor": cursor, "has_more": cursor is not None}


@dataclass
class FakeApi:
    """`says` maps "GET /path" to a document or an ApiError; anything else is our API's 404."""

    says: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    gateways: list[str] = field(default_factory=list)

    def of(self, gateway: str, token: str) -> Any:
        self.gateways.append(gateway)
        self.tokens.append(token)
        return self

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._say("GET", path, {name: value for name, value in query.items() if value})

    every = Api.every

    def post(self, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._say("POST", path, dict(document or {}))

    def patch(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        return self._say("PATCH", path, dict(document))

    def delete(self, path: str) -> None:
        self._say("DELETE", path, None)

    def document(self, path: str, accept: str) -> Document:
        return Document(**self._say("GET", path, accept))

    def _say(self, method: str, path: str, told: Any) -> dict[str, Any]:
        self.asked.append((f"{method} {path}", told))
        said = self.says.get(f"{method} {path}", ApiError(404, "There is no such thing."))
        if isinstance(said, Exception):
            raise said
        return dict(said or {})

    def changes(self) -> list[tuple[str, Any]]:
        """What was asked beside reading."""
        return [(what, told) for what, told in self.asked if not what.startswith("GET")]


def full_api() -> FakeApi:
    """An API that has one of everything."""
    admin = "/v1/admin"
    return FakeApi(
        {
            f"GET {admin}/whoami": {"token_id": "tok", "name": "Ada", "role": "admin", "expires_at": None},
            f"GET {admin}/health": health(),
            f"GET {admin}/statistics": statistics(),
            f"GET {admin}/integrations": listed(integration()),
            f"GET {admin}/integrations/int_1": integration(),
            f"GET {admin}/integrations/int_1/revisions": listed(integration()["revision"]),
            f"GET {admin}/integration-catalog": listed(entry()),
            f"GET {admin}/integration-catalog/actioniq": entry(),
            f"GET {admin}/live-events": listed(delivery(), cursor="next"),
            f"GET {admin}/live-events/dlv_1": delivery()
            | {
                "stages": {"input": [{"a": 1}], "mapped": [], "request": {"path": "/"}, "response": None},
                "outcomes": [{"outcome": "delivered"}],
            },
            f"GET {admin}/audience-runs": listed(
                run(), run(id="run_0", status="done", created_at="2026-11-21T12:00:00.000Z")
            ),
            f"GET {admin}/audience-runs/run_1": run(progress=progress()),
            f"GET {admin}/dead-letters": listed(letter()),
            f"GET {admin}/dead-letters/groups": letter_groups("blocked"),
            f"GET {admin}/replays": listed(),
            f"GET {admin}/dead-letters/ltr_1": letter() | {"body": '{"a":1}'},
            f"GET {admin}/audit-logs": listed(
                {
                    "id": "aud_1",
                    "action": "integration.created",
                    "outcome": "done",
                    "user_id": "tok",
                    "user_name": "Ada",
                    "resource_type": "integration",
                    "resource_id": "int_1",
                    "changes": {},
                    "timestamp": AT,
                }
            ),
            f"GET {admin}/sources": listed(
                {
                    "id": "src_1",
                    "name": "Shop",
                    "kind": "server",
                    "test": False,
                    "enabled": True,
                    "key_prefix": "dk_live_ab",
                    "created_at": AT,
                }
            ),
            f"GET {admin}/tokens": listed(
                {
                    "id": "tok_1",
                    "name": "Ada",
                    "role": "admin",
                    "prefix": "sb_abcd",
                    "created_at": AT,
                    "expires_at": None,
                    "last_used_at": None,
                }
            ),
        }
    )
