"""What the delivery flow needs kept for it: rows, claims, pauses, health, stages, letters."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome

Verdict = Literal[
    "started", "already_finished", "leased_until", "hidden_until", "ambiguous", "exhausted", "crashes"
]


class LeaseLost(Exception):
    """Another worker took the delivery over; what this one does no longer counts."""


class Begun(Protocol):
    """A delivery as this receive found it; `version` is the fencing token of its row."""

    @property
    def verdict(self) -> Verdict: ...
    @property
    def attempt(self) -> int: ...
    @property
    def version(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def finished(self) -> Mapping[int, ItemOutcome]: ...
    @property
    def unanswered(self) -> Collection[int]: ...
    @property
    def until(self) -> datetime | None: ...
    @property
    def was_out(self) -> bool: ...


class Deliveries(Protocol):
    """The delivery rows."""

    def begin(
        self, message: DeliveryMessage, *, now: datetime, lease_until: datetime, stood_still: float
    ) -> Begun:
        """Take the delivery for this worker, or say why not. Raises Retryable."""
        ...

    def record_sent(
        self,
        delivery_id: str,
        version: int,
        *,
        now: datetime,
        lease_until: datetime,
        finished: Mapping[int, ItemOutcome],
        counts: bool,
        stood_still: float,
    ) -> Begun | None:
        """Write that a request goes out now (`counts`: as a new attempt); None when the lease is lost."""
        ...

    def finish(self, delivery_id: str, version: int, record: Mapping[str, Any], *, now: datetime) -> bool:
        """Write the outcome; False when the lease is lost."""
        ...


class Claims(Protocol):
    """What may be sent once."""

    def take(
        self, installation_id: str, kind: str, ids: Sequence[str], *, owner: str, now: datetime
    ) -> Sequence[str]:
        """The ids that are this owner's now, in order. Raises Retryable."""
        ...


class Pause(Protocol):
    """Until when an installation stands still, and for how many seconds it has done so altogether."""

    @property
    def until(self) -> datetime | None: ...
    @property
    def stood_still(self) -> float: ...


class Pauses(Protocol):
    """The pause of each installation, shared by all workers."""

    def get(self, installation_id: str) -> Pause:
        """Raises Retryable."""
        ...

    def pause(self, installation_id: str, until: datetime, reason: str, *, now: datetime) -> None:
        """Only ever lengthens a pause."""
        ...


class Health(Protocol):
    """Whether an installation works."""

    def failed(
        self,
        installation_id: str,
        kind: str,
        reason: str,
        hint: str,
        *,
        now: datetime,
        verdict: Literal["refused", "blocked", "degraded"] = "blocked",
    ) -> None:
        """`refused` is one strike of three, `blocked` is certain, `degraded` passes by itself."""
        ...

    def succeeded(self, installation_id: str, kind: str, *, now: datetime) -> None: ...


class Stages(Protocol):
    """Where the four stages go."""

    def put(self, delivery_id: str, stages: Mapping[str, Any], *, now: datetime) -> str | None:
        """The key; None when they could not be kept, which stops nothing."""
        ...


class DeadLetters(Protocol):
    """The worker's own dead-letter queue."""

    def send(
        self, bodies: Sequence[str], *, group: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> None:
        """Raises when the letter could not be sent."""
        ...
