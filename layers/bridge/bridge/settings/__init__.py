"""The environment, read once: one frozen dataclass per function stands in a module of its own beside this one.

No pydantic here: reading six variables is no reason for every cold start to import it.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, NamedTuple, Self


class InvalidSettings(Exception):
    """A variable is missing or malformed; the message names the variables and never repeats a value."""


class Lane(NamedTuple):
    """URLs of a lane's queue and of its dead-letter queue."""

    queue: str
    dead_letters: str


CommaList = tuple[str, ...]
LaneQueues = dict[str, Lane]
"""The template's one table, by lane: `event`, `export`, `audience` and the catalog key of each integration."""


def _comma_list(text: str) -> CommaList:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _lane_queues(text: str) -> LaneQueues:
    return {str(lane): Lane(*map(str, urls)) for lane, urls in json.loads(text).items()}


_READERS: dict[Any, tuple[Callable[[str], Any], str]] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    CommaList: (_comma_list, "a list with commas"),
    LaneQueues: (_lane_queues, "a JSON object of pairs"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Base of each function's settings: the field `braze_queue_url` is the variable `BRAZE_QUEUE_URL`."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the variables this class names; an empty one counts as absent. Raises InvalidSettings."""
        source = os.environ if environ is None else environ
        found: dict[str, Any] = {}
        faults: list[str] = []
        for field in fields(cls):
            name = field.name.upper()
            read, shape = _READERS[field.type]
            try:
                if source.get(name):
                    found[field.name] = read(source[name])
                elif field.default is MISSING:
                    faults.append(f"{name}: missing")
            except (ValueError, TypeError, AttributeError):
                faults.append(f"{name}: not {shape}")
        if faults:
            raise InvalidSettings("; ".join(faults))
        return cls(**found)
