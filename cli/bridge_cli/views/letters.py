"""Dead letters, sources, tokens and the audit log."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from bridge_cli.api import Json
from bridge_cli.screen import clean, facts, table


def letters(rows: Sequence[Json]) -> RenderableType:
    """Newest first."""
    return table(
        ["letter", "queue", "reason", "integration", "at", "detail"],
        [
            [one["id"], one["queue"], one["reason"], one["integration_id"], one["at"], one["detail"]]
            for one in rows
        ],
    )


def letter(one: Json) -> Iterator[RenderableType]:
    """One with its body."""
    yield facts({name.replace("_", " "): value for name, value in one.items() if name != "body"})
    yield Text("\nbody", "bold")
    yield Text(clean(one["body"]))


def groups(counted: Json) -> Iterator[RenderableType]:
    """How many of each, the most first; `unknown` are held: they may have arrived."""
    yield table(
        ["letters", "queue", "reason", "outcome", "integration", "from", "to"],
        [
            [
                f"{one['count']:,}",
                one["queue"],
                one["reason"],
                one["outcome"],
                one["integration_id"],
                one["first_day"],
                one["last_day"],
            ]
            for one in counted["data"]
        ],
    )
    yield Text(f"\n{counted['total']:,} in all", "bold")


def replays(rows: Sequence[Json]) -> RenderableType:
    """Those under way first."""
    return table(
        ["replay", "status", "what", "sent", "of", "failed", "waits for", "began", "by"],
        [
            [
                one["id"],
                one["status"],
                _what(one),
                one["replayed"],
                one["total"],
                one["failed"],
                one["waits_for"],
                one["created_at"],
                one["created_by"],
            ]
            for one in rows
        ],
    )


def replay(one: Json) -> str:
    """In a line."""
    failed = f", {one['failed']:,} could not be sent" if one["failed"] else ""
    left = f", {one['remaining']:,} to go" if one["remaining"] else ""
    return f"{one['id']} is {one['status']}: {one['replayed']:,} of {one['total']:,} sent{failed}{left}."


def _what(one: Json) -> str:
    return " ".join(one[name] for name in ("queue", "reason", "integration_id") if one[name]) or "everything"


def sources(rows: Sequence[Json]) -> RenderableType:
    """Without their keys, which are shown once."""
    return table(
        ["id", "name", "kind", "test", "key begins with", "made"],
        [
            [
                one["id"],
                one["name"],
                one["kind"],
                "yes" if one["test"] else "",
                one["key_prefix"],
                one["created_at"],
            ]
            for one in rows
        ],
    )


def tokens(rows: Sequence[Json]) -> RenderableType:
    """Without themselves, which are shown once."""
    return table(
        ["id", "name", "role", "begins with", "expires", "last used"],
        [
            [
                one["id"],
                one["name"],
                one["role"],
                one["prefix"],
                one["expires_at"] or "never",
                one["last_used_at"],
            ]
            for one in rows
        ],
    )


def audit(rows: Sequence[Json]) -> RenderableType:
    """Who changed what, newest first."""
    return table(
        ["at", "who", "what", "outcome", "which"],
        [
            [one["timestamp"], one["user_name"], one["action"], one["outcome"], one["resource_id"]]
            for one in rows
        ],
    )
