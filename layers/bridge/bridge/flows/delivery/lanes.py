"""What a lane is: how one vendor's deliveries are mapped and sent, seen from the delivery flow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from bridge.errors import Blocked
from mapping.braze_memory import Update
from mapping.delivery import DeliveryMessage
from mapping.installation import Installation, Settings
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


Witness = Callable[[int, Any, int], None]
"""Told of an answer before it is judged: status, parsed body, latency in ms."""


def witness_of(url: str, request: Any, exchanges: list[Exchange]) -> Witness:
    """Keep the request now, and its answer once the witness is told of it."""
    exchanges.append(Exchange(url, request))

    def witness(status: int, body: Any, latency_ms: int) -> None:
        exchanges[-1] = Exchange(url, request, status, body, latency_ms)

    return witness


def settings_of[S: Settings](kind: type[S], installation: Installation) -> S:
    """The settings of the installation's revision. Raises Blocked("invalid_settings"), naming fields alone."""
    try:
        return kind.of(installation)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        names = sorted({str(fault["loc"][0]) for fault in faults if fault["loc"]})
        raise Blocked("invalid_settings", "these settings cannot be used: " + ", ".join(names)) from None


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
