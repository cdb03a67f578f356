"""A stack with something to look at: a shop's morning, for the pictures in the docs.

Everything goes through the stack as a customer's data would, but the hour of statistics before it began.
"""

import math
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3

from bridge.stores.minutes import MinuteStore
from local.demo import clues, prepare
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.stack import Stack
from local.demo.standins import StandIns
from local.demo.watch import Watch
from local.settings import REGION, ROOT_KEY
from tests.stack.house import Json, ask, until
from tests.stack.test_exports import Bench

AUDIENCE, LARGE = "1042", "2077"
TIERS = ("bronze", "silver", "gold")
TYPES = {
    "loyalty_points": {"name": "loyalty_points", "type": "integer"},
    "tier": {"name": "tier", "type": "string"},
}
FAVOURITE = {"favourite_category": {"name": "favourite_category", "type": "string"}}
WEEKS = (15_600, 16_050, 16_800, 16_400, 17_250, 17_900, 17_600, 18_300)
"""How large the audience was, week by week."""
PRODUCTS = ("Trail shoes", "Rain jacket", "Head torch", "Water bottle", "Wool socks")


@dataclass
class Scenery:
    """`ActionIQ` and `Braze` deliver; `ActionIQ (staging)` has a key that was revoked, `Warehouse` is disabled."""

    stack: Stack
    actioniq: str = ""
    braze: str = ""
    staging: str = ""
    delivery: str = ""
    letter: str = ""
    done: str = ""
    waiting: str = ""
    under_way: str = ""

    def build(self) -> None:
        """From an empty stack; takes about a minute."""
        self._bench = self._install()
        self._hour_before()
        self._refused_key()
        self._morning()
        self._weeks()
        self._waiting_plan()
        self._large_export()

    def _install(self) -> Bench:
        api, account = Api(self.stack), Account(self.stack)
        watch = Watch(partial(clues.gather, api, account))
        found = prepare.alone(self.stack, api, StandIns(self.stack, prepare.DESTINATION), account, watch)
        self.actioniq, self.braze = found.actioniq, found.braze
        for name, kind in (("Shop backend", "server"), ("Website", "browser")):
            self._admin("POST", "sources", {"name": name, "kind": kind})
        for name, role, days in (
            ("Ada Lovelace", "editor", 90),
            ("Grace Hopper", "viewer", 90),
            ("ActionIQ journeys", "activator", 365),
        ):
            self._admin("POST", "tokens", {"name": name, "role": role, "expires_in_days": days})
        self._admin(
            "PATCH",
            f"integrations/{self.braze}",
            {"config": {"track_pages": True}, "change_summary": "Pages for the spring campaign"},
        )
        return Bench(self.stack, api, account, watch, "shop", self.braze)

    def _hour_before(self) -> None:
        """As the workers would have counted it."""
        session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        client: Any = session.client("dynamodb", endpoint_url=self.stack.emulator_url)
        minutes = MinuteStore(client, self.stack.outputs["DeliveriesTableName"])
        now = datetime.now(UTC)
        for ago in range(1, 62):
            level = 420 + 160 * math.sin(ago / 9) + 45 * math.sin(ago * 2.3)
            counts = {self.actioniq: _counts(level * 1.25, 41, 880), self.braze: _counts(level, 63, 1040)}
            minutes.add(now - timedelta(minutes=ago), counts)

    def _refused_key(self) -> None:
        """A source of its own feeds it, so that the morning's events do not."""
        made = self._admin("POST", "sources", {"name": "Staging", "kind": "server", "test": True})
        known = prepare.ACTIONIQ["config"] | {"api_key": "aiq_revoked_in_march"}
        body = {"name": "ActionIQ (staging)", "config": known, "sources": [made["id"]]}
        self.staging = self._admin("POST", "integration-catalog/actioniq/install", body)["id"]
        letters = f"dead-letters?integration_id={self.staging}"
        for number in range(4):
            self._send([_event(number, "Order Completed", total=20.0 + number)], made["write_key"])
            found = until(partial(self._at_least, number + 1, letters), "a dead letter")
        self.letter = found[0]["id"]

    def _at_least(self, count: int, path: str) -> list[Json]:
        found: list[Json] = self._admin("GET", path)["data"]
        return found if len(found) >= count else []

    def _morning(self) -> None:
        """One request after the other, as visitors come."""
        for batch in _visits():
            self._send(batch, self.stack.write_key)
            time.sleep(0.25)
        viewed = f"live-events?integration_id={self.braze}&name=Product%20Viewed&status=delivered"
        self.delivery = until(lambda: self._admin("GET", viewed)["data"], "a delivery")[0]["delivery_id"]

    def _weeks(self) -> None:
        """In the last one everybody's points change, and Braze takes its time."""
        first = 0
        for week, size in enumerate(WEEKS):
            last = week == len(WEEKS) - 1
            self._slow(0.15 if last else 0.0)
            first += 180 + 90 * (week % 4)
            self.done = self._put(AUDIENCE, "1", _members(first, size, week, 2 if last else 11), TYPES)
            self._bench.ends(self.done)

    def _waiting_plan(self) -> None:
        self._slow(0.0)
        self._bench.ends(self._put(AUDIENCE, "2", _members(0, 900, 1), TYPES))
        self.waiting = self._put(AUDIENCE, "2", _members(410, 490, 2), TYPES)
        self._bench.becomes(self.waiting, "waiting_approval")

    def _large_export(self) -> None:
        """Seven parts to a Braze that is slower still: under way when the pictures are taken."""
        rows = [
            {"external_id": f"customer-{number:05d}", "favourite_category": PRODUCTS[number % 5]}
            for number in range(52_000)
        ]
        self._slow(2.0)
        self.under_way = self._put(LARGE, "A", rows, FAVOURITE)
        self._bench.becomes(self.under_way, "syncing")

    def settle(self) -> None:
        """Let the run under way come to its end."""
        self._slow(0.0)
        self._bench.ends(self.under_way)

    def _put(self, audience: str, split: str, rows: Sequence[Json], types: Json) -> str:
        return self._bench.put(f"audience={audience}/split={split}", rows, attributes=types)

    def _slow(self, seconds: float) -> None:
        """How long Braze takes for a request, more or less."""
        slow = {"fault": "latency", "path": "/users/track", "seconds": seconds, "jitter": seconds / 2}
        faults = [slow] if seconds else []
        status, told = ask("PUT", f"{self.stack.braze_url}/_standin/modes", {"faults": faults})
        assert status == 200, told

    def _send(self, batch: list[Json], write_key: str) -> None:
        status, told = ask("POST", f"{self.stack.api_url}/v1/batch", {"batch": batch}, bearer=write_key)
        assert status == 200, told

    def _admin(self, method: str, path: str, body: Any = None) -> Json:
        url = f"{self.stack.api_url}/v1/admin/{path}"
        status, found = ask(method, url, body, bearer=self.stack.admin_token)
        assert status < 300, found
        return dict(found)


