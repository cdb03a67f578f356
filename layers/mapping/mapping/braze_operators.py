"""Two changes of one user as one: what a later value does to an earlier one (Braze's nested and array attributes)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

_OPERATORS: Final = frozenset({"inc", "add", "remove", "$add", "$remove", "$update"})
_REPEATS_ADD: Final = frozenset({"inc", "$add"})
_ADDITIVE: Final = frozenset({"add", "remove", "$add", "$remove", "$update"})


def combine(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any] | None:
    """One object with the effect of both, or None where only Braze can work out what the pair amounts to."""
    both = earlier | later
    merges = both.get("_merge_objects") is True
    for key in earlier.keys() & later.keys():
        if is_operation(later[key]):
            operator = _operator(later[key])
            value = _applied(operator, earlier[key], later[key]) if operator else None
            if value is None:
                return None
            both[key] = value
        elif merges and type(earlier[key]) is dict and type(later[key]) is dict:
            if is_operation(earlier[key]):
                return None
            both[key] = _merged(earlier[key], later[key])
    return both


def is_operation(value: Any) -> bool:
    """Whether Braze works the value out from what it holds: `inc`, or any of the arrays' operators."""
    return type(value) is dict and bool(value) and value.keys() <= _OPERATORS


def adds_up(attributes: Mapping[str, Any]) -> bool:
    """Whether sending these attributes again changes more than sending them once."""
    return any(type(value) is dict and not _REPEATS_ADD.isdisjoint(value) for value in attributes.values())


def _merged(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    both = earlier | later
    for key in earlier.keys() & later.keys():
        if type(earlier[key]) is dict and type(later[key]) is dict:
            both[key] = _merged(earlier[key], later[key])
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
