"""What a lane is: how one vendor's deliveries are mapped and sent, seen from the delivery flow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mapping.braze_memory import Update
from mapping.delivery import DeliveryMessage
from mapping.installation import Installation
from mapping.outcome import ItemOutcome, LeftOut, Outcome

APART = ItemOutcome(Outcome.RETRY, "refused_with_another")
"""Refused together with another item: send it now, by itself."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One item in the vendor's form; `claim` names what may happen once only, None when there is nothing to name.

    `time` (ISO 8601) orders the changes of one user within a request; `left_out` names what `wire` lacks.
    With a `profile`, what is unchanged or older may be left out as well. `doubles`: a repeat counts twice.
    """

    index: int
    wire: Any
    claim: str | None = None
    time: str = ""
    left_out: tuple[LeftOut, ...] = ()
    profile: Update | None = None
    doubles: bool = True


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer as the stages keep them: never a key, never a header."""

    url: str
    request: Any
    status: int | None = None
    response: Any = None
    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """One outcome per planned item; RETRY here means "not taken because of its neighbours, send again now".

    `pause` is how many seconds the vendor wants the whole installation to stand still.
    """

    outcomes: tuple[ItemOutcome, ...]
    pause: float | None = None


class Job(Protocol):
    """One delivery under one revision's settings."""

    @property
    def claims(self) -> bool:
        """Whether the installation has its claims switched on."""
        ...

    @property
    def resends_unknown(self) -> bool:
        """`on_ambiguous: resend` (True) or `hold`."""
        ...

    @property
    def claim_kind(self) -> str:
        """The family of its claims: ids are unique within (installation, family)."""
        ...

    def expired(self, now: datetime) -> ItemOutcome | None:
        """The outcome of everything unsent when it is too late to send, else None."""
        ...

    def plan(self, index: int, item: dict[str, Any]) -> Planned | ItemOutcome:
        """Map one item; never raises for a canonical one."""
        ...

    def send(self, part: Sequence[Planned], secret: Mapping[str, str], exchanges: list[Exchange]) -> Sent:
        """One request; every answer is added to `exchanges` before it is judged. Raises bridge.errors."""
        ...


class Lane(Protocol):
    """A vendor's side of the delivery flow."""

    @property
    def catalog_key(self) -> str:
        """The catalog entry whose installations this lane serves."""
        ...

    def job(self, installation: Installation, message: DeliveryMessage) -> Job:
        """Raises Blocked when the installation's settings cannot be read."""
        ...
