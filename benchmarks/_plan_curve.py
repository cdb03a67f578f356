"""The growth of a plan as table and plot: `python -m benchmarks._plan_curve [--measure DIRECTORY]`.

Measuring takes some ten minutes and 25 GB; without it the page is made of what was measured last.
`benchmarks/plan_curve.json` keeps a row for each size and phase: members, phase, seconds, processor, peak_mb,
limit_mb. The plot has both axes logarithmic, so a straight line at 45 degrees is linear growth.
"""

import argparse
import json
import math
import os
import re
from pathlib import Path
from typing import Any

from benchmarks.plan import measure

ROOT = Path(__file__).resolve().parents[1]
SIZES = {1_000_000: 2_048, 10_000_000: 2_048, 50_000_000: 4_096}
"""Members, and the megabytes the process may take."""
MEASURED = Path(__file__).with_name("plan_curve.json")
PAGE, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "images" / "plan-curve.svg"
PHASES = {"first": "first run", "daily": "7 % changed", "join": "bare full join"}
COLORS = {"first": "#b45309", "daily": "#1d4ed8", "join": "#6b7280"}
WIDTH, HEIGHT, MARGIN = 640, 400, 64
MILLIONS, SECONDS = (0.8, 70.0), (0.5, 1_000.0)


def rows() -> dict[int, dict[str, dict[str, Any]]]:
    """What was measured, by members and phase."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for row in json.loads(MEASURED.read_text()):
        found.setdefault(row["members"], {})[row["phase"]] = row
    return dict(sorted(found.items()))


def table() -> str:
    """Markdown; processor is that of one member: first run, 7 % changed, bare full join."""
    lines = [
        "| members | first run | 7 % changed | bare join | ratio | processor a member | ratio | peak | allowed |",
        "| --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for members, phases in rows().items():
        each = [phases[name]["processor"] / members * 1e6 for name in PHASES]
        peak = max(phases[name]["peak_mb"] for name in ("first", "daily"))
        first, daily, join = (phases[name]["seconds"] for name in PHASES)
        lines.append(
            f"| {members:,} | {first:,.1f} s | {daily:,.1f} s | {join:,.1f} s | {daily / join:.1f} | "
            f"{', '.join(f'{one:.1f}' for one in each)} us | {each[1] / each[2]:.1f} | {peak:,.0f} MB | "
            f"{phases['first']['limit_mb']:,} MB |"
        )
    return "\n".join(lines)


def _x(millions: float) -> float:
    low, high = map(math.log10, MILLIONS)
    return MARGIN + (math.log10(millions) - low) / (high - low) * (WIDTH - 2 * MARGIN)


def _y(seconds: float) -> float:
    low, high = map(math.log10, SECONDS)
    return HEIGHT - MARGIN - (math.log10(seconds) - low) / (high - low) * (HEIGHT - 2 * MARGIN)


def _line(phase: str) -> str:
    points = [(_x(m / 1e6), _y(found[phase]["seconds"])) for m, found in rows().items()]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in points)
    end = f'<text x="{points[-1][0] - 8:.1f}" y="{points[-1][1] - 8:.1f}" text-anchor="end">{PHASES[phase]}</text>'
    color = COLORS[phase]
    return (
        f'<g stroke="{color}" fill="{color}"><polyline points="{path}" fill="none" stroke-width="2"/>'
        f'{dots}<g stroke="none">{end}</g></g>'
    )


def plot() -> str:
    """SVG that needs nothing beside itself."""
    grid = "".join(
        f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{_y(s):.1f}" y2="{_y(s):.1f}"/>'
        f'<text x="{MARGIN - 8}" y="{_y(s) + 4:.1f}" text-anchor="end">{s:g} s</text>'
        for s in (1, 10, 100, 1000)
    ) + "".join(
        f'<line x1="{_x(m):.1f}" x2="{_x(m):.1f}" y1="{MARGIN}" y2="{HEIGHT - MARGIN}"/>'
        f'<text x="{_x(m):.1f}" y="{HEIGHT - MARGIN + 20}" text-anchor="middle">{m} M</text>'
        for m in (1, 10, 50)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><title>Seconds of a plan by members</title><rect width="{WIDTH}" height="{HEIGHT}" '
        f'fill="#fff"/><g stroke="#e5e7eb" fill="#374151"><g>{grid.replace("<text", '<text stroke="none"')}</g></g>'
        f"{''.join(map(_line, PHASES))}</svg>\n"
    )


def written(page: str) -> str:
    """The page with the table of now."""
    return re.sub(
        r"(<!-- figures -->\n).*?(\n<!-- end -->)",
        lambda found: found[1] + table() + found[2],
        page,
        flags=re.DOTALL,
    )


def measured(directory: str) -> list[dict[str, Any]]:
    """All sizes, one after the other."""
    found = []
    for members, megabytes in SIZES.items():
        for name, one in measure(members, directory, megabytes).items():
            seconds = sum(one["seconds"].values()) if "seconds" in one else one["wall"]
            found.append(
                {
                    "members": members,
                    "phase": name,
                    "seconds": round(seconds, 2),
                    "processor": round(one["processor"], 1),
                    "peak_mb": round(one["peak_mb"]),
                    "limit_mb": megabytes,
                    "load": round(os.getloadavg()[0], 1),
                }
            )
    return found


def main() -> None:
    """Measure when asked to, then draw and write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--measure", metavar="DIRECTORY", help="measure anew; where the files go")
    asked = arguments.parse_args()
    if asked.measure:
        MEASURED.write_text(json.dumps(measured(asked.measure), indent=1) + "\n")
    PLOT.parent.mkdir(exist_ok=True)
    PLOT.write_text(plot())
    PAGE.write_text(written(PAGE.read_text()))
    print(table())


if __name__ == "__main__":
    main()
