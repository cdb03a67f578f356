"""Deliveries: one a line, or one in its four stages."""

import json
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from bridge_cli.api import Json
from bridge_cli.screen import clean, facts, word

STAGES = ("input", "mapped", "request", "response")
_SHOWN_EVENTS = 3


def line(row: Json, names: dict[str, str]) -> Text:
    """Time, status, vendor's status, installation, events; what went wrong stands at the end."""
    told = Text(f"{clean(row['at'])[11:23]} ")
    told.append_text(word(row["status"]))
    told.append(
        f" {row['vendor_status'] or '-'} {clean(names.get(row['integration_id'], row['integration_id']))} "
    )
    told.append(_events(row))
    if row["reason"]:
        told.append(f" ({clean(row['reason'])}{': ' + clean(row['detail']) if row['detail'] else ''})")
    return told.append(f" {clean(row['delivery_id'])}", "dim")


def stages(row: Json) -> Iterator[RenderableType]:
    """Everything there is to know of a delivery."""
    known = (
        "delivery_id",
        "integration_id",
        "kind",
        "vendor_status",
        "attempt",
        "latency_ms",
        "reason",
        "detail",
        "at",
    )
    yield facts({"status": word(row["status"]), **{name: row[name] for name in known}})
    for stage in STAGES:
        yield Text(f"\n{stage}", "bold")
        kept = row["stages"][stage]
        yield "expired" if kept is None else json.dumps(kept, indent=2, ensure_ascii=True)


def _events(row: Json) -> str:
    shown = [
        " ".join(clean(part) for part in (one.get("type"), one.get("name"), one.get("user")) if part)
        for one in row["events"][:_SHOWN_EVENTS]
    ]
    others = len(row["events"]) - len(shown) + row["events_cut"]
    return ", ".join(shown) + (f" and {others} more" if others else "")
