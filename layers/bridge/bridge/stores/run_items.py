"""Items of RunsTable: a run as DynamoDB keeps it, and the keys of runs and leases."""

import json
from collections.abc import Mapping
from typing import Any

from mapping.run import Run

_TEXT = frozenset(
    name for name, field in Run.model_fields.items() if field.annotation in (str, str | None)
) | {"kind", "mode", "status"}
_NUMBERS = frozenset({"attempt", "parts", "parts_done", "commits"})


def key(run_id: str) -> Any:
    """Where a run lies."""
    return {"pk": {"S": run_id}, "sk": {"S": "RUN"}}


def lease_key(audience: str) -> Any:
    """Where an audience says whose it is."""
    return {"pk": {"S": f"AUDIENCE#{audience}"}, "sk": {"S": "LEASE"}}


def attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Text as text, numbers as numbers, everything else as JSON text; None is absent."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None:
            continue
        if name in _TEXT:
            found[name] = {"S": value}
        elif name in _NUMBERS:
            found[name] = {"N": str(value)}
        else:
            found[name] = {"S": json.dumps(value, ensure_ascii=False)}
    return found


def run_of(item: Mapping[str, Any]) -> Run:
    """The run an item holds."""
    fields: dict[str, Any] = {}
    for name in Run.model_fields:
        if name not in item:
            continue
        if name in _NUMBERS:
            fields[name] = int(item[name]["N"])
        else:
            text = item[name]["S"]
            fields[name] = text if name in _TEXT else json.loads(text)
    return Run.model_validate(fields)
