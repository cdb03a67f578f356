"""What a plan shows a person before anything is sent: how long it will take, what changes most, whose and how."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bridge.flows.runs.masking import masked_row
from mapping.comparison import Compared
from mapping.export import RunKind

SHOWN = 10
LEAVING = 0.1
"""The share of an audience whose leaving is told; above `guards.REMOVES` it also waits for approval."""
REQUESTS_PER_SECOND: Mapping[RunKind, float] = {
    "audience": 1_000.0,  # Braze's limit on /users/track: 3,000 in 3 seconds
    "events": 1_000.0,
    "campaign": 250_000 / 3_600,  # one pool an hour, shared with every other trigger
}
_NOT_MASKED = frozenset({"_update_existing_only", "name"})


def seconds_at_limit(kind: RunKind, requests: int, hourly: int = 0) -> float:
    """How long Braze's rate limit alone makes the run take; `hourly` is what a contract allows /users/track."""
    whole, rest = 0, requests
    if hourly and requests and kind != "campaign":
        whole, rest = divmod(requests - 1, hourly)
        rest += 1
    return round(whole * 3_600 + rest / REQUESTS_PER_SECOND[kind], 1)


def biggest_changes(compared: Compared, before: int) -> list[dict[str, Any]]:
    """Attributes by how many people they change for; `share` is of those who stay in the audience."""
    ordered = sorted(compared.changed_of.items(), key=lambda one: (-one[1], one[0]))[:SHOWN]
    stayers = compared.stayers_changed_of
    return [
        {
            "attribute": name,
            "changed": count,
            "of_stayers": stayers.get(name, 0),
            "share": round(stayers.get(name, 0) / before, 4) if before else None,
        }
        for name, count in ordered
        if count
    ]


def samples(compared: Compared, membership: str) -> list[dict[str, Any]]:
    """Lines as they would go out, the person's own values masked; whether they belong is told."""
    return [
        {"kind": kind, **masked_row(_flat(json.loads(line)), keep={*_NOT_MASKED, membership})}
        for kind, line in compared.samples
    ]


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    inner = {name: value for name, value in line.items() if name in ("trigger_properties", "properties")}
    rest = {name: value for name, value in line.items() if name not in inner}
    return rest | {
        f"{outer}.{name}": value for outer, found in inner.items() for name, value in found.items()
    }


def warnings(compared: Compared, before: int, names: Iterable[str], known: Sequence[str]) -> list[str]:
    """What is no reason to wait, but to look: many who leave, and attributes that hardly differ in name."""
    found = []
    if before and compared.left / before > LEAVING:
        found.append(f"{compared.left / before:.0%} of the audience would leave")
    for name in names:
        alike = [one for one in known if one != name and _bare(one) == _bare(name)]
        if alike and name not in known:
            found.append(f"{name!r} is new and looks like {', '.join(map(repr, alike))}, sent before")
    return found


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
