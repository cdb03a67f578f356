"""The tables of the docs that follow from the code; run as a script it writes them into their pages."""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "mapping.md"
PAGES = (PAGE, DOCS / "install-actioniq.md", DOCS / "install-braze.md", DOCS / "export-files.md")
if __name__ == "__main__":
    sys.path.insert(0, str(DOCS.parent / "layers" / "mapping"))

from mapping import actioniq, braze, braze_fields, braze_rows, webhook  # noqa: E402 - as a script it finds the layer first
from mapping.catalog import CatalogEntry, entries, entry  # noqa: E402
from mapping.catalog.fields import ConfigField  # noqa: E402
from mapping.export import Manifest  # noqa: E402


def tables() -> dict[str, str]:
    """Each table of the page by its name."""
    fields = braze_fields
    return {
        "actioniq-types": _table("Signal event|record_type", _plain(actioniq.RECORD_TYPES)),
        "actioniq-identifiers": _table("identifier|found in, first match wins", _found(actioniq.IDENTIFIERS)),
        "actioniq-page": _table("attribute|found in, first match wins", _found(actioniq.PAGE_ATTRIBUTES)),
        "braze-types": _table("Signal event|array of `/users/track`", _plain(braze.ARRAYS)),
        "braze-traits": _table(
            "trait|standard attribute",
            [
                *_plain(fields.TRAIT_NAMES),
                *((f"`address.{k}`", f"`{v}`") for k, v in fields.ADDRESS_NAMES.items()),
            ],
        ),
        "braze-standard": _table(
            "standard attribute|takes|consent",
            (
                (f"`{name}`", field.takes, "yes" if name in fields.CONSENT_ATTRIBUTES else "")
                for name, field in fields.STANDARD_ATTRIBUTES.items()
            ),
        ),
        "braze-reserved": _table(
            "reserved name", ((f"`{name}`",) for name in sorted(fields.RESERVED_ATTRIBUTES))
        ),
        "braze-properties": _table("property|sent as", _plain(fields.PROPERTY_NAMES)),
        "braze-recipients": _table("column|name in the recipient", _plain(braze_rows.RECIPIENT_NAMES)),
        "braze-event-columns": _table("column|of the event", _plain(braze_rows.EVENT_COLUMNS)),
        "memory-cost": _table("an identify whose traits are|read units|write units|$ per million", _costs()),
        "webhook-fields": _table("field of the canonical event", ((f"`{name}`",) for name in webhook.FIELDS)),
        "configuration": "\n\n".join(f"### {one.name}\n\n{_config(one)}" for one in entries()),
        "manifest": _table("field|default|what", _manifest()),
        "actioniq-troubleshooting": _troubles(entry("actioniq")),
        "braze-troubleshooting": _troubles(entry("braze")),
        "braze-permissions": _table(
            "permission|needed for", ((f"`{one.name}`", one.needed_for) for one in entry("braze").permissions)
        ),
        "braze-endpoints": _table(
            "instance|REST endpoint",
            (
                (option.label, f"`{option.value}`")
                for field in entry("braze").config_fields
                if field.key == "rest_endpoint"
                for option in field.options
            ),
        ),
    }


READ_PRICE, WRITE_PRICE = 0.125, 0.625
MEMORY_ROWS = {"unchanged": (1, 1), "new": (1, 1), "changed": (1, 2)}
"""Rows read and written; a transaction takes two write units for each."""


def _costs() -> list[tuple[str, ...]]:
    return [
        (name, str(read), str(2 * written), f"{read * READ_PRICE + 2 * written * WRITE_PRICE:.3f}")
        for name, (read, written) in MEMORY_ROWS.items()
    ]


MANIFEST = {
    "parts": "the files: `key` in full, and maybe `rows` and `sha256`, which are then checked",
    "mode": "`full` or `delta`",
    "identifier": "`external_id` or `braze_id`; fixed by the audience's first run",
    "exported_at": "when the data is from; else when the manifest was written",
    "attributes": "column to `name` and `type` at Braze",
    "on_leave": "what a leaver's membership becomes: `false` or `null`",
    "update_existing_only": "create no profiles; else as the installation says",
    "send_to_existing_only": "of a campaign: message only whom Braze knows; else as the installation says",
    "time_zone": "of times without a zone",
    "dry_run": "plan, and send nothing",
    "send_before": "nothing is sent later; members go with the next export; of a campaign a day after the export",
}


def _manifest() -> list[tuple[str, ...]]:
    return [
        (f"`{name}`", "required" if field.is_required() else _default(field.default), MANIFEST[name])
        for name, field in Manifest.model_fields.items()
    ]


def _troubles(entry: CatalogEntry) -> str:
    rows = ((one.symptom, one.cause, one.resolution) for one in entry.troubleshooting)
    return _table("symptom|cause|what to do", rows)


def _config(entry: CatalogEntry) -> str:
    rows = (
        (
            f"`{field.key}`",
            field.type,
            _required(field),
            _default(field.default),
            field.help_text,
        )
        for field in entry.config_fields
    )
    return _table("field|type|required|default|what", rows)


def _required(field: ConfigField) -> str:
    if field.required_if:
        return f"when `{field.required_if.field}` is `{field.required_if.value}`"
    return "yes" if field.required else ""


def _default(value: object) -> str:
    return "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _plain(rows: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"`{left}`", f"`{right}`") for left, right in rows.items()]


def _found(rows: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(f"`{name}`", ", ".join(f"`{path}`" for path in paths)) for name, paths in rows.items()]


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    titles = head.split("|")
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def renewed(page: str) -> str:
    """The page with every marked table as the code has it; raises KeyError for an unknown table."""
    known = tables()
    return re.sub(
        r"(<!-- table: ([a-z-]+) -->\n).*?\n?(<!-- end -->)",
        lambda found: f"{found[1]}{known[found[2]]}\n{found[3]}",
        page,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    for one in PAGES:
        one.write_text(renewed(one.read_text(encoding="utf-8")), encoding="utf-8")
