"""A visitor's request and what a page answers it with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from console.api import Api, Document

_RANK = {"viewer": 1, "editor": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose token this session has; `role` is viewer, editor or admin."""

    name: str
    role: str
    expires_at: str | None = None

    def may(self, role: str) -> bool:
        """Whether an action that needs `role` is offered; the API decides once more."""
        return _RANK.get(self.role, 0) >= _RANK[role]


@dataclass(frozen=True, slots=True)
class Visit:
    """`params` are the named parts of the path; `partial` asks for the living part of the page alone.

    `who` gives the visitor, and waits for the answer when it is not there yet; raises ApiError for nobody's token.
    """

    api: Api
    who: Callable[[], Visitor]
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, list[str]] = field(default_factory=dict)
    partial: bool = False

    @property
    def visitor(self) -> Visitor:
        """Whose token it is."""
        return self.who()

    def given(self, name: str) -> str:
        """A form field's value without the blanks around it; empty when there is none."""
        return self.form.get(name, [""])[-1].strip()


@dataclass(frozen=True, slots=True)
class Shown:
    """A template and what it shows; `part` names the block that lives, sent alone to a partial visit."""

    template: str
    content: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """After an action: look at this address; `said` is a message key shown there once."""

    to: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """A document of the API's, given on as it is."""

    document: Document


Reply = Shown | Moved | Passed


@dataclass(frozen=True, slots=True)
class Page:
    """`path` names its variable parts as `<name>`; `needs` is the least role that sees it."""

    method: str
    path: str
    needs: str
    show: Callable[[Visit], Reply]

    @property
    def anyones(self) -> bool:
        """Whether it changes nothing and every role sees it: the API alone decides what it tells."""
        return self.method == "GET" and self.needs == "viewer"


def address(*parts: str) -> str:
    """An address below /console; ids come from outside, so each part is quoted."""
    return "/".join(["/console", *(quote(part, safe="") for part in parts)])
