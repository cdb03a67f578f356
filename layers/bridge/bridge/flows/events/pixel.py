"""An event in the query of an image: for e-mail opens and pages without scripts."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from bridge.errors import Problem
from bridge.flows.events.decode import document

IMAGE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent pixel, GIF."""

KEY_NAMES = ("writeKey", "write_key", "key")

_FIELDS = frozenset({"event", "name", "userId", "anonymousId", "groupId", "messageId", "timestamp"})
_OBJECTS = frozenset({"properties", "traits"})


def pixel_key(query: Mapping[str, str]) -> str | None:
    """The write key, under the first of its names that is filled."""
    return next((query[name] for name in KEY_NAMES if query.get(name)), None)


def pixel_event(query: Mapping[str, str]) -> dict[str, Any]:
    """`data` holds the whole event as base64 JSON, or the query its fields and `properties.<name>`.

    Raises Problem 400.
    """
    if query.get("data"):
        found = document(_unpacked(query["data"]))
        if not isinstance(found, dict):
            raise Problem(400, "INVALID_BODY", "data must hold one JSON object.")
        return found
    event: dict[str, Any] = {name: value for name, value in query.items() if name in _FIELDS}
    for name, value in query.items():
        whole, _, part = name.partition(".")
        if part and whole in _OBJECTS:
            event.setdefault(whole, {})[part] = value
    return event


def _unpacked(data: str) -> bytes:
    plain = data.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "MALFORMED_BODY", "data is not base64.") from None
