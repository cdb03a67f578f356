"""Small logs, and vendors that hold exactly what a faultless bundle would have brought them."""

import csv
import gzip
import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from local.demo import audience, campaign, events, exports, log
from local.demo.compare import Held
from local.demo.exports import File
from local.demo.log import Order

Json = dict[str, Any]
DAYS = (date(1997, 3, 31), date(1997, 4, 30), date(1997, 5, 31))


@cache
def whole_log() -> tuple[Order, ...]:
    """The shipped log, read once for all tests."""
    return tuple(log.read())


def order(customer: str = "00001", number: int = 1, day: str = "1997-03-01", dollars: str = "60.00") -> Order:
    """An order that puts its customer into the audience of March."""
    return Order(customer, number, date.fromisoformat(day), 2, Decimal(dollars))


def faultless(orders: list[Order], tag: str) -> Held:
    """Both vendors after everything, read back from the events and the export files themselves."""
    sent = events.build(orders, run=tag)
    profiles: dict[str, Json] = {
        event["userId"]: {
            "external_id": event["userId"],
            "braze_id": "b",
            "email": event["traits"]["email"],
            "custom_attributes": {name: value for name, value in event["traits"].items() if name != "email"},
        }
        for event in sent
        if event["type"] == "identify"
    }
    for split in audience.SPLITS:
        _exported(orders, split, profiles)
    records = [record(event) for event in sent]
    return Held(
        records, [braze_event(e) for e in sent if e["type"] == "track"], [*profiles.values()], sends(orders)
    )


def record(event: Json) -> Json:
    """An event as ActionIQ holds it."""
    kinds = {"track": "custom_event", "page": "page_view", "identify": "user_profile"}
    identifiers = {"user_id": event["userId"]}
    attributes: Json = dict(event.get("properties") or event["traits"])
    if event["type"] == "track":
        attributes["event_name"] = event["event"]
    if event["type"] == "page":
        attributes["name"] = event["name"]
    if event["type"] == "identify":
        identifiers["email"] = event["traits"]["email"]
    return {
        "record_id": event["messageId"],
        "record_type": kinds[event["type"]],
        "destination_id": "dest-12345",
        "timestamp": event["timestamp"],
        "identifiers": identifiers,
        "attributes": attributes,
    }


def braze_event(event: Json) -> Json:
    """An order as Braze holds it."""
    return {
        "external_id": event["userId"],
        "name": event["event"],
        "time": event["timestamp"],
        "properties": event["properties"],
    }


def sends(orders: list[Order]) -> list[Json]:
    """The campaign messages of the last export."""
    before, now = (audience.members(orders, day, audience.TREATED) for day in DAYS[-2:])
    chosen = [(campaign.JOINERS, member) for member in campaign.joined(before, now)]
    chosen += [(campaign.BEST, member) for member in campaign.best(now)]
    return [
        {
            "campaign_id": campaign_id,
            "recipient": {"external_user_id": member.external_id},
            "trigger_properties": {"lifetime_value": float(member.lifetime_value)},
        }
        for campaign_id, member in chosen
    ]


def rows(files: Iterable[File]) -> list[dict[str, str]]:
    """The rows of an export's parts, as text."""
    parts = [file.body for file in files if file.key.endswith(".csv.gz")]
    return [row for body in parts for row in csv.DictReader(gzip.decompress(body).decode().splitlines())]


def manifest(files: list[File]) -> Json:
    """The last file of an export."""
    found: Json = json.loads(files[-1].body)
    return found


def _exported(orders: list[Order], split: str, profiles: dict[str, Json]) -> None:
    membership = f"AIQ_{audience.AUDIENCE}_{split}"
    for day in DAYS:
        members = audience.members(orders, day, split)
        for profile in profiles.values():
            if membership in profile["custom_attributes"]:
                profile["custom_attributes"][membership] = False
        files = exports.files("x", exports.AUDIENCE_COLUMNS, members, exported_at=exports.end_of(day))
        for row in rows(files):
            profiles[row["external_id"]]["custom_attributes"] |= {
                membership: True,
                "orders": int(row["orders"]),
                "lifetime_value": float(row["lifetime_value"]),
                "last_order_date": f"{row['last_order_date']}T00:00:00Z",
            }
