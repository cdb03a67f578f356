"""Canonical events and settings with overrides: the same arguments give the same value."""

from datetime import UTC, datetime
from typing import Any

from mapping.event import Event, normalise
from mapping.installation import ActionIqSettings, BrazeSettings, Installation, Revision

RECEIVED = datetime(2026, 9, 1, 12, tzinfo=UTC)
AT = "2026-09-01T12:00:00.000Z"


def event(kind: str = "track", **fields: Any) -> Event:
    """A canonical event of user u-1; a field set to None is left out."""
    raw: Event = {"type": kind, "userId": "u-1", "messageId": "m-1", "timestamp": AT}
    if kind == "track":
        raw["event"] = "Order Completed"
    return canonical(raw | fields)


def canonical(raw: object, **options: Any) -> Event:
    """What normalise makes of a raw event received at noon."""
    given: dict[str, Any] = {"received_at": RECEIVED, "fallback_id": "fallback"}
    return normalise(raw, **(given | options))


def braze_settings(**fields: Any) -> BrazeSettings:
    """Braze's settings with their defaults."""
    return BrazeSettings(**({"rest_endpoint": "https://rest.iad-01.braze.com"} | fields))


def actioniq_settings(**fields: Any) -> ActionIqSettings:
    """The settings of the documented example."""
    return ActionIqSettings(**({"account_id": "your-account-id", "destination_id": "dest-12345"} | fields))


def installation(**fields: Any) -> Installation:
    """An installed integration at its first revision."""
    revision = Revision(id="rev_1", revision_number=1, created_at=AT)
    given: dict[str, Any] = {
        "id": "int_1",
        "catalog_key": "braze",
        "name": "Braze",
        "config": {"rest_endpoint": "https://rest.iad-01.braze.com"},
        "revision": revision,
        "created_at": AT,
        "updated_at": AT,
    }
    return Installation(**(given | fields))
