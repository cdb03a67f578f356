"""Figures as every benchmark prints them and `.local/bench.json` keeps them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / ".local" / "bench.json"


def row(name: str, value: float, unit: str, target: float | None, better: str = "higher") -> dict[str, Any]:
    """`better` is `higher` or `lower`."""
    return {"name": name, "value": value, "unit": unit, "target": target, "better": better}


def keep(rows: Sequence[dict[str, Any]], path: Path = RESULTS) -> None:
    """Print the rows, and let them take the place of those of the same name."""
    for one in rows:
        sign = "≥" if one["better"] == "higher" else "≤"
        aim = "" if one["target"] is None else f"   (target {sign} {one['target']:,})"
        print(f"{one['name']:56} {one['value']:>12,} {one['unit']}{aim}")
    kept = json.loads(path.read_text()) if path.exists() else []
    names = {one["name"] for one in rows}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([*(one for one in kept if one["name"] not in names), *rows], indent=2))
