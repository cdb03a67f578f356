"""The two calls to Braze that deliveries make, and what they answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydantic import SecretStr

from bridge.flows.delivery.lanes import Witness


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
