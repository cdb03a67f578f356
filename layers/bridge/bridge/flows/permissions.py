"""What a stored key may do: one result per permission, found out with calls that change nothing."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from pydantic import SecretStr

from bridge.errors import Blocked, BridgeError, Retryable, Unknown
from mapping import catalog
from mapping.installation import ActionIqSettings, BrazeSettings, Installation

Check = dict[str, Any]
"""`{"permission","status":"ok|failed|unknown","vendor_status","hint"}`; unknown is worth another try."""

_BRAZE_CALLS: tuple[tuple[str, str, str, Any], ...] = (
    ("users.track", "POST", "/users/track", {}),
    ("users.export.ids", "POST", "/users/export/ids", {}),
    ("campaigns.trigger.send", "POST", "/campaigns/trigger/send", {}),
    ("campaigns.list", "GET", "/campaigns/list?page=0", None),
)
"""Braze looks at the key before the body: an empty body under a key that is let in is refused with 400."""

_TRY_LATER = "The vendor did not answer the question; try again shortly."


class Braze(Protocol):
    """Makes a call and gives its bare status."""

    def probe(self, method: str, endpoint: str, path: str, key: SecretStr, body: Any) -> int: ...


class ActionIq(Protocol):
    """Sends records; raises the errors of `bridge.errors`."""

    def send_records(self, url: str, header: str, value: SecretStr, records: Sequence[Any]) -> object: ...


class Prober(Protocol):
    """Makes one call that carries no data and gives its bare status; raises the errors of `bridge.errors`."""

    def probe(self, installation: Installation, secret: Mapping[str, str]) -> int: ...


@dataclass(frozen=True, slots=True)
class Permissions:
    """`actioniq_base_url` holds for installations that name none; `prober` gives any other integration's client."""

    braze: Callable[[], Braze]
    actioniq: Callable[[], ActionIq]
    actioniq_base_url: str
    prober: Callable[[str], Prober]

    def check(self, installation: Installation, secrets: Mapping[str, str]) -> list[Check]:
        """Bounded by the clients' timeouts: the calls go out together."""
        if installation.catalog_key == "braze":
            return self._braze(installation, SecretStr(secrets.get("rest_api_key", "")))
        if installation.catalog_key == "actioniq":
            return self._actioniq(installation, secrets.get("api_key", ""))
        return self._one_call(installation, secrets)

    def _one_call(self, installation: Installation, secrets: Mapping[str, str]) -> list[Check]:
        """What one call says holds for every permission the catalog names."""
        key = installation.catalog_key
        found = catalog.entry(key)
        names = [permission.name for permission in found.permissions] if found else []
        try:
            status = self.prober(key).probe(installation, secrets)
        except BridgeError as error:
            return [_failed(name, error) for name in names]
        return [_judged(key, name, status) for name in names]

    def _braze(self, installation: Installation, key: SecretStr) -> list[Check]:
        client, endpoint = self.braze(), BrazeSettings.of(installation).rest_endpoint

        def ask(call: tuple[str, str, str, Any]) -> Check:
            permission, method, path, body = call
            try:
                return _judged("braze", permission, client.probe(method, endpoint, path, key, body))
            except BridgeError as error:
                return _failed(permission, error)

        with ThreadPoolExecutor(len(_BRAZE_CALLS)) as pool:
            return list(pool.map(ask, _BRAZE_CALLS))

    def _actioniq(self, installation: Installation, key: str) -> list[Check]:
        """One call without a record: 401 and 403 are about the key, 404 about account or destination."""
        settings = ActionIqSettings.of(installation)
        header, value = settings.header(key)
        status = 200
        try:
            self.actioniq().send_records(settings.url(self.actioniq_base_url), header, SecretStr(value), [])
        except Blocked as blocked:
            status = {"unauthorized": 401, "forbidden": 403, "not_found": 404}.get(blocked.reason, 0)
            if not status:
                return [_failed("api_key", blocked), _failed("account_id and destination_id", blocked)]
        except (Retryable, Unknown) as error:
            return [_failed("api_key", error), _failed("account_id and destination_id", error)]
        except BridgeError:
            # It refused an empty list of records: the key and the address were good enough to get that far.
            status = 200
        known = "account_id and destination_id"
        ids = _judged("actioniq", known, status) if status in {200, 404} else _unknown(known, None)
        return [_judged("actioniq", "api_key", 200 if status == HTTPStatus.NOT_FOUND else status), ids]


def _judged(catalog_key: str, permission: str, status: int) -> Check:
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unknown(permission, status)
    entry = catalog.entry(catalog_key)
    refused = status in {401, 403, 404, 405}
    hint = entry.hint(status) if entry and refused else ""
    return {
        "permission": permission,
        "status": "failed" if refused else "ok",
        "vendor_status": status,
        "hint": hint or (f"The vendor answered {status}." if refused else ""),
    }


def _unknown(permission: str, status: int | None) -> Check:
    return {"permission": permission, "status": "unknown", "vendor_status": status, "hint": _TRY_LATER}


def _failed(permission: str, error: BridgeError) -> Check:
    if isinstance(error, Retryable | Unknown):
        return _unknown(permission, None)
    hint = error.detail or error.reason
    return {"permission": permission, "status": "failed", "vendor_status": None, "hint": hint}
