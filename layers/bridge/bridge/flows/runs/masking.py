"""How a person's values are shown in samples: enough to recognise one, not enough to read it.

A masked text never tells how long the value was.
"""

import re
from collections.abc import Collection, Mapping

HIDDEN = "•••"
_WHOLE = 8
"""Characters from which on both ends of an id are shown: at least half of it stays hidden."""
_EMAIL = re.compile(r"([^@\s]+)@([^@\s]+)", re.ASCII)
_PHONE = re.compile(r"\+?[\d\s().\-/]{7,25}")
_FEWEST_DIGITS = 7

type Masked = str | bool | None


def masked(value: object) -> Masked:
    """An email as `j•••@e•••.com`, a phone as `+•••67`, an id or any text as `cu•••42`; a list by its length.

    True, false and null name nobody and stay; numbers are masked as text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return f"{{{len(value)}}}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return f"[{len(value)}]"
    return _text(str(value))


def masked_row(row: Mapping[str, object], *, keep: Collection[str] = ()) -> dict[str, object]:
    """Every value of a row masked but those named in `keep`, which say nothing of a person."""
    return {name: value if name in keep else masked(value) for name, value in row.items()}


def _text(text: str) -> str:
    text = text.strip()
    if found := _EMAIL.fullmatch(text):
        return f"{found[1][0]}{HIDDEN}@{found[2][0]}{HIDDEN}{_ending(found[2])}"
    if _PHONE.fullmatch(text) and sum(one.isdigit() for one in text) >= _FEWEST_DIGITS:
        return f"{'+' if text[0] == '+' else ''}{HIDDEN}{text[-2:]}"
    if len(text) >= _WHOLE:
        return f"{text[:2]}{HIDDEN}{text[-2:]}"
    return f"{text[0]}{HIDDEN}" if len(text) > 1 else HIDDEN if text else ""


def _ending(domain: str) -> str:
    """The top level, when it is not the whole domain."""
    _, dot, top = domain.rpartition(".")
    return f".{top}" if dot and top.isascii() and top.isalpha() else ""
