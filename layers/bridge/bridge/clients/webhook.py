"""A webhook's receiver: canonical events go out as `{"batch":[…]}`, and any 2xx takes them all."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.clients.rates import wait_when_spent
from bridge.clients.statuses import Witness, refusal, successful, text
from bridge.clients.transport import Answer, Transport
from bridge.errors import Blocked, TooLarge
from mapping.installation import Installation
from mapping.json_values import encode
from mapping.webhook import WebhookSettings


@dataclass(frozen=True, slots=True)
class Taken:
    """Every event of the request was; `pause` is seconds to leave the receiver alone."""

    rejected: Mapping[int, str]
    pause: float | None


@dataclass(frozen=True, slots=True)
class Client:
    """One request per call; raises the errors of `bridge.errors`."""

    transport: Transport
    clock: Callable[[], datetime]

    def request(self, settings: WebhookSettings, wires: Sequence[Any]) -> tuple[str, Any]:
        """Address and body."""
        return settings.url, {"batch": list(wires)}

    def send(
        self, settings: WebhookSettings, secret: Mapping[str, str], wires: Sequence[Any], witness: Witness
    ) -> Taken:
        """Raises TooLarge when the receiver refuses the events as a whole: they come again in halves."""
        answer = self._exchange(settings, secret, wires)
        witness(answer.status, answer.json(), answer.latency_ms)
        now = self.clock()
        error = refusal(answer, now)
        if error is not None:
            raise error
        if not successful(answer.status):
            raise TooLarge("refused_by_receiver", _said(answer) or f"the receiver answered {answer.status}")
        return Taken({}, wait_when_spent(answer.headers, now))

    def probe(self, installation: Installation, secret: Mapping[str, str]) -> int:
        """The status of a request without an event; raises Blocked for a redirect."""
        answer = self._exchange(WebhookSettings.of(installation), secret, [])
        error = refusal(answer, self.clock())
        if isinstance(error, Blocked) and error.reason == "redirected":
            raise error
        return answer.status

    def _exchange(self, settings: WebhookSettings, secret: Mapping[str, str], wires: Sequence[Any]) -> Answer:
        url, document = self.request(settings, wires)
        body = encode(document)
        proof = proofs(settings, secret, body, self.clock())
        return self.transport.send(
            settings.method, url, headers={"Content-Type": "application/json", **proof}, body=body
        )


def proofs(
    settings: WebhookSettings, secret: Mapping[str, str], body: bytes, now: datetime
) -> dict[str, str]:
    """The headers that show a request is ours. Raises Blocked when the secret they need is not stored."""
    match settings.authentication:
        case "bearer":
            return {"Authorization": f"Bearer {_stored(secret, 'bearer_token')}"}
        case "basic":
            pair = f"{settings.basic_user}:{_stored(secret, 'basic_password')}"
            return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        case "hmac":
            return signed(_stored(secret, "hmac_secret"), body, now)
        case _:
            return {}


def signed(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """HMAC-SHA256 over `<Unix ms>.<raw body>`, in hex: what `/v1/events` asks of its own callers."""
    timestamp = str(round(now.timestamp() * 1000))
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return {"X-Timestamp": timestamp, "X-Signature": f"sha256={mac.hexdigest()}"}


def _stored(secret: Mapping[str, str], name: str) -> str:
    value = secret.get(name, "")
    if not value:
        raise Blocked("secret_missing", f"{name} is not stored: update the installation with it")
    return value


def _said(answer: Answer) -> str:
    body = answer.json()
    return text(body.get("message", body.get("error"))) if isinstance(body, dict) else ""
