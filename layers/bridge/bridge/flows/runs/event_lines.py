"""How an item is named in the delivery row, for Live Events."""

from typing import Any

from mapping.delivery import DeliveryMessage

_LONGEST = 256


def item_line(message: DeliveryMessage, item: dict[str, Any]) -> dict[str, str]:
    """Message id, type, name and user of an event; of a campaign's recipient the campaign and the user."""
    if message.campaign is not None:
        user = item.get("external_id") or item.get("braze_id")
        return _line("", "campaign", message.campaign.campaign_id, user)
    name = item.get("event") or item.get("name")
    return _line(item.get("messageId"), item.get("type"), name, item.get("userId") or item.get("anonymousId"))


def _line(message_id: object, kind: object, name: object, user: object) -> dict[str, str]:
    return {"message_id": _text(message_id), "type": _text(kind), "name": _text(name), "user": _text(user)}


def _text(value: object) -> str:
    return str(value)[:_LONGEST] if value is not None else ""
