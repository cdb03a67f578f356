"""Events and profile updates to /users/track."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.errors import TooLarge
from bridge.flows.delivery.braze_calls import Client, ItemError, TrackAnswer
from bridge.flows.delivery.in_time import expired
from bridge.flows.delivery.lanes import APART, Exchange, Planned, Sent, witness_of
from bridge.flows.delivery.vendor_keys import braze_key
from mapping.braze import to_objects
from mapping.braze_memory import tells_repeats, update_of
from mapping.braze_operators import adds_up
from mapping.braze_requests import TrackRequest, plan_track
from mapping.installation import BrazeSettings
from mapping.outcome import ItemOutcome, LeftOut, Outcome, rejected

_DELIVERED = ItemOutcome(Outcome.DELIVERED)
_NOT_TAKEN = ItemOutcome(Outcome.RETRY, "neighbour_refused")
_WAITING = ItemOutcome(Outcome.RETRY, "another_change_of_the_user")


@dataclass(frozen=True, slots=True)
class BrazeEvents:
    """Events are claimed; so are attributes, unless a repeat does no harm and the memory would tell it."""

    client: Client
    settings: BrazeSettings
    send_before: str | None = None
    claim_kind: str = "event"

    @property
    def claims(self) -> bool:
        """The installation's `claims` setting."""
        return self.settings.claims

    @property
    def resends_unknown(self) -> bool:
        """`on_ambiguous_events`."""
        return self.settings.on_ambiguous_events == "resend"

    def expired(self, now: datetime) -> ItemOutcome | None:
        """Later than the `send_before` of a journey's order; other events carry their own time and never are."""
        return expired(self.send_before, now) if self.send_before else None

    def plan(self, index: int, item: dict[str, Any]) -> Planned | ItemOutcome:
        """The item's objects, and what had to be left out of them."""
        notes: list[LeftOut] = []
        objects = to_objects(item, self.settings, notes)
        if isinstance(objects, ItemOutcome):
            return objects
        time = _happened(item)
        [(array, thing)] = objects
        message_id = str(item["messageId"])
        if array == "events":
            return Planned(index, objects, message_id, time, tuple(notes))
        profile = update_of(thing, time) if self.settings.profile_memory else None
        claim = None if profile and tells_repeats(profile, thing) else message_id
        return Planned(index, objects, claim, time, tuple(notes), profile, doubles=adds_up(thing))

    def send(self, part: Sequence[Planned], secret: Mapping[str, str], exchanges: list[Exchange]) -> Sent:
        """One request: a user's changes merged into one object, events in their order.

        Raises TooLarge for an error that leads to no object where halves can be sent without counting twice.
        """
        request = plan_track([item.wire for item in part], times=[item.time for item in part])
        shown = {name: value for name in ("attributes", "events") if (value := getattr(request, name))}
        witness = witness_of(f"{self.settings.rest_endpoint.rstrip('/')}/users/track", shown, exchanges)
        key = braze_key(secret)
        answer = self.client.track(self.settings.rest_endpoint, key, request.body(), witness=witness)
        unnamed = next((error for error in answer.errors if not _owners(request, error)), None)
        once = answer.taken and any(item.doubles for item in part)
        if unnamed is not None and len(part) > 1 and not once:
            raise TooLarge(unnamed.reason, unnamed.detail)
        return Sent(_track_outcomes(answer, request, part), answer.pause)


def _happened(item: Mapping[str, Any]) -> str:
    """The event's time; one from the future (a client's wrong clock) happened when it was received."""
    time = str(item.get("timestamp", ""))
    return min(time, str(item.get("receivedAt") or time))


def _track_outcomes(
    answer: TrackAnswer, request: TrackRequest, part: Sequence[Planned]
) -> tuple[ItemOutcome, ...]:
    """Errors lead back to items by array and position; one that names nothing is a note on all, or the only item's.

    Of an object merged from several items nobody knows which is at fault: each goes again by itself, unless
    what Braze may have kept of it would count twice.
    """
    outcomes = [_DELIVERED if answer.taken else _NOT_TAKEN] * len(part)
    for error in reversed(answer.errors):
        refused = rejected(error.reason, error.detail)
        owners = _owners(request, error)
        apart = len(owners) > 1 and not any(part[owner].doubles for owner in owners)
        for owner in owners:
            outcomes[owner] = APART if apart else refused
        if not owners and len(part) == 1:
            outcomes[0] = refused
        elif not owners:
            outcomes = [_noted(outcome, error) for outcome in outcomes]
    for index in request.waiting:
        outcomes[index] = _WAITING
    return tuple(outcomes)


def _owners(request: TrackRequest, error: ItemError) -> tuple[int, ...]:
    """The items of the object an error is about; none when it names no object of the request."""
    owners = request.owners.get(error.array or "", ())
    return owners[error.index] if error.index is not None and 0 <= error.index < len(owners) else ()


def _noted(outcome: ItemOutcome, error: ItemError) -> ItemOutcome:
    if outcome.outcome is not Outcome.DELIVERED:
        return outcome
    return ItemOutcome(Outcome.DELIVERED, "error_names_no_item", error.detail)
