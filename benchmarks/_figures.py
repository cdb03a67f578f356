"""Figures as they are printed and kept in `.local/bench.json`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / ".local" / "bench.json"


@dataclass
class Figures:
    """Of one benchmark; those of others stay in the file."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def keep(
        self, name: str, value: float, unit: str, target: float | None = None, better: str = "higher"
    ) -> None:
        """Print one figure and remember it."""
        self.rows.append({"name": name, "value": value, "unit": unit, "target": target, "better": better})
        aim = "" if target is None else f"   (target {'≥' if better == 'higher' else '≤'} {target:,})"
        print(f"{name:66} {value:12,} {unit}{aim}", flush=True)

    def save(self) -> None:
        """Write them beside what is there."""
        kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
        names = {row["name"] for row in self.rows}
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(
            json.dumps([*(row for row in kept if row["name"] not in names), *self.rows], indent=2)
        )
