"""Braze's side of the delivery flow: events and profile updates to /users/track, orders to a campaign's trigger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from pydantic import SecretStr, ValidationError

from bridge.errors import Blocked, TooLarge
from bridge.flows.delivery.lanes import Exchange, Job, Planned, Sent
from mapping.braze import to_objects
from mapping.braze_memory import update_of
from mapping.braze_operators import adds_up
from mapping.braze_requests import TrackRequest, plan_recipients, plan_track
from mapping.braze_rows import to_recipient
from mapping.delivery import CampaignOrder, DeliveryMessage
from mapping.installation import BrazeSettings, Installation
from mapping.outcome import ItemOutcome, LeftOut, Outcome, rejected

_DELIVERED = ItemOutcome(Outcome.DELIVERED)
_NOT_TAKEN = ItemOutcome(Outcome.RETRY, "neighbour_refused")
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


@dataclass(frozen=True, slots=True)
class BrazeLane:
    """Serves both kinds of delivery."""

    client: Client
    catalog_key: str = "braze"

    def job(self, installation: Installation, message: DeliveryMessage) -> Job:
        """Raises Blocked("invalid_settings") when the revision cannot be used."""
        try:
            settings = BrazeSettings.of(installation)
        except ValidationError as error:
            faults = error.errors(include_input=False, include_url=False)
            names = sorted({str(fault["loc"][0]) for fault in faults if fault["loc"]})
            raise Blocked("invalid_settings", "these settings cannot be used: " + ", ".join(names)) from None
        if message.campaign is None:
            return BrazeEvents(self.client, settings)
        return BrazeCampaign(self.client, settings, message.campaign)


@dataclass(frozen=True, slots=True)
class BrazeEvents:
    """Events are claimed, attributes may be repeated; one item may be several objects."""

    client: Client
    settings: BrazeSettings
    claim_kind: str = "event"

    @property
    def claims(self) -> bool:
        """The installation's `claims` setting."""
        return self.settings.claims

    @property
    def resends_unknown(self) -> bool:
        """`on_ambiguous_events`."""
        return self.settings.on_ambiguous_events == "resend"

    def expired(self, now: datetime) -> ItemOutcome | None:  # noqa: ARG002 (events carry their own time)
        """Never."""
        return None

    def plan(self, index: int, item: dict[str, Any]) -> Planned | ItemOutcome:
        """The item's objects, and what had to be left out of them."""
        notes: list[LeftOut] = []
        objects = to_objects(item, self.settings, notes)
        if isinstance(objects, ItemOutcome):
            return objects
        time = _happened(item)
        [(array, thing)] = objects
        if array == "events":
            return Planned(index, objects, str(item["messageId"]), time, tuple(notes))
        profile = update_of(thing, time) if self.settings.profile_memory else None
        return Planned(index, objects, None, time, tuple(notes), profile, adds_up(thing))

    def send(self, part: Sequence[Planned], secret: Mapping[str, str], exchanges: list[Exchange]) -> Sent:
        """One request: a user's changes merged into one object, events in their order.

        Raises TooLarge for an error that names no object where halves can be sent without counting twice.
        """
        request = plan_track([item.wire for item in part], times=[item.time for item in part])
        shown = {name: value for name in ("attributes", "events") if (value := getattr(request, name))}
        witness = _witness(f"{self.settings.rest_endpoint.rstrip('/')}/users/track", shown, exchanges)
        answer = self.client.track(self.settings.rest_endpoint, _key(secret), request.body(), witness=witness)
        unnamed = next((error for error in answer.errors if error.index is None), None)
        if unnamed is not None and len(part) > 1 and not any(item.doubles for item in part):
            raise TooLarge(unnamed.reason, unnamed.detail)
        return Sent(_track_outcomes(answer, request, len(part)), answer.pause)


def _happened(item: Mapping[str, Any]) -> str:
    """The event's time; one from the future (a client's wrong clock) happened when it was received."""
    time = str(item.get("timestamp", ""))
    return min(time, str(item.get("receivedAt") or time))


