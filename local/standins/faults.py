"""Faults that a test can order: which requests they hit, how often, and what the caller sees."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from local.standins.web import Ending, Reply, Request, json_reply

type Kind = Literal[
    "status",
    "drop_before",
    "drop_after",
    "hang_before",
    "hang_after",
    "queued",
    "not_success",
    "truncated",
    "garbage",
    "latency",
    "object_errors",
    "poison",
    "one_of",
]
APPLIED: frozenset[Kind] = frozenset(
    {"drop_after", "hang_after", "queued", "truncated", "garbage", "object_errors"}
)
SILENT: frozenset[Kind] = frozenset({"drop_before", "drop_after", "hang_before", "hang_after"})
SAID: dict[Kind, tuple[int, str]] = {
    "queued": (202, "queued"),
    "not_success": (201, "the request could not be processed"),
    "poison": (400, "Bad Request"),
}


class Fault(BaseModel):
    """One rule; `next` ends it after that many hits, `path` may end in `*`, `seconds` are real seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: Kind
    path: str = "*"
    rate: float = Field(default=1.0, ge=0, le=1)
    next: int | None = Field(default=None, ge=0)
    status: int = Field(default=500, ge=200, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    seconds: float = Field(default=0.0, ge=0)
    jitter: float = Field(default=0.0, ge=0)
    apply: bool | None = None
    ids: tuple[str, ...] = ()
    share: float = Field(default=0.5, ge=0, le=1)
    error: str = "the object was refused"
    of: tuple["Fault", ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.fault == "one_of") != bool(self.of):
            msg = "one_of, and nothing else, needs a non-empty `of`"
            raise ValueError(msg)
        if self.fault == "poison" and not self.ids:
            msg = "poison needs `ids`"
            raise ValueError(msg)
        return self

    def covers(self, path: str) -> bool:
        """Say whether the rule is about this path."""
        return self.path == path or (self.path.endswith("*") and path.startswith(self.path[:-1]))

    def applies_first(self) -> bool:
        """Say whether the request takes effect before the caller sees the fault."""
        return self.fault in APPLIED if self.apply is None else self.apply


class Faults:
    """The rules in force, with their dice and what is left of each `next`."""

    def __init__(self, rules: Sequence[Fault], seed: int) -> None:
        self.rules = rules
        self.left = [rule.next for rule in rules]
        self.dice = Random(seed)  # noqa: S311 - repeatable, not secret
        self.hits: Counter[str] = Counter()

    def draw(self, path: str, body: bytes) -> tuple[Fault | None, float]:
        """Return the first fault that strikes and the latency to add; latencies add up."""
        struck: Fault | None = None
        latency = 0.0
        for position, rule in enumerate(self.rules):
            if (struck is not None and rule.fault != "latency") or not self._strikes(position, path, body):
                continue
            self._spend(position)
            chosen = self.dice.choice(rule.of) if rule.of else rule
            self.hits[chosen.fault] += 1
            if chosen.fault == "latency":
                latency += chosen.seconds + self.dice.uniform(0, chosen.jitter)
            else:
                struck = chosen
        return struck, latency

    def refuses(self, fault: Fault) -> bool:
        """Throw the dice for one object under an `object_errors` fault."""
        return self.dice.random() < fault.share

    def _strikes(self, position: int, path: str, body: bytes) -> bool:
        rule = self.rules[position]
        if self.left[position] == 0 or not rule.covers(path):
            return False
        if rule.fault == "poison" and not any(json.dumps(one).encode() in body for one in rule.ids):
            return False
        return rule.rate >= 1 or self.dice.random() < rule.rate

    def _spend(self, position: int) -> None:
        left = self.left[position]
        if left is not None:
            self.left[position] = left - 1


def strike(fault: Fault, request: Request, handle: Callable[[Request], Reply]) -> Reply:
    """Turn a fault into what the caller sees, with the request applied first where the fault says so."""
    real = handle(request) if fault.applies_first() else None
    if fault.fault in SILENT:
        hangs = fault.fault.startswith("hang") and not fault.seconds
        ending = Ending.HANG if hangs else Ending.CLOSE
        return Reply(0, delay=fault.seconds, ending=ending, silent=True)
    if fault.fault == "object_errors" and real is not None:
        return real
    if fault.fault == "truncated" and real is not None:
        return replace(real, cut=(len(real.body) + 1) // 2, ending=Ending.CLOSE)
    if fault.fault == "garbage":
        return Reply(201, (fault.body or "<html><body>It works!</body></html>").encode(), fault.headers)
    status, message = SAID.get(fault.fault, (fault.status, "the stand-in was told to fail"))
    return json_reply(status, {"message": fault.body or message}, fault.headers)
