"""What may go wrong between an SDK and us: answers as our own code and the gateway make them, met once or always."""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.flows.events.decode import MAX_BODY_BYTES
from bridge.flows.events.front_door import FrontDoor


@dataclass(frozen=True, slots=True)
class Setback:
    """An answer an SDK gets; `taken` when the stack has got the request all the same, `times` POSTs long."""

    status: int
    headers: dict[str, str]
    body: bytes
    taken: bool = False
    times: int = 1


@dataclass(frozen=True)
class _Source:
    id: str = "src_1"
    kind: str = "browser"
    test: bool = False
    enabled: bool = True


class _FullQueue:
    """Knows every key, takes no message."""

    def by_write_key(self, _key: str) -> _Source:
        return _Source()

    def of_source(self, _source_id: str) -> None:
        return None

    def offer(self, bodies: Sequence[str], *, group: str | None = None) -> range:
        return range(len(bodies))


EVENT = {"type": "track", "event": "Order Completed", "userId": "u-1"}


def _ours(body: bytes, **more: Any) -> Setback:
    stand: Any = _FullQueue()
    door = FrontDoor(stand, stand, stand, stand, lambda: datetime(2026, 1, 1, tzinfo=UTC), str)
    answer = door.answer(
        {
            "rawPath": "/v1/batch",
            "headers": {"authorization": "Bearer dk_live_0"},
            "requestContext": {"http": {"method": "POST"}},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
    )
    return Setback(answer["statusCode"], answer["headers"], answer["body"].encode(), **more)


UNAVAILABLE = _ours(json.dumps({"batch": [EVENT]}).encode(), taken=True)
"""The worst of its kind: everything was queued, and the SDK is told that not everything was."""
TOO_LARGE = _ours(gzip.compress(b" " * (MAX_BODY_BYTES + 1)), times=100)
THROTTLED = Setback(429, {"Content-Type": "application/json"}, b'{"message":"Too Many Requests"}')
"""The gateway's own: no code, no wait, and nothing that would let a page read it."""
