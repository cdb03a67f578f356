"""The delivery flow's side of an integration that takes events one by one and has no ways of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import Blocked
from bridge.flows.delivery.lanes import Exchange, Planned, Sent, Witness, settings_of, witness_of
from mapping.delivery import DeliveryMessage
from mapping.event import Event
from mapping.installation import Installation, Settings
from mapping.outcome import ItemOutcome, Outcome, rejected

_DELIVERED = ItemOutcome(Outcome.DELIVERED)


class Answer(Protocol):
    """What became of a request: rejected positions with their reasons, and a pause in seconds."""

    @property
    def rejected(self) -> Mapping[int, str]: ...

    @property
    def pause(self) -> float | None: ...


class Client[S: Settings](Protocol):
    """The integration's client."""

    def request(self, settings: S, wires: Sequence[Any]) -> tuple[str, Any]:
        """Address and body, as the stages show them: no key, no header."""
        ...

    def send(self, settings: S, secret: Mapping[str, str], wires: Sequence[Any], witness: Witness) -> Answer:
        """One request; tells `witness` of the answer before judging it. Raises bridge.errors."""
        ...


@dataclass(frozen=True, slots=True)
class EventLane[S: Settings]:
    """`to_wire` maps one canonical event; each is claimed under its message id."""

    catalog_key: str
    settings: type[S]
    to_wire: Callable[[Event, S], Any]
    client: Client[S]

    def job(self, installation: Installation, message: DeliveryMessage) -> "Events[S]":
        """Raises Blocked("invalid_settings") when the revision cannot be used."""
        if message.kind != "events":
            raise Blocked("wrong_lane", f"{self.catalog_key} takes no deliveries of kind {message.kind}")
        return Events(self, settings_of(self.settings, installation))


@dataclass(frozen=True, slots=True)
class Events[S: Settings]:
    """A delivery of events; one sent without an answer is sent again."""

    lane: EventLane[S]
    settings: S
    resends_unknown: bool = True
    claim_kind: str = "event"

    @property
    def claims(self) -> bool:
        """The installation's `claims` setting."""
        return self.settings.claims

    def expired(self, now: datetime) -> ItemOutcome | None:  # noqa: ARG002 (events carry their own time)
        """Never."""
        return None

    def plan(self, index: int, item: dict[str, Any]) -> Planned | ItemOutcome:
        """The item in the integration's form."""
        wire = self.lane.to_wire(item, self.settings)
        if isinstance(wire, ItemOutcome):
            return wire
        return Planned(index, wire, str(item["messageId"]), str(item.get("timestamp", "")))

    def send(self, part: Sequence[Planned], secret: Mapping[str, str], exchanges: list[Exchange]) -> Sent:
        """One request with every item of the part."""
        wires = [item.wire for item in part]
        url, body = self.lane.client.request(self.settings, wires)
        witness = witness_of(url, body, exchanges)
        answer = self.lane.client.send(self.settings, secret, wires, witness)
        refused = answer.rejected
        outcomes = (rejected(refused[at]) if at in refused else _DELIVERED for at in range(len(part)))
        return Sent(tuple(outcomes), answer.pause)
