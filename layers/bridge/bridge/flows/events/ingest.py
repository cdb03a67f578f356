"""The batcher: the events of one invocation, planned into as few deliveries as the vendors allow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bridge.errors import Retryable
from bridge.flows.events.event_messages import Arrival, Message, Opened, Unreadable, open_message
from bridge.flows.events.routing import Packs, feeds, route, route_of
from bridge.flows.events.undelivered import Recorder, Undelivered, keep
from mapping.catalog import entry
from mapping.delivery import DeliveryMessage, delivery_id, frame
from mapping.installation import Installation

MOST_CORRELATED = 100
"""Requests that a delivery names; more would not be read by anyone."""


class Installations(Protocol):
    """What is installed at this moment; raises Retryable."""

    def all(self) -> Sequence[Installation]: ...


class Queue(Protocol):
    """Takes what it can and gives back the positions of the bodies it did not take."""

    def offer(
        self, bodies: Sequence[str], *, group: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> Sequence[int]: ...


@dataclass(frozen=True, slots=True)
class Share:
    """One installation's part of an invocation."""

    installation: Installation
    packs: Packs
    kept: Sequence[Arrival]


@dataclass(frozen=True, slots=True)
class Ingest:
    """`lanes` holds the queue of each catalog key."""

    installations: Installations
    lanes: Mapping[str, Queue]
    dead_letters: Queue
    recorder: Recorder
    clock: Callable[[], datetime]

    def take(self, messages: Sequence[Message]) -> dict[str, str]:
        """The ids of the messages that must come again, each with the reason: not all of it was kept or sent.

        What was sent of them goes out once more then, and the claims drop it.
        """
        now = self.clock()
        results = [open_message(message) for message in messages]
        opened = [one for one in results if isinstance(one, Opened)]
        failed = self._bury(one for one in results if isinstance(one, Unreadable))
        arrivals = [arrival for one in opened for arrival in one.arrivals]
        shares: list[Share] = []
        undelivered: list[Undelivered] = []
        try:
            shares, undelivered = self._routed(arrivals)
        except Retryable as error:
            failed |= {arrival.message_id: error.reason for arrival in arrivals}
        refusals = [(refusal, refusal.code) for one in opened for refusal in one.refusals]
        failed |= keep([*undelivered, Undelivered(None, "rejected", refusals)], self.recorder, now)
        for share in shares:
            failed |= self._send(share, failed, now)
        return failed

    def _bury(self, unreadable: Iterable[Unreadable]) -> dict[str, str]:
        failed = {}
        for one in unreadable:
            attributes = {"reason": one.reason, "detail": one.detail}
            if self.dead_letters.offer([one.message.body], attributes=attributes):
                failed[one.message.id] = "dead_letters_unavailable"
        return failed

    def _routed(self, arrivals: Sequence[Arrival]) -> tuple[list[Share], list[Undelivered]]:
        shares: list[Share] = []
        undelivered: list[Undelivered] = []
        known = self.installations.all() if arrivals else ()
        live = [one for one in known if one.enabled and one.catalog_key in self.lanes]
        for installation in live:
            own = [arrival for arrival in arrivals if feeds(installation, arrival)]
            plan = route_of(installation)
            routed = route(own, installation, _catalog_name(installation), plan.wanted)
            shares.append(Share(installation, plan.packs, routed.kept))
            undelivered.append(Undelivered(installation.id, "filtered", routed.filtered))
        unfed = [arrival for arrival in arrivals if not any(feeds(one, arrival) for one in live)]
        undelivered.append(Undelivered(None, "filtered", [(arrival, "no_integration") for arrival in unfed]))
        return shares, undelivered

    def _send(self, share: Share, failed: Mapping[str, str], now: datetime) -> dict[str, str]:
        kept = (
            [arrival for arrival in share.kept if arrival.message_id not in failed] if failed else share.kept
        )
        packs = share.packs(kept)
        bodies = [_body(share.installation.id, [kept[index] for index in one], now) for one in packs]
        lane = self.lanes[share.installation.catalog_key]
        unsent = lane.offer(bodies, group=share.installation.id) if bodies else ()
        return {kept[index].message_id: "queue_unavailable" for number in unsent for index in packs[number]}


def _body(installation_id: str, arrivals: Sequence[Arrival], now: datetime) -> str:
    message = DeliveryMessage(
        delivery_id=delivery_id(installation_id, *(arrival.reference for arrival in arrivals)),
        integration_id=installation_id,
        kind="events",
        created_at=now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        items=[],
        correlation_ids=tuple(dict.fromkeys([one.correlation_id for one in arrivals]))[:MOST_CORRELATED],
    )
    return frame(message, [arrival.text for arrival in arrivals])


def _catalog_name(installation: Installation) -> str:
    found = entry(installation.catalog_key)
    return found.name if found else installation.catalog_key
