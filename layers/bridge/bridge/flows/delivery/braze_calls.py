"""The two calls to Braze that deliveries make: what they answer, and how an exchange is kept for the stages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pydantic import SecretStr

from bridge.flows.delivery.lanes import Exchange

Witness = Callable[[int, Any, int], None]


class ItemError(Protocol):
    """One refused object of a track request; array and index are None when Braze did not name it."""

    @property
    def array(self) -> str | None: ...
    @property
    def index(self) -> int | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def detail(self) -> str: ...


class TrackAnswer(Protocol):
    """What /users/track said; `taken` is false when nothing of the request was processed."""

    @property
    def errors(self) -> Sequence[ItemError]: ...
    @property
    def taken(self) -> bool: ...
    @property
    def pause(self) -> float | None: ...


class TriggerAnswer(Protocol):
    """What the trigger said; with a notice nothing is sent to anyone."""

    @property
    def notice(self) -> str: ...
    @property
    def pause(self) -> float | None: ...


class Client(Protocol):
    """The Braze client."""

    def track(
        self, endpoint: str, key: SecretStr, body: bytes, *, witness: Witness | None = None
    ) -> TrackAnswer:
        """Raises bridge.errors."""
        ...

    def trigger(
        self,
        endpoint: str,
        key: SecretStr,
        campaign_id: str,
        recipients: Sequence[Mapping[str, Any]],
        *,
        witness: Witness | None = None,
    ) -> TriggerAnswer:
        """Raises bridge.errors."""
        ...


def witness_of(url: str, request: Any, exchanges: list[Exchange]) -> Witness:
    """Keep the request now, and its answer once the witness is told of it."""
    exchanges.append(Exchange(url, request))

    def witness(status: int, body: Any, latency_ms: int) -> None:
        exchanges[-1] = Exchange(url, request, status, body, latency_ms)

    return witness
