"""HTTP status → what happens next, for what both vendors mean alike; nowhere else is a status judged."""

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from bridge.clients.rates import wait_after_429
from bridge.clients.transport import Answer
from bridge.errors import Blocked, BridgeError, Rejected, Retryable, Unknown

Witness = Callable[[int, Any, int], None]
"""Told of every answer before it is judged: status, parsed body (None when unreadable), latency in ms."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,63}")
LONGEST_TEXT = 200

_KEY_HINT = (
    "the key is invalid, expired, of another instance, or lacks the permission: update the installation"
)
_BLOCKED = {
    401: ("unauthorized", _KEY_HINT),
    402: ("payment_required", "the vendor refuses the account"),
    403: ("forbidden", _KEY_HINT),
    404: ("not_found", "the address or an id in it is wrong: check the installation's endpoint and ids"),
    405: ("not_found", "the address does not take this call: check the installation's endpoint"),
    407: ("forbidden", "a proxy stands in the way"),
    410: ("not_found", "the address is gone: check the installation's endpoint"),
    415: ("unsupported_media_type", "the address does not take JSON: check the installation's endpoint"),
}


READ_BY_CLIENTS = frozenset({400, 413, 422})
"""Refusals of what was sent: each vendor's client reads what exactly was wrong."""


def successful(status: int) -> bool:
    """2xx."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def refusal(answer: Answer, now: datetime) -> BridgeError | None:
    """The error an answer amounts to, or None for 2xx and for the 400, 413 and 422 each client reads itself."""
    status = answer.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        after = wait_after_429(answer.headers, now)
        return Retryable("rate_limited", "the vendor answered 429", after=after, pauses=after is not None)
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return Unknown("gateway_timeout", "a gateway gave up waiting; the request may have been applied")
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Retryable("vendor_unavailable", f"the vendor answered {status}")
    if successful(status) or status in READ_BY_CLIENTS:
        return None
    return _final(status)


def _final(status: int) -> BridgeError:
    if status in _BLOCKED:
        return Blocked(*_BLOCKED[status])
    if status < HTTPStatus.BAD_REQUEST:
        return Blocked("redirected", f"the vendor answered {status}: redirects are not followed")
    return Rejected(f"status_{status}", f"the vendor answered {status}")


def text(value: object) -> str:
    """A vendor's message as one bounded line of printable characters: a queue takes no others."""
    if value is None:
        return ""
    printable = "".join(one if one.isprintable() else " " for one in str(value))
    return " ".join(printable.split())[:LONGEST_TEXT]


def code(value: object, *, otherwise: str) -> str:
    """The vendor's own code when it is one (`EMAIL_BAD_FORMAT`), else `otherwise`; prose stays in the detail."""
    line = text(value)
    return line.lower() if _CODE.fullmatch(line) else otherwise