def _track_outcomes(answer: TrackAnswer, request: TrackRequest, size: int) -> tuple[ItemOutcome, ...]:
    """Errors lead back to items by array and position; one that names nothing is a note on all, or the only item's."""
    outcomes = [_DELIVERED if answer.taken else _NOT_TAKEN] * size
    for error in reversed(answer.errors):
        owners = request.owners.get(error.array or "", ())
        if error.index is not None and 0 <= error.index < len(owners):
            for owner in owners[error.index]:
                outcomes[owner] = rejected(error.reason, error.detail)
        elif size == 1:
            outcomes[0] = rejected(error.reason, error.detail)
        else:
            outcomes = [_noted(outcome, error) for outcome in outcomes]
    return tuple(outcomes)


def _noted(outcome: ItemOutcome, error: ItemError) -> ItemOutcome:
    if outcome.outcome is not Outcome.DELIVERED:
        return outcome
    return ItemOutcome(Outcome.DELIVERED, "error_names_no_item", error.detail)


@dataclass(frozen=True, slots=True)
class BrazeCampaign:
    """An order to trigger a campaign: each (order, campaign, user) is claimed, even when claims are off for events."""

    client: Client
    settings: BrazeSettings
    order: CampaignOrder
    claims: Literal[True] = True
    claim_kind: str = "campaign"

    @property
    def resends_unknown(self) -> bool:
        """`on_ambiguous_triggers`."""
        return self.settings.on_ambiguous_triggers == "resend"

    def expired(self, now: datetime) -> ItemOutcome | None:
        """`rejected: expired` once `send_before` is reached; one that cannot be read is as good as past."""
        try:
            limit = datetime.fromisoformat(self.order.send_before)
        except ValueError:
            return rejected("expired", "send_before cannot be read")
        limit = limit if limit.tzinfo else limit.replace(tzinfo=UTC)
        return rejected("expired", f"send_before {self.order.send_before}") if now >= limit else None

    def plan(self, index: int, item: dict[str, Any]) -> Planned | ItemOutcome:
        """The row's recipient."""
        stated = self.order.send_to_existing_only
        existing_only = self.settings.send_to_existing_only if stated is None else stated
        recipient = to_recipient(item, existing_only=existing_only)
        if isinstance(recipient, ItemOutcome):
            return recipient
        return Planned(index, recipient, f"{self.order.order_id}#{self.order.campaign_id}#{_user(recipient)}")

    def send(self, part: Sequence[Planned], secret: Mapping[str, str], exchanges: list[Exchange]) -> Sent:
        """One request; its answer holds for all recipients alike."""
        campaign = self.order.campaign_id
        recipients = plan_recipients(campaign, [item.wire for item in part]).recipients
        shown = {"campaign_id": campaign, "recipients": recipients}
        witness = _witness(
            f"{self.settings.rest_endpoint.rstrip('/')}/campaigns/trigger/send", shown, exchanges
        )
        answer = self.client.trigger(
            self.settings.rest_endpoint, _key(secret), campaign, recipients, witness=witness
        )
        outcome = rejected("campaign_paused", answer.notice) if answer.notice else _DELIVERED
        return Sent((outcome,) * len(part), answer.pause)


def _user(recipient: Mapping[str, Any]) -> str:
    return "|".join(
        f"{name}={recipient[name]}" for name in ("external_user_id", "braze_id") if name in recipient
    )


def _key(secret: Mapping[str, str]) -> SecretStr:
    return SecretStr(secret.get("rest_api_key", "").strip())


def _witness(url: str, request: Any, exchanges: list[Exchange]) -> Witness:
    exchanges.append(Exchange(url, request))

    def witness(status: int, body: Any, latency_ms: int) -> None:
        exchanges[-1] = Exchange(url, request, status, body, latency_ms)

    return witness
