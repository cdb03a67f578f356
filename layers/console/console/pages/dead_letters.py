"""Dead letters: what was given up and why, one of them in full, and sending them again."""

from typing import Any

from console.api import together
from console.visits import Moved, Page, Reply, Shown, Visit, address

LETTERS = "/v1/admin/dead-letters"
REPLAYS = "/v1/admin/replays"
HELD = "unknown"
"""The outcome of letters that may have arrived."""


def pages() -> tuple[Page, ...]:
    """Replaying needs an editor."""
    return (
        Page("GET", "/console/dead-letters", "viewer", letters),
        Page("GET", "/console/dead-letters/<id>", "viewer", letter),
        Page("POST", "/console/dead-letters/replay", "editor", replay),
        Page("POST", "/console/dead-letters/replays", "editor", replay_many),
        Page("POST", "/console/dead-letters/replays/<id>/cancel", "editor", cancel),
    )


def letters(visit: Visit) -> Reply:
    """How many of each kind, what is being replayed, and the letters, newest first."""
    names = ("reason", "integration_id", "outcome", "status")
    wanted = {name: visit.query.get(name, "").strip() for name in names}
    page, counted, replays, installed = together(
        lambda: visit.api.get(LETTERS, limit=50, cursor=visit.query.get("cursor"), **wanted),
        lambda: visit.api.get(f"{LETTERS}/groups", **wanted),
        lambda: visit.api.get(REPLAYS, limit=1),
        lambda: visit.api.every("/v1/admin/integrations"),
    )
    content = {
        "rows": page["data"],
        "next_cursor": page["next_cursor"],
        "groups": counted["data"],
        "total": counted["total"],
        "replays": [one for one in replays["data"] if one["status"] == "replaying"],
        "wanted": wanted,
        "names": {one["id"]: one["name"] for one in installed},
        "reasons": sorted({one["reason"] for one in counted["data"]} | ({wanted["reason"]} - {""})),
    }
    return Shown("dead_letters.html", content, "living")


def letter(visit: Visit) -> Reply:
    """The letter and its body."""
    return Shown("dead_letter.html", {"row": visit.api.get(f"{LETTERS}/{visit.params['id']}")})


def replay(visit: Visit) -> Reply:
    """One letter."""
    visit.api.post(f"{LETTERS}/replay", {"ids": [one for one in visit.form.get("id", []) if one]})
    return Moved(address("dead-letters"), "replayed")


def replay_many(visit: Visit) -> Reply:
    """All letters of a kind, or everything; those that may have arrived only where they are named."""
    names = ("reason", "integration_id", "queue", "outcome")
    order: dict[str, Any] = {name: visit.given(name) for name in names if visit.given(name)}
    if order.get("outcome") == HELD:
        order["held"] = True
    visit.api.post(REPLAYS, order or {"all": True})
    return Moved(address("dead-letters"), "replaying")


def cancel(visit: Visit) -> Reply:
    """Send nothing more of it."""
    visit.api.post(f"{REPLAYS}/{visit.params['id']}/cancel")
    return Moved(address("dead-letters"), "replay_ended")
