"""How an item is named in the delivery row, for Live Events."""

from typing import Any

_LONGEST = 256


def event_line(event: dict[str, Any]) -> dict[str, str]:
    """A canonical event's message id, type, name and user; values are cut at 256 characters."""
    line = {
        "message_id": event.get("messageId"),
        "type": event.get("type"),
        "name": event.get("event") or event.get("name"),
        "user": event.get("userId") or event.get("anonymousId"),
    }
    return {key: str(value)[:_LONGEST] if value is not None else "" for key, value in line.items()}


def recipient_line(campaign_id: str, user: str) -> dict[str, str]:
    """A campaign recipient in the same form: the message is the campaign."""
    return {"message_id": "", "type": "campaign", "name": campaign_id[:_LONGEST], "user": user[:_LONGEST]}
