"""The data-point meter: what a request costs, changed or not (facts 8)."""

from typing import Any

from local.standins.braze.standard import BILLABLE


def points(value: object) -> int:
    """Return the price of one attribute received; control flags and free fields are not passed in."""
    if isinstance(value, dict):
        return max(1, _object_points(value))
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return max(1, sum(len(one) if isinstance(one, dict) else 1 for one in value))
    return 1


def standard_points(name: str) -> int:
    """Return the price of one profile field: ids, subscriptions, tokens and the like are free."""
    return 1 if name in BILLABLE else 0


def _object_points(value: dict[str, Any]) -> int:
    if set(value) <= {"inc"} or set(value) <= {"add", "remove"} or set(value) == {"$time"}:
        return 1
    if not set(value) & {"$add", "$remove", "$update"}:
        return len(value)
    added = sum(len(one) for one in value.get("$add") or () if isinstance(one, dict))
    removed = len(value.get("$remove") or ())
    updates = (step.get("$new_object") for step in value.get("$update") or () if isinstance(step, dict))
    return added + removed + sum(len(fresh) for fresh in updates if isinstance(fresh, dict))