def _counts(delivered: float, latency: int, lag: int) -> dict[str, int]:
    answers = max(1, round(delivered / 40))
    return {
        "delivered": round(delivered),
        "failed": round(delivered / 400),
        "latency_ms": latency * answers,
        "answers": answers,
        "lag_ms": lag * answers,
        "lags": answers,
    }


def _visits() -> Iterator[list[Json]]:
    """Somebody looks around, signs up, buys: a few events a request."""
    for number in range(14):
        page = {"url": f"https://shop.example.com/outdoor/{number}", "title": PRODUCTS[number % 5]}
        yield [_event(number, "", type="page", name="Product", properties=page)]
        yield [_event(number, "Product Viewed", product=PRODUCTS[number % 5])]
        if number % 3 == 0:
            email = {"email": f"customer-{number:04d}@example.com", "loyalty_points": 40 * number}
            yield [_event(number, "", type="identify", traits=email)]
        if number % 2:
            yield [
                _event(number, "Order Completed", order_id=f"A-{2600 + number}", revenue=59.9 + number),
                _event(number, "Newsletter Subscribed", topic="Outdoor"),
            ]


def _event(number: int, event: str, **more: Any) -> Json:
    person = {"userId": f"customer-{number:04d}", "messageId": str(uuid.uuid4())}
    if event:
        return {"type": "track", "event": event, "properties": more} | person
    return more | person


def _members(first: int, size: int, week: int, every: int = 11) -> list[Json]:
    """One in `every` has other points than in the weeks before."""
    return [
        {
            "external_id": f"customer-{number:05d}",
            "loyalty_points": number % 97 * 10 + (week if number % every == 0 else 0),
            "tier": TIERS[number % 3],
        }
        for number in range(first, first + size)
    ]
