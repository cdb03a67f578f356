"""Charts of a run's report as inline SVG: no script, no font, no host; colours come from the page's own classes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any

WIDTH, HEIGHT = 720, 200
_LEFT, _TOP, _BOTTOM = 64, 12, 28
_BUCKETS = 48

type Point = tuple[float, float]


def bars(rows: Sequence[tuple[str, int, str]]) -> str:
    """A bar a row, on one scale: label, count, and a note beside the number."""
    most = max((count for _, count, _ in rows), default=0)
    made = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td class="bar"><span style="width:{_share(count, most)}%">'
        f'</span></td><td class="n">{number(count)}</td><td class="note">{escape(note)}</td></tr>'
        for label, count, note in rows
    )
    return f'<table class="bars"><tbody>{made}</tbody></table>'


def joins_and_leaves(runs: Sequence[Mapping[str, Any]]) -> str:
    """Two bars a run, oldest first: who joined upwards, who left downwards."""
    most = max((int(run[name]) for run in runs for name in ("joined", "left")), default=0)
    middle = _TOP + (HEIGHT - _TOP - _BOTTOM) / 2
    step = (WIDTH - _LEFT) / max(len(runs), 1)
    scale = (middle - _TOP) / most if most else 0.0
    made = [_line(_LEFT, middle, WIDTH, middle), _text(_LEFT - 8, middle + 4, "0", "end")]
    if most:
        made += [
            _text(_LEFT - 8, _TOP + 8, f"+{number(most)}", "end"),
            _text(_LEFT - 8, HEIGHT - _BOTTOM, f"−{number(most)}", "end"),  # noqa: RUF001 - a minus sign
        ]
    width = min(36.0, step * 0.6)
    for place, run in enumerate(runs):
        x = _LEFT + place * step + (step - width) / 2
        joined, left = int(run["joined"]), int(run["left"])
        told = f"{run['created_at'][:16]}: {number(joined)} joined, {number(left)} left ({run['status']})"
        made.append(
            f"<g><title>{escape(told)}</title>{_rect(x, middle - joined * scale, width, joined * scale, 'up')}"
            f"{_rect(x, middle, width, left * scale, 'down')}</g>"
        )
        made.append(_text(x + width / 2, HEIGHT - 8, str(run["created_at"])[5:10], "middle"))
    return _svg(f"Joins and leaves of the last {len(runs)} runs", made)


def throughput(parts: Sequence[Mapping[str, Any]]) -> str:
    """Accepted lines a second from the first part's start to the last one's end; empty when nothing was sent."""
    points = rates(parts)
    if not points:
        return ""
    most, end = max(rate for _, rate in points), points[-1][0]
    wide, high = WIDTH - _LEFT, HEIGHT - _TOP - _BOTTOM
    placed = [(_LEFT + at / end * wide, _TOP + high * (1 - rate / most)) for at, rate in points]
    # A rate holds from the end of the bucket before to the end of its own.
    path = [f"M{_LEFT} {_TOP + high}"]
    for (x, _), (following, y) in pairwise([(float(_LEFT), 0.0), *placed]):
        path.append(f"L{x:.1f} {y:.1f}L{following:.1f} {y:.1f}")
    path.append(f"L{WIDTH} {_TOP + high}Z")
    return _svg(
        "Accepted lines a second over time",
        [
            f'<path class="area" d="{"".join(path)}"/>',
            _line(_LEFT, _TOP + high, WIDTH, _TOP + high),
            _text(_LEFT - 8, _TOP + 8, f"{number(round(most))}/s", "end"),
            _text(_LEFT - 8, _TOP + high, "0", "end"),
            _text(_LEFT, HEIGHT - 8, "0 s", "start"),
            _text(WIDTH, HEIGHT - 8, f"{end:.1f} s", "end"),
        ],
    )


def rates(parts: Sequence[Mapping[str, Any]]) -> list[Point]:
    """(seconds since the start, lines a second up to then); a part's lines are spread evenly over its time."""
    spans = [
        (_seconds(part["started_at"]), _seconds(part["ended_at"]), int(part["accepted"]))
        for part in parts
        if part["accepted"] and part["started_at"] and part["ended_at"]
    ]
    if not spans:
        return []
    start = min(begun for begun, _, _ in spans)
    whole = max(max(ended for _, ended, _ in spans) - start, 0.001)
    size = whole / _BUCKETS
    lines = [0.0] * _BUCKETS
    for begun, ended, accepted in spans:
        first, last = (begun - start) / size, max((ended - start) / size, (begun - start) / size + 0.001)
        for bucket in range(min(int(first), _BUCKETS - 1), min(int(last) + 1, _BUCKETS)):
            inside = max(0.0, min(last, bucket + 1) - max(first, bucket))
            lines[bucket] += accepted * inside / (last - first)
    return [((place + 1) * size, found / size) for place, found in enumerate(lines)]


def number(count: float) -> str:
    """With commas."""
    return f"{count:,}"


def _share(count: int, most: int) -> float:
    return round(100 * count / most, 2) if most else 0.0


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _svg(title: str, inside: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(inside)}</svg>"
    )


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(height, 0):.1f}"/>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1:.1f}" x2="{x2}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
