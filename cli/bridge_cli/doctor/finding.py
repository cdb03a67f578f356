"""What a check has to say, and what it may look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from bridge_cli.api import Api, Json
from bridge_cli.session import Session

type Level = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A tick, or a sentence and what to do about it."""

    check: str
    level: Level
    message: str
    hint: str = ""

    def document(self) -> Json:
        """As `--json` has it."""
        return {"check": self.check, "level": self.level, "message": self.message, "hint": self.hint}


@dataclass
class Patient:
    """What several checks look at is asked for once. `only` are the installations looked at; empty is all."""

    session: Session
    only: tuple[str, ...] = ()
    ask_vendors: bool = True
    role: str = ""

    @property
    def api(self) -> Api:
        """The stack's API."""
        return self.session.api

    @cached_property
    def installed(self) -> list[Json]:
        """The installations looked at."""
        rows = list(self.api.pages("/integrations"))
        wanted = {one.casefold() for one in self.only}
        return [
            one
            for one in rows
            if not wanted or wanted & {one["id"], one["name"].casefold(), one["catalog_key"]}
        ]

    @property
    def ids(self) -> set[str]:
        """Their ids."""
        return {one["id"] for one in self.installed}

    def health(self) -> Json:
        """As it is now."""
        return self.api.get("/health")


type Check = Callable[[Patient], Iterator[Finding]]
"""Yields at least one finding; a CliError that it raises is one too."""
