"""Catalog entries, installations and what their keys may do."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from bridge_cli.api import Json
from bridge_cli.screen import clean, facts, table, word

MARKS = {"ok": "✔", "failed": "✘", "unknown": "?"}


def catalog(entries: Sequence[Json]) -> RenderableType:
    """The library."""
    rows = [[one["key"], one["name"], one["category"], one["status"], one["description"]] for one in entries]
    return table(["key", "name", "category", "status", "what it does"], rows)


def entry(one: Json) -> Iterator[RenderableType]:
    """What has to be given at install, and where it is found."""
    yield f"{one['name']} ({one['key']}): {clean(one['description'])}"
    fields = [
        [field["key"], field["type"], "yes" if field["required"] else "", _default(field), field["help_text"]]
        for field in one["config_fields"]
    ]
    yield table(["field", "type", "required", "default", "help"], fields)
    needs = [[each["name"], each["needed_for"]] for each in one["permissions"]]
    if needs:
        yield table(["permission", "needed for"], needs)


def installed(rows: Sequence[Json]) -> RenderableType:
    """Installations, a line each."""
    return table(
        ["id", "name", "integration", "state", "revision"],
        [
            [one["id"], one["name"], one["catalog_key"], _state(one), one["revision"]["revision_number"]]
            for one in rows
        ],
    )


def installation(one: Json) -> RenderableType:
    """One installation with its configuration, secrets masked as the API gives them."""
    sources = (
        "every source but test sources" if one["sources"] is None else ", ".join(one["sources"]) or "none"
    )
    config = {f"config.{name}": _plain(value) for name, value in one["config"].items()}
    known = {"id": one["id"], "name": one["name"], "integration": one["catalog_key"], "state": _state(one)}
    revision = one["revision"]
    told = f"{revision['revision_number']}: {revision['change_summary']} ({revision['created_at']})"
    return facts({**known, "sources": sources, **config, "revision": told})


def revisions(rows: Sequence[Json]) -> RenderableType:
    """Newest first."""
    return table(
        ["revision", "at", "by", "what"],
        [
            [one["revision_number"], one["created_at"], one["created_by"], one["change_summary"]]
            for one in rows
        ],
    )


def reports(tested: Sequence[Json]) -> Iterator[Text]:
    """Installation by installation."""
    for one in tested:
        yield Text(f"{clean(one['name'])} ({one['id']})", "bold")
        yield from checks(one)


def checks(report: Json) -> Iterator[Text]:
    """A tick or a sentence for each permission."""
    for one in report["checks"]:
        style = {"ok": "green", "failed": "red"}.get(one["status"], "yellow")
        line = Text.assemble((MARKS[one["status"]], style), f" {clean(one['permission'])}")
        if one["status"] != "ok":
            line.append(f": {clean(one['hint'] or one['reason'])}")
        yield line


def _state(one: Json) -> Text:
    return word("enabled" if one["enabled"] else "disabled")


def _default(field: Json) -> str:
    return "" if field.get("default") is None else _plain(field["default"])


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
