"""Events offered at a pace, as server-side SDKs send them: batches over connections that stay open."""

import base64
import http.client
import json
import math
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import urlsplit

from tests.stack.house import House

AGAIN = frozenset({429, 500, 502, 503, 504})
IDLE = 3.0
"""Seconds after which a connection is opened anew: a server closes those that are idle for five."""
BREATH = 0.5
"""Seconds before a refused batch is sent again, with the same message ids."""

EVENT = (
    '{"type":"track","event":"Order Completed","userId":"%(tag)s-u%(user)d","messageId":"%(id)s",'
    '"properties":{"order_id":"%(id)s","total":42.5,"currency":"EUR","quantity":3,"sku":"B-1007"}}'
)
USERS = 5_000


@dataclass(frozen=True, slots=True)
class Batch:
    """One request's body, serialised beforehand, and the message ids in it."""

    ids: tuple[str, ...]
    body: bytes


@dataclass(slots=True)
class Taken:
    """When a batch was due, when its request went out and when it was accepted (epoch seconds); refusals before."""

    ids: tuple[str, ...]
    due: float
    begun: float = 0.0
    accepted: float = 0.0
    refused: int = 0


def tag(house: House) -> str:
    """What the message ids and users of one run begin with."""
    return f"{house.tag}-{uuid.uuid4().hex[:6]}"


def stream(prefix: str, size: int, *stretches: tuple[float, int]) -> Iterator[tuple[float, Batch]]:
    """Seconds from the start at which it is due, and a batch; a stretch is (events a second, events).

    Track events with five properties, each with an id of its own, made as they are asked for. At `math.inf`
    events a second a batch is due as soon as a connection is free.
    """
    number, due = 0, 0.0
    for rate, events in stretches:
        for start in range(0, events, size):
            many = min(size, events - start)
            ids = tuple(f"{prefix}-{number + at:08d}" for at in range(many))
            named = [{"tag": prefix, "user": (number + at) % USERS, "id": one} for at, one in enumerate(ids)]
            yield due, Batch(ids, b'{"batch":[' + ",".join(EVENT % one for one in named).encode() + b"]}")
            number += many
            due += many / rate


@dataclass
class Pace:
    """Batch after batch, each at its time, whether or not those before it were answered; none after `ends`."""

    due: Iterator[tuple[float, Batch]]
    ends: float = math.inf
    started: float = field(default_factory=time.time)
    taken: list[Taken] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def next(self) -> tuple[Batch, Taken] | None:
        """The next batch and the note of how it went; None when all are given out."""
        with self._lock:
            found = next(self.due, None) if time.time() < self.ends else None
            if found is None:
                return None
            seconds, batch = found
            told = Taken(batch.ids, self.started + seconds)
            self.taken.append(told)
            return batch, told


def offer(house: House, pace: Pace, *, senders: int = 16) -> list[Taken]:
    """Send what the pace gives with the house's write key, and say how each batch went."""
    with ThreadPoolExecutor(senders) as pool:
        for done in [pool.submit(_send, house, pace) for _ in range(senders)]:
            done.result()
    return pace.taken


def _send(house: House, pace: Pace) -> None:
    """One connection's share."""
    site = urlsplit(house.stack.api_url)
    key = base64.b64encode(f"{house.source['write_key']}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(site.hostname or "", site.port, timeout=60)
    used = time.time()
    while (one := pace.next()) is not None:
        batch, told = one
        time.sleep(max(0.0, told.due - time.time()))
        if time.time() - used > IDLE:
            connection.close()
        told.begun = time.time()
        while not _accepted(connection, headers, batch):
            told.refused += 1
            time.sleep(BREATH)
        told.accepted = used = time.time()
    connection.close()


def _accepted(connection: http.client.HTTPConnection, headers: dict[str, str], batch: Batch) -> bool:
    """False when it has to come again; what can never be accepted ends the measurement."""
    try:
        connection.request("POST", "/v1/batch", batch.body, headers)
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    if answer.status == http.HTTPStatus.OK and json.loads(text).get("accepted") == len(batch.ids):
        return True
    if answer.status not in AGAIN:
        raise SystemExit(f"a batch was refused for good: {answer.status} {text[:300]!r}")
    return False


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank: the smallest value that so large a share does not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]
