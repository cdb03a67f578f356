"""What every SDK is told to send, and what has to be found of it at the vendors."""

from typing import Any

Json = dict[str, Any]

CLOCK_IS_OFF_BY = -7200
"""Seconds: the SDKs' clocks are two hours slow, and the vendors must not notice."""
HOUR_AGO = -3600
BULK = 120
FEW = 3
TOO_MANY = 501
"""One more than a batch may hold."""

ORDER: Json = {
    "order_id": "A-1001",
    "total": 42.5,
    "items": 3,
    "gift": False,
    "tags": ["new", "säle"],
    "note": "Grüße aus Zürich 👟",
    "shipping": {"method": "post", "days": 2},
}
TRAITS: Json = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "plan": "gold",
    "age": 36,
    "vip": True,
    "address": {"city": "London", "country": "GB"},
}
SHOES: Json = {"url": "https://shop.example/shoes", "title": "Shoes", "path": "/shoes", "size": 9}


def calls(user: str) -> list[Json]:
    """Every call there is; the anonymous visitor of the first becomes the user of the others."""
    visitor = {"anonymous_id": f"anon-{user}"}
    known = {"user_id": user} | visitor
    return [
        {"call": "page", **visitor, "name": "Landing", "properties": SHOES},
        {"call": "identify", **known, "traits": TRAITS | {"email": f"{user}@shop.example"}},
        {"call": "page", **known, "category": "Catalog", "name": "Shoes", "properties": SHOES},
        {"call": "track", **known, "event": "Order Completed", "properties": ORDER | {"coupon": None}},
        {
            "call": "track",
            **known,
            "event": "Order Returned",
            "properties": {"order_id": "A-0999"},
            "at": HOUR_AGO,
        },
        {"call": "group", **known, "group_id": "club-7", "traits": {"tier": "silver"}},
        {"call": "screen", **known, "name": "Basket", "properties": {"items": 3}},
        {"call": "alias", "user_id": user, "previous_id": f"anon-{user}"},
    ]


def bulk(user: str, count: int, event: str = "Bulk") -> list[Json]:
    """Many small events of one user."""
    return [
        {"call": "track", "user_id": user, "event": event, "properties": {"number": number}}
        for number in range(count)
    ]


FILTERED = frozenset({"group", "screen", "alias"})
"""Calls that no vendor has a place for."""
