"""What of a plan lies in its run's row, which holds 400 KB: a thousand columns in any script have to fit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.flows.runs.report import EXAMPLES
from mapping.export import RunPlan, Wait

_LEFT_OUT = frozenset({*EXAMPLES, "columns", "sent_columns"})
MOST_OF_A_CODE, MOST_WARNINGS, MOST_VALUES, MOST_NAMES = 20, 100, 30, 300


def of(plan: RunPlan) -> RunPlan:
    """Counts in full, what is told name by name up to a number: `plan.json` has all of it."""
    details = {name: value for name, value in plan.details.items() if name not in _LEFT_OUT}
    if "samples" in details:
        details["samples"] = [_sample(one) for one in details["samples"]]
    if "rejected_values_by_reason" in details:
        details["rejected_values_by_reason"] = _biggest(details["rejected_values_by_reason"])
    changes = {
        "parts": (),
        "attributes": _biggest(plan.attributes),
        "waits_for": tuple(_waits(plan.waits_for)),
        "warnings": tuple(_warnings(plan.warnings)),
        "details": details,
    }
    return plan.model_copy(update=changes)


def _sample(line: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(list(line.items())[:MOST_VALUES])
    return shown | ({"…": f"and {len(line) - len(shown)} more"} if len(line) > len(shown) else {})


def _biggest(counts: Mapping[str, int]) -> Mapping[str, int]:
    return counts if len(counts) <= MOST_NAMES else dict(Counter(counts).most_common(MOST_NAMES))


def _waits(waits: Sequence[Wait]) -> Iterator[Wait]:
    left = Counter(wait.code for wait in waits)
    told: Counter[str] = Counter()
    for wait in waits:
        told[wait.code] += 1
        if told[wait.code] < MOST_OF_A_CODE or left[wait.code] == MOST_OF_A_CODE:
            yield wait
        elif told[wait.code] == MOST_OF_A_CODE:
            yield Wait(code=wait.code, detail=f"and {left[wait.code] - MOST_OF_A_CODE + 1} more")


def _warnings(warnings: Sequence[str]) -> Iterator[str]:
    yield from warnings[:MOST_WARNINGS]
    if len(warnings) > MOST_WARNINGS:
        yield f"and {len(warnings) - MOST_WARNINGS} more warnings"
