"""Braze's REST API as far as the bridge speaks it (facts of /users/track, sends and campaigns)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from bridge.clients import braze_answers as answers
from bridge.clients.braze_answers import ItemError
from bridge.clients.rates import Rate, rate, wait_when_spent
from bridge.clients.statuses import Witness, refusal, successful
from bridge.clients.transport import Answer, Transport
from bridge.errors import Unknown

PAGE = 100
"""/campaigns/list answers in groups of 100; a shorter page is the last one."""
MOST_PAGES = 200


@dataclass(frozen=True, slots=True)
class TrackAnswer:
    """What /users/track said. `taken` is false when it refused the request for the items in `errors` alone."""

    errors: tuple[ItemError, ...] = ()
    taken: bool = True
    pause: float | None = None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class TriggerAnswer:
    """What /campaigns/trigger/send said; a `notice` means accepted and not sent (a paused campaign)."""

    dispatch_id: str = ""
    notice: str = ""
    pause: float | None = None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class BrazeClient:
    """Calls below take the REST endpoint and key of one workspace and raise the errors of `bridge.errors`."""

    transport: Transport
    clock: Callable[[], datetime]

    def track(
        self, endpoint: str, key: SecretStr, body: bytes, *, witness: Witness | None = None
    ) -> TrackAnswer:
        """POST /users/track. Items named in `errors` were refused, all others are queued at Braze."""
        answer, parsed = self._call("POST", endpoint, "/users/track", key, body, witness)
        if not successful(answer.status):
            return TrackAnswer(answers.fatal(answer.status, parsed), taken=False)
        answers.confirmed(answer.status, parsed)
        return TrackAnswer(answers.item_errors(parsed), True, *self._rates(answer))  # noqa: FBT003 (it was taken)

    def trigger(
        self,
        endpoint: str,
        key: SecretStr,
        campaign_id: str,
        recipients: Sequence[Mapping[str, Any]],
        *,
        witness: Witness | None = None,
    ) -> TriggerAnswer:
        """POST /campaigns/trigger/send for 1 to 50 named recipients; a broadcast cannot be made with it."""
        if not recipients:
            raise ValueError("a trigger without recipients would address the whole campaign segment")
        order = {"campaign_id": campaign_id, "broadcast": False, "recipients": list(recipients)}
        answer, parsed = self._call("POST", endpoint, "/campaigns/trigger/send", key, _json(order), witness)
        if not successful(answer.status):
            answers.fatal(answer.status, parsed)
            raise Unknown("unreadable_answer", "Braze named items in a send that has none")
        answers.confirmed(answer.status, parsed)
        told = parsed if isinstance(parsed, dict) else {}
        dispatch, notice = str(told.get("dispatch_id") or ""), answers.line(told.get("notice"))
        return TriggerAnswer(dispatch, notice, *self._rates(answer))

    def campaigns(self, endpoint: str, key: SecretStr) -> Iterator[dict[str, Any]]:
        """GET /campaigns/list, page by page: `{"id","name","is_api_campaign",…}`, oldest first, archived left out."""
        for page in range(MOST_PAGES):
            found = self.campaign_page(endpoint, key, page)
            yield from found
            if len(found) < PAGE:
                return

    def campaign_page(self, endpoint: str, key: SecretStr, page: int = 0) -> list[dict[str, Any]]:
        """One page of /campaigns/list, counted from 0."""
        path = "/campaigns/list?" + urlencode({"page": page, "sort_direction": "asc"})
        answer, parsed = self._call("GET", endpoint, path, key, None, None)
        if not successful(answer.status):
            answers.fatal(answer.status, parsed)
        answers.confirmed(answer.status, parsed)
        found = parsed.get("campaigns", []) if isinstance(parsed, dict) else []
        return [campaign for campaign in found if isinstance(campaign, dict)]

    def probe(self, method: str, endpoint: str, path: str, key: SecretStr, body: Any) -> int:
        """The bare status of a call that changes nothing, for the permission test."""
        return self._send(method, endpoint, path, key, None if body is None else _json(body)).status

    def _call(
        self,
        method: str,
        endpoint: str,
        path: str,
        key: SecretStr,
        body: bytes | None,
        witness: Witness | None,
    ) -> tuple[Answer, Any]:
        answer = self._send(method, endpoint, path, key, body)
        parsed = answer.json()
        if witness is not None:
            witness(answer.status, parsed, answer.latency_ms)
        error = refusal(answer, self.clock())
        if error is not None:
            raise error
        return answer, parsed

    def _send(self, method: str, endpoint: str, path: str, key: SecretStr, body: bytes | None) -> Answer:
        base = endpoint.rstrip("/")
        base = base if "://" in base else f"https://{base}"
        headers = {"Authorization": f"Bearer {key.get_secret_value()}", "Content-Type": "application/json"}
        return self.transport.send(method, base + path, headers=headers, body=body)

    def _rates(self, answer: Answer) -> tuple[float | None, Rate | None]:
        now = self.clock()
        return wait_when_spent(answer.headers, now), rate(answer.headers, now)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
