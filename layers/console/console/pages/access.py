"""Access: sources with their write keys, admin tokens, who changed what; a key is shown once, by whoever made it."""

from typing import Any

from console.api import together
from console.visits import Moved, Page, Reply, Shown, Visit, address

SOURCES, TOKENS, AUDIT = "/v1/admin/sources", "/v1/admin/tokens", "/v1/admin/audit-logs"
ENTRIES = 25


def pages() -> tuple[Page, ...]:
    """Sources for editors, tokens and the audit log for admins."""
    return (
        Page("GET", "/console/access", "viewer", access),
        Page("POST", "/console/access/sources", "editor", create_source),
        Page("POST", "/console/access/sources/<id>/delete", "admin", delete_source),
        Page("POST", "/console/access/tokens", "admin", create_token),
        Page("POST", "/console/access/tokens/<id>/delete", "admin", delete_token),
    )


def access(visit: Visit) -> Reply:
    """All three lists, or as much of them as the visitor may see."""
    return _shown(visit)


def create_source(visit: Visit) -> Reply:
    """A source and its write key."""
    wanted = {
        "name": visit.given("name"),
        "kind": visit.given("kind") or "server",
        "test": visit.given("test") == "true",
    }
    return _shown(visit, made=visit.api.post(SOURCES, wanted))


def delete_source(visit: Visit) -> Reply:
    """Its key is refused within a minute."""
    visit.api.delete(f"{SOURCES}/{visit.params['id']}")
    return Moved(address("access"), "deleted")


def create_token(visit: Visit) -> Reply:
    """A token with a role."""
    document: dict[str, Any] = {"name": visit.given("name"), "role": visit.given("role") or "viewer"}
    if (days := visit.given("expires_in_days")).isdigit():
        document["expires_in_days"] = int(days)
    return _shown(visit, made=visit.api.post(TOKENS, document))


def delete_token(visit: Visit) -> Reply:
    """It is refused within a minute."""
    visit.api.delete(f"{TOKENS}/{visit.params['id']}")
    return Moved(address("access"), "deleted")


def _shown(visit: Visit, made: dict[str, Any] | None = None) -> Reply:
    sources, tokens, changes = together(
        lambda: visit.api.every(SOURCES),
        lambda: visit.api.every(TOKENS) if visit.visitor.may("admin") else [],
        lambda: _changes(visit) if visit.visitor.may("admin") else {"data": [], "next_cursor": None},
    )
    content = {"sources": sources, "tokens": tokens, "made": made}
    return Shown("access.html", content | {"changes": changes["data"], "next_cursor": changes["next_cursor"]})


def _changes(visit: Visit) -> dict[str, Any]:
    return visit.api.get(AUDIT, limit=ENTRIES, cursor=visit.query.get("cursor"))
