"""Dead letters: what was given up and why, one of them in full, and sending them again."""

from typing import Any

from console.api import together
from console.visits import Moved, Page, Reply, Shown, Visit, address

LETTERS = "/v1/admin/dead-letters"


def pages() -> tuple[Page, ...]:
    """Replaying needs an editor."""
    return (
        Page("GET", "/console/dead-letters", "viewer", letters),
        Page("GET", "/console/dead-letters/<id>", "viewer", letter),
        Page("POST", "/console/dead-letters/replay", "editor", replay),
    )


def letters(visit: Visit) -> Reply:
    """By reason, newest first."""
    wanted = {name: visit.query.get(name, "").strip() for name in ("reason", "integration_id", "status")}
    page, installed = together(
        lambda: visit.api.get(LETTERS, limit=50, cursor=visit.query.get("cursor"), **wanted),
        lambda: visit.api.every("/v1/admin/integrations"),
    )
    content = {
        "rows": page["data"],
        "next_cursor": page["next_cursor"],
        "wanted": wanted,
        "names": {one["id"]: one["name"] for one in installed},
        "reasons": sorted({row["reason"] for row in page["data"]} | ({wanted["reason"]} - {""})),
    }
    return Shown("dead_letters.html", content, "living")


def letter(visit: Visit) -> Reply:
    """The letter and its body."""
    return Shown("dead_letter.html", {"row": visit.api.get(f"{LETTERS}/{visit.params['id']}")})


def replay(visit: Visit) -> Reply:
    """One letter, or all that match, a thousand a call."""
    ids = [one for one in visit.form.get("id", []) if one]
    reason, integration_id = visit.given("reason"), visit.given("integration_id")
    document: dict[str, Any] = {"ids": ids} if ids else {"reason": reason}
    if not ids and integration_id:
        document["integration_id"] = integration_id
    visit.api.post(f"{LETTERS}/replay", document)
    return Moved(address("dead-letters"), "replayed")
