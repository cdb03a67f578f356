"""MiniStack without what costs time and changes no answer.

It waits 50 ms for log lines after every invocation which wrote none, it reads an expression anew for every row that
it is held against (nine tenths of what a query over thousands of rows takes), and it unpacks a function and its
layers anew for every worker.

Run by the interpreter of the emulator's own environment, as a module of this checkout.
"""

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ministack import app
from ministack.core import lambda_runtime
from ministack.core.lambda_runtime import Worker
from ministack.services import dynamodb

from local.unpacking import Archives

FIRST_LINE, QUIET, LONGEST = 0.002, 0.002, 0.25
"""Seconds: until the first line, between lines, in all. A later line is told with the next invocation."""
READ_ONCE = ("_tokenize", "_condition_syntax_error")
"""Functions of an expression's text alone, whose results nobody changes."""
EXPRESSIONS = 512
OPERATORS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
KEYS = re.compile(r"\s*(#?\w+) = (:\w+)(?: AND (#?\w+) (=|<|<=|>|>=) (:\w+))?\s*")

type Evaluate = Callable[..., bool]


def by_keys(evaluate: Evaluate) -> Evaluate:
    """`evaluate`, but for key conditions over texts, which it found nothing wrong with before."""
    read = lru_cache(EXPRESSIONS)(KEYS.fullmatch)
    sound: set[str] = set()

    def held(
        expression: str,
        item: dict[str, Any],
        values: dict[str, Any],
        names: dict[str, str],
        slot: str = "ConditionExpression",
    ) -> bool:
        found = read(expression) if slot == "KeyConditionExpression" else None
        if found is None or expression not in sound:
            answer = evaluate(expression, item, values, names, slot=slot)
            sound.add(expression)
            return answer
        first, equal, second, sign, bound = found.groups()
        pairs = [(first, "=", equal)] + ([(second, sign, bound)] if second else [])
        for name, comparison, value in pairs:
            have, want = item.get(names.get(name, name), {}).get("S"), values.get(value, {}).get("S")
            if have is None or want is None:
                return evaluate(expression, item, values, names, slot=slot)
            if not OPERATORS[comparison](have, want):
                return False
        return True

    return held


def main() -> None:
    """Serve until ended."""
    Worker._drain_stderr_bounded.__defaults__ = (FIRST_LINE, QUIET, LONGEST)  # noqa: SLF001 - the version is pinned
    for name in READ_ONCE:
        setattr(dynamodb, name, lru_cache(EXPRESSIONS)(getattr(dynamodb, name)))
    lambda_runtime.zipfile = Archives()
    dynamodb._evaluate_condition = by_keys(dynamodb._evaluate_condition)  # noqa: SLF001 - as above
    app.main()


if __name__ == "__main__":
    main()
