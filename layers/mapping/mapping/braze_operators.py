"""Two changes of one user as one: what a later value does to an earlier one (facts/braze.md 2.5)."""

from collections.abc import Callable
from typing import Any, Final

_OPERATORS: Final = frozenset({"inc", "add", "remove", "$add", "$remove", "$update"})
_ADDITIVE: Final = frozenset({"add", "remove", "$add", "$remove", "$update"})


def combine(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any] | None:
    """One object with the effect of both, or None where only Braze can work out what the pair amounts to."""
    both = earlier | later
    for key in earlier.keys() & later.keys():
        if (operator := _operator(later[key])) is not None:
            value = _applied(operator, earlier[key], later[key])
            if value is None:
                return None
            both[key] = value
    return both


def _operator(value: Any) -> str | None:
    """The operator of a one-key object; `{"$time": …}` and plain objects are values."""
    if type(value) is dict and len(value) == 1:
        (key,) = value
        return key if key in _OPERATORS else None
    return None


def _applied(operator: str, earlier: Any, later: dict[str, Any]) -> Any:
    operand = later[operator]
    before = _operator(earlier)
    if before is None:
        plain = _ON_VALUES.get(operator)
        return None if plain is None else plain(earlier, operand)
    if before != operator:
        return None
    if operator == "inc" and _is_number(earlier["inc"]) and _is_number(operand):
        return {"inc": earlier["inc"] + operand}
    if operator in _ADDITIVE and type(earlier[operator]) is list and type(operand) is list:
        return {operator: [*earlier[operator], *operand]}
    return None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _increased(value: Any, step: Any) -> Any:
    return value + step if _is_number(value) and _is_number(step) else None


def _extended(values: Any, more: Any) -> Any:
    return [*values, *more] if type(values) is list and type(more) is list else None


_ON_VALUES: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "inc": _increased,
    "add": _extended,
    "$add": _extended,
}
