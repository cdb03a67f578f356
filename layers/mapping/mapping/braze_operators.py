"""Two changes of one user as one: what a later value does to an earlier one (Braze's nested and array attributes)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mapping.braze_values import problem

_OPERATORS: Final = frozenset({"inc", "add", "remove", "$add", "$remove", "$update"})
_REPEATS_ADD: Final = frozenset({"inc", "$add"})
_TIME: Final = "$time"


def combine(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any] | None:
    """One object with the effect of both, or None where only Braze can work out what the pair amounts to.

    None as well where both together are more than Braze stores of one value, though each alone is not.
    """
    both = earlier | later
    merges = both.get("_merge_objects") is True
    for key in earlier.keys() & later.keys():
        if is_operation(later[key]):
            operator = _operator(later[key])
            value = _applied(operator, earlier[key], later[key]) if operator else None
        elif merges and type(later[key]) is dict and is_operation(earlier[key]):
            value = None
        elif merges and _is_object(earlier[key]) and _is_object(later[key]):
            value = _merged(earlier[key], later[key])
        else:
            continue
        if value is None or problem(value):
            return None
        both[key] = value
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
        if _is_object(earlier[key]) and _is_object(later[key]):
            both[key] = _merged(earlier[key], later[key])
    return both


def _is_object(value: Any) -> bool:
    """`{"$time": …}` is a time, whatever it looks like."""
    return type(value) is dict and _TIME not in value


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
    together = _TOGETHER.get(operator)
    value = together(earlier[operator], operand) if together and before == operator else None
    return None if value is None else {operator: value}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _increased(value: Any, step: Any) -> Any:
    return value + step if _is_number(value) and _is_number(step) else None


def _extended(values: Any, more: Any) -> Any:
    return [*values, *more] if type(values) is list and type(more) is list else None


def _moved_to_the_end(values: Any, more: Any) -> Any:
    """A plain array holds a value once, and adding it again moves it to the end."""
    rest = _without(values, more)
    return None if rest is None else rest + more


def _without(values: Any, gone: Any) -> Any:
    if type(values) is not list or type(gone) is not list:
        return None
    keys = {_key(one) for one in gone}
    return [one for one in values if _key(one) not in keys]


def _key(value: Any) -> tuple[bool, Any]:
    """JSON tells 1 from true, Python does not; what is no plain value is like no other."""
    nested = type(value) in (dict, list)
    return nested or type(value) is bool, id(value) if nested else value


_ON_VALUES: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "inc": _increased,
    "add": _moved_to_the_end,
    "remove": _without,
    "$add": _extended,
}

_TOGETHER: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "inc": _increased,
    "add": _moved_to_the_end,
    "remove": _extended,
    "$add": _extended,
    "$remove": _extended,
    "$update": _extended,
}
