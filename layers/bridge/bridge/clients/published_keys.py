"""The keys an identity provider publishes (OpenID Connect Discovery, RFC 7517): asked for rarely, kept for long."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Pools, Timeouts, Transport
from bridge.errors import BridgeError, Retryable

FRESH = timedelta(hours=1)
"""So long a known key is believed without asking again."""
STALE = timedelta(hours=24)
"""So long a known key is believed while the provider does not answer."""
PAUSE = timedelta(seconds=60)
"""Between two questions while there are keys: tokens that name made-up keys do not become requests."""
SHORT_PAUSE = timedelta(seconds=5)
"""The same while there are none."""
TIMEOUTS = Timeouts(connect=1.5, read=1.0, whole=1.5)
"""Two documents within the ten seconds that the gateway gives its authorizer."""


@dataclass(slots=True)
class PublishedKeys:
    """`issuer` names itself in its discovery document, which says where the keys are; all of it over https."""

    issuer: str
    clock: Callable[[], datetime]
    pools: Pools | None = None
    _keys: Mapping[str, PyJWK] = field(default_factory=dict)
    _read_at: datetime | None = None
    _asked_at: datetime | None = None

    def of(self, key_id: str) -> PyJWK | None:
        """The key of that id, None when the provider has none. Raises Retryable while nothing can be known."""
        now = self.clock()
        old = self._read_at is None or now - self._read_at >= FRESH
        if (old or key_id not in self._keys) and self._may_ask(now):
            self._ask(now)
        if self._read_at is None or now - self._read_at >= STALE:
            raise Retryable("identity_provider_unavailable", "the identity provider's keys could not be read")
        return self._keys.get(key_id)

    def _may_ask(self, now: datetime) -> bool:
        pause = PAUSE if self._keys else SHORT_PAUSE
        return self._asked_at is None or now - self._asked_at >= pause

    def _ask(self, now: datetime) -> None:
        """A failure leaves what is known: `of` says when that is too old."""
        self._asked_at = now
        try:
            found = self._json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:
                return
            listed = self._json(str(found.get("jwks_uri"))).get("keys")
        except BridgeError:
            return
        if isinstance(listed, list):
            self._keys, self._read_at = _usable(listed), now

    def _json(self, url: str) -> dict[str, Any]:
        """Raises Blocked for anything but https, Retryable or Unknown where no JSON object is answered."""
        host = urlsplit(url).netloc if url.startswith("https://") else ""
        hosts = AllowedHosts((host.lower(),))
        answer = Transport(hosts, size=1, timeouts=TIMEOUTS, pools=self.pools).send("GET", url, headers={})
        document = answer.json()
        if answer.status != 200 or not isinstance(document, dict):
            raise Retryable(
                "identity_provider_unavailable", f"the identity provider answered {answer.status}"
            )
        return document


def _usable(listed: list[Any]) -> dict[str, PyJWK]:
    """By key id; a key of a kind we do not know is nobody's fault."""
    keys = {}
    for one in listed:
        if isinstance(one, dict) and isinstance(one.get("kid"), str) and one.get("use", "sig") == "sig":
            try:
                keys[one["kid"]] = PyJWK(one)
            except PyJWTError:
                continue
    return keys
