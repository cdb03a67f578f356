"""A letter's row: its keys, its place in the index, and as it is shown.

An open letter stands in the feed `LETTER#<day>#<group>`, a replayed one in `REPLAYED#<day>#<group>`: what still
waits is found without reading what is done, and what has one reason without reading the others.
"""

import hashlib
from typing import Any

from mapping.letter import Group

Letter = dict[str, Any]
"""As shown; `at` is when it was filed, `message_id` that of the queue message it was first."""


def letter_id(queue: str, identity: str) -> str:
    """The same message filed twice has the same id."""
    return "ltr_" + hashlib.sha256(f"{queue}/{identity}".encode()).hexdigest()[:24]


def letter(item: dict[str, Any]) -> Letter:
    """A row as it is shown."""
    text = {name: value["S"] for name, value in item.items() if "S" in value}
    return {
        "id": text["pk"],
        "queue": text["queue"],
        "reason": text["reason"],
        "outcome": text["outcome"],
        "detail": text.get("detail", ""),
        "integration_id": text.get("integration_id"),
        "delivery_id": text.get("delivery_id"),
        "message_id": text.get("message_id", ""),
        "receive_count": int(item["receive_count"]["N"]),
        "at": text["at"].partition("#")[0],
        "replayed_at": text.get("replayed_at"),
    }


def group_of(shown: Letter) -> Group:
    """The group a letter is counted in."""
    return Group(shown["queue"], shown["integration_id"] or "", shown["outcome"], shown["reason"])


def day_of(shown: Letter) -> str:
    """The day it was filed, `yyyy-mm-dd`."""
    return str(shown["at"][:10])


def feed(day: str, group: Group, *, replayed: bool = False) -> str:
    """The partition of the index that holds a day's letters of a group."""
    return f"{'REPLAYED' if replayed else 'LETTER'}#{day}#{group.key}"


def place(shown: Letter) -> str:
    """The sort key: unique, so that a cursor falls between two letters, never on both."""
    return f"{shown['at']}#{shown['id']}"
