"""Reading Braze's bodies: which items it refused, whether it took the rest, and what a 400 means."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bridge.clients.statuses import code, text
from bridge.errors import BridgeError, Rejected, TooLarge, Unknown

line = text


@dataclass(frozen=True, slots=True)
class ItemError:
    """One refused object: its array and position in the request, or neither when Braze did not say which."""

    array: str | None
    index: int | None
    reason: str
    detail: str


# A 400 whose cause lies in the order as a whole: halving the recipients would not help (errors page).
_ORDER_FAULTS = {
    "no recipients": "no_recipients",
    "invalid campaign id": "invalid_campaign_id",
    "message variant unspecified": "message_variant_unspecified",
    "invalid message variant": "invalid_message_variant",
    "mismatched message type": "mismatched_message_type",
}
# A 400 that says the request holds too much; 413 says the same of its bytes.
_TOO_MUCH = ("max input length exceeded", "the max number of", "too many", "too large")


def confirmed(status: int, body: Any) -> None:
    """Accept a 2xx only when its body says so: `success`, or `queued` in maintenance mode (202). Else Unknown."""
    if not isinstance(body, dict):
        raise Unknown("unreadable_answer", f"Braze answered {status} with a body that cannot be read")
    message = str(body.get("message", "")).strip().lower()
    if message != "success" and not (status == HTTPStatus.ACCEPTED and message == "queued"):
        raise Unknown(
            "not_confirmed", f"Braze answered {status} without success: {text(body.get('message'))}"
        )


def item_errors(body: Any) -> tuple[ItemError, ...]:
    """`errors` as dicts `{"type","input_array","index"}` or as bare strings; the first error of an object stands."""
    listed = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        listed = [] if listed is None else [listed]
    found: dict[tuple[str | None, int | None], ItemError] = {}
    for entry in listed:
        error = _item_error(entry)
        found.setdefault((error.array, error.index), error)
    return tuple(found.values())


def _item_error(entry: Any) -> ItemError:
    if not isinstance(entry, dict):
        return ItemError(None, None, code(entry, otherwise="refused_by_braze"), text(entry))
    array, index = entry.get("input_array"), entry.get("index")
    named = isinstance(array, str) and isinstance(index, int) and not isinstance(index, bool)
    said = entry.get("type") or entry.get("message") or entry
    reason = code(entry.get("type"), otherwise="refused_by_braze")
    return ItemError(array if named else None, index if named else None, reason, text(said))


def fatal(status: int, body: Any) -> tuple[ItemError, ...]:
    """What a 400 or 413 amounts to: the items it names, else raised as TooLarge (halve) or Rejected (the order)."""
    error = _whole(status, body)
    if error is not None:
        raise error
    return tuple(entry for entry in item_errors(body) if entry.index is not None)


def _whole(status: int, body: Any) -> BridgeError | None:
    told = body if isinstance(body, dict) else {}
    message = text(told.get("message", told.get("error")))
    lower = message.lower()
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or lower.startswith(_TOO_MUCH):
        return TooLarge("too_large", message or "Braze answered 413")
    for fault, reason in _ORDER_FAULTS.items():
        if lower.startswith(fault):
            return Rejected(reason, message)
    if any(entry.index is not None for entry in item_errors(body)):
        return None
    return TooLarge("refused_as_a_whole", message or f"Braze answered {status} and named nothing")
