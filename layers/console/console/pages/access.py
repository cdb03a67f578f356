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
        Page("GET", "/console/access/changes", "admin", changes),
        Page("POST", "/console/access/sources", "editor", create_source),
        Page("POST", "/console/access/sources/<id>/delete", "admin", delete_source),
        Page("POST", "/console/access/tokens", "admin", create_token),
        Page("POST", "/console/access/tokens/<id>/delete", "admin", delete_token),
    )


def access(visit: Visit) -> Reply:
    """Both lists, or as much of them as the visitor may see."""
    return _shown(visit)


def changes(visit: Visit) -> Reply:
    """The audit log, newest first."""
    page = visit.api.get(AUDIT, limit=ENTRIES, cursor=visit.query.get("cursor"))
    return Shown("changes.html", {"rows": page["data"], "next_cursor": page["next_cursor"]})


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
    sources, tokens = together(
        lambda: visit.api.every(SOURCES),
        lambda: visit.api.every(TOKENS) if visit.visitor.may("admin") else [],
    )
    return Shown("access.html", {"sources": sources, "tokens": tokens, "made": made})
