"""Export files as ActionIQ writes them: gzip CSV parts first, the manifest last (docs: export files)."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from local.demo.audience import Member

Row = Mapping[str, object]
AUDIENCE_COLUMNS = ("external_id", "orders", "lifetime_value", "last_order_date")
CAMPAIGN_COLUMNS = ("external_id", "lifetime_value")
TYPES = {
    "orders": {"name": "orders", "type": "number"},
    "lifetime_value": {"name": "lifetime_value", "type": "number"},
    "last_order_date": {"name": "last_order_date", "type": "time"},
}


@dataclass(frozen=True, slots=True)
class File:
    """One object for the export bucket."""

    key: str
    body: bytes


def audience_prefix(integration_id: str, audience: str, split: str, export: str) -> str:
    """Where an audience's export goes, by the layout of docs."""
    return f"exports/{integration_id}/audience={audience}/split={split}/{export}"


def campaign_prefix(integration_id: str, campaign: str, export: str) -> str:
    """Where a campaign's export goes."""
    return f"exports/{integration_id}/campaign={campaign}/{export}"


def files(
    prefix: str,
    columns: Sequence[str],
    members: Iterable[Member],
    *,
    exported_at: datetime,
    rows_per_part: int = 200,
) -> list[File]:
    """The parts and then the manifest; the same members give the same bytes. Nobody is a part of no rows."""
    rows = [_row(member) for member in members]
    chunks = [rows[start : start + rows_per_part] for start in range(0, max(len(rows), 1), rows_per_part)]
    parts = [
        File(f"{prefix}/part-{number:04d}.csv.gz", _csv(columns, chunk))
        for number, chunk in enumerate(chunks)
    ]
    manifest = {
        "mode": "full",
        "identifier": "external_id",
        "exported_at": exported_at.isoformat().replace("+00:00", "Z"),
        "attributes": {name: TYPES[name] for name in columns if name in TYPES},
        "parts": [
            {"key": part.key, "rows": len(chunk), "sha256": hashlib.sha256(part.body).hexdigest()}
            for part, chunk in zip(parts, chunks, strict=True)
        ],
    }
    return [*parts, File(f"{prefix}/manifest.json", json.dumps(manifest, indent=2).encode())]


def end_of(day: date) -> datetime:
    """When that day's export was made: two hours into the next day, UTC."""
    return datetime.combine(day + timedelta(days=1), time(2), UTC)


def _row(member: Member) -> Row:
    return {
        "external_id": member.external_id,
        "orders": member.orders,
        "lifetime_value": f"{member.lifetime_value:.2f}",
        "last_order_date": member.last_order_date.isoformat(),
    }


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode(), mtime=0)
