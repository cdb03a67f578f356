"""The lines of a part as requests to Braze: framed, answered per line, in the installation's name."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import SecretStr

from bridge.errors import Blocked, Rejected, Retryable, TooLarge, Unknown
from bridge.flows.delivery.braze_calls import ItemError, TrackAnswer, TriggerAnswer
from bridge.flows.delivery.vendor_keys import braze_key
from bridge.flows.runs.framing import frame
from bridge.flows.runs.pacing import Pacing, Ticket
from bridge.flows.runs.pump import Sender
from bridge.flows.runs.windows import Told
from mapping.braze_rows import addressed
from mapping.export import RunPlan
from mapping.installation import BrazeSettings, Installation

NOT_THERE = frozenset({"connect_failed", "vendor_unavailable"})
"""Failures that say nothing of what was sent, only that the vendor is not there."""


class Tracked(TrackAnswer, Protocol):
    """Braze's word on a track request, its rate headers included."""

    @property
    def rate(self) -> Told | None: ...


class Triggered(TriggerAnswer, Protocol):
    """Braze's word on a send, its rate headers included."""

    @property
    def rate(self) -> Told | None: ...


class Braze(Protocol):
    """The client's two calls."""

    def track(self, endpoint: str, key: SecretStr, body: bytes) -> Tracked: ...
    def trigger(
        self, endpoint: str, key: SecretStr, campaign_id: str, recipients: Sequence[Mapping[str, Any]]
    ) -> Triggered: ...


class Keys(Protocol):
    """The installation's key, and the key as it is after one was refused."""

    def current(self, installation: Installation) -> Mapping[str, str]: ...
    def refreshed(
        self, installation: Installation, used: Mapping[str, str], now: datetime
    ) -> Mapping[str, str] | None: ...


class Installations(Protocol):
    """The installations there are."""

    def get(self, installation_id: str) -> Installation | None: ...


class Pauses(Protocol):
    """Where a pause is kept for all workers."""

    def pause(self, installation_id: str, until: datetime, reason: str, *, now: datetime) -> None: ...


class Pacers(Protocol):
    """Where the answers to one installation's requests of a kind are taken note of."""

    def __call__(self, installation_id: str, kind: str) -> Pacing: ...


@dataclass(frozen=True, slots=True)
class BrazeSenders:
    """Makes the sender a plan's parts go through."""

    braze: Braze
    installations: Installations
    keys: Keys
    pauses: Pauses
    clock: Callable[[], datetime]
    pacers: Pacers

    def __call__(self, plan: RunPlan) -> Sender:
        """Raises Blocked when the installation is gone or disabled."""
        installation = self.installations.get(plan.integration_id)
        if installation is None or not installation.enabled:
            raise Blocked("installation_disabled", "the installation was disabled or deleted during the run")
        pacing = self.pacers(installation.id, plan.kind)
        return _Requests(self, installation, plan, pacing).send


@dataclass(frozen=True, slots=True)
class _Requests:
    flow: BrazeSenders
    installation: Installation
    plan: RunPlan
    pacing: Pacing

    def send(self, lines: Sequence[bytes]) -> Mapping[int, str]:
        """One request; what concerns more than its lines is said to all workers, or ends the run."""
        began = self.pacing.begins()
        try:
            answer = self._with_key(lines)
        except (Retryable, Unknown) as error:
            answered = isinstance(error, Retryable) and error.reason not in NOT_THERE
            self._pause(self.pacing.heard(began, answered=answered), "vendor_unavailable")
            if isinstance(error, Retryable) and error.pauses:
                self._pause(error.after, error.reason)
            raise
        except Rejected as error:
            if self.plan.kind != "campaign":
                raise
            # What Braze says of an order (an unknown campaign) holds for every recipient of it.
            raise Blocked(error.reason, f"campaign {self.plan.campaign_id}: {error.detail}") from error
        self.pacing.heard(began, answered=True)
        return answer

    def _with_key(self, lines: Sequence[bytes]) -> Mapping[int, str]:
        used = self.flow.keys.current(self.installation)
        try:
            return self._send(lines, used)
        except Blocked:
            fresh = self.flow.keys.refreshed(self.installation, used, self.flow.clock())
            if fresh is None:
                raise
            return self._send(lines, fresh)

    def _send(self, lines: Sequence[bytes], keys: Mapping[str, str]) -> Mapping[int, str]:
        settings = BrazeSettings.of(self.installation)
        key = braze_key(keys)
        if self.plan.kind == "campaign":
            return self._trigger(settings, key, lines)
        array = "attributes" if self.plan.kind == "audience" else "events"
        return self._track(settings.rest_endpoint, key, lines, array)

    def _track(self, endpoint: str, key: SecretStr, lines: Sequence[bytes], array: str) -> Mapping[int, str]:
        rejected: dict[int, str] = {}
        left = list(range(len(lines)))
        while left:
            ticket = self.pacing.sending()
            answer = self.flow.braze.track(endpoint, key, frame([lines[at] for at in left], array.encode()))
            self._told(ticket, answer)
            named = _named(answer.errors, array, left)
            if len(named) < len(answer.errors) and (array == "attributes" or not answer.taken):
                raise TooLarge(answer.errors[0].reason, "Braze did not say which object it refused")
            rejected |= named
            if answer.taken or not named:
                break
            left = [at for at in left if at not in named]
        return rejected

    def _trigger(self, settings: BrazeSettings, key: SecretStr, lines: Sequence[bytes]) -> Mapping[int, str]:
        existing = self.plan.details.get("send_to_existing_only", settings.send_to_existing_only)
        recipients = [addressed(json.loads(line), existing_only=existing) for line in lines]
        ticket = self.pacing.sending()
        campaign = self.plan.campaign_id or ""
        answer = self.flow.braze.trigger(settings.rest_endpoint, key, campaign, recipients)
        self._told(ticket, answer)
        return dict.fromkeys(range(len(lines)), "campaign_paused") if answer.notice else {}

    def _told(self, ticket: Ticket, answer: Tracked | Triggered) -> None:
        self.pacing.told(ticket, answer.rate)
        self._pause(answer.pause, "limit_spent")

    def _pause(self, seconds: float | None, reason: str) -> None:
        # Of many requests that meet the same limit, the first one stops the other workers.
        if seconds and self.pacing.pause(seconds):
            now = self.flow.clock()
            self.flow.pauses.pause(self.installation.id, now + timedelta(seconds=seconds), reason, now=now)


def _named(errors: Sequence[ItemError], array: str, sent: Sequence[int]) -> dict[int, str]:
    """Reason per line; an error of another array, or beyond what was sent, names none of ours."""
    return {
        sent[error.index]: error.reason
        for error in errors
        if error.array == array and error.index is not None and 0 <= error.index < len(sent)
    }
