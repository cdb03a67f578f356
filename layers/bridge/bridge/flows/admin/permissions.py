"""What a stored key may do: one result per permission, found out with calls that change nothing."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from pydantic import SecretStr

from bridge.errors import Blocked, BridgeError, Retryable, Unknown
from bridge.flows.admin.key_test import Check
from bridge.flows.delivery.vendor_keys import braze_key
from mapping import catalog
from mapping.installation import ActionIqSettings, BrazeSettings, Installation

LONGEST = 8.0
"""Seconds: with reading the installation and its key before it, a test is answered within 10."""

_REASONS = {401: "invalid_key", 403: "missing_permission", 404: "wrong_address", 405: "wrong_address"}
_LACKS_ONE = (
    "The key is known and lacks this permission. Make a new key with all permissions listed in the catalog."
)

_BRAZE_CALLS: tuple[tuple[str, str, str, Any], ...] = (
    ("users.track", "POST", "/users/track", {}),
    ("users.export.ids", "POST", "/users/export/ids", {}),
    ("campaigns.trigger.send", "POST", "/campaigns/trigger/send", {}),
    ("campaigns.list", "GET", "/campaigns/list?page=0", None),
)
"""Braze looks at the key before the body: an empty body under a key that is let in is refused with 400."""

_ACTIONIQ_NAMES = ("api_key", "account_id and destination_id")
_KEY_FIRST = "Not known while the key is refused."
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
        """All calls go out together; what the vendor has not answered after 8 s is unknown."""
        if installation.catalog_key == "braze":
            return self._braze(installation, braze_key(secrets))
        if installation.catalog_key == "actioniq":
            return _in_time(
                [(_ACTIONIQ_NAMES, lambda: self._actioniq(installation, secrets.get("api_key", "")))]
            )
        found = catalog.entry(installation.catalog_key)
        names = [permission.name for permission in found.permissions] if found else []
        return _in_time([(names, lambda: self._one_call(installation, names, secrets))])

    def _one_call(
        self, installation: Installation, names: Sequence[str], secrets: Mapping[str, str]
    ) -> list[Check]:
        """What one call says holds for every permission the catalog names."""
        key = installation.catalog_key
        try:
            status = self.prober(key).probe(installation, secrets)
        except BridgeError as error:
            return [_failed(name, error) for name in names]
        return [_judged(key, name, status) for name in names]

    def _braze(self, installation: Installation, key: SecretStr) -> list[Check]:
        client, endpoint = self.braze(), BrazeSettings.of(installation).rest_endpoint

        def ask(permission: str, method: str, path: str, body: Any) -> list[Check]:
            try:
                return [_judged("braze", permission, client.probe(method, endpoint, path, key, body))]
            except BridgeError as error:
                return [_failed(permission, error)]

        return _apart(_in_time([((call[0],), partial(ask, *call)) for call in _BRAZE_CALLS]))

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
                return [_failed(name, blocked) for name in _ACTIONIQ_NAMES]
        except (Retryable, Unknown) as error:
            return [_failed(name, error) for name in _ACTIONIQ_NAMES]
        except BridgeError:
            # It refused an empty list of records: the key and the address were good enough to get that far.
            status = 200
        key_name, known = _ACTIONIQ_NAMES
        ids = (
            _judged("actioniq", known, status) if status in {200, 404} else _unknown(known, None, _KEY_FIRST)
        )
        return [_judged("actioniq", key_name, 200 if status == HTTPStatus.NOT_FOUND else status), ids]


def _in_time(asks: Sequence[tuple[Sequence[str], Callable[[], list[Check]]]]) -> list[Check]:
    """Each ask with the permissions it is about; one that takes too long is left to its own timeouts."""
    pool = ThreadPoolExecutor(len(asks))
    futures = [pool.submit(ask) for _, ask in asks]
    wait(futures, timeout=LONGEST)
    pool.shutdown(wait=False, cancel_futures=True)
    return [
        check
        for (names, _), future in zip(asks, futures, strict=True)
        for check in (future.result() if future.done() else [_unknown(name, None) for name in names])
    ]


def _apart(checks: list[Check]) -> list[Check]:
    """Braze answers 401 to an unknown key and to one that lacks a permission: a key let in elsewhere is known."""
    if not any(one["status"] == "ok" or one["reason"] == "missing_permission" for one in checks):
        return checks
    lacks = {"reason": "missing_permission", "hint": _LACKS_ONE}
    return [one | lacks if one["reason"] == "invalid_key" else one for one in checks]


def _judged(catalog_key: str, permission: str, status: int) -> Check:
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unknown(permission, status)
    entry = catalog.entry(catalog_key)
    refused = status in _REASONS
    hint = entry.hint(status) if entry and refused else ""
    return {
        "permission": permission,
        "status": "failed" if refused else "ok",
        "vendor_status": status,
        "reason": _REASONS[status] if refused else "",
        "hint": hint or (f"The vendor answered {status}." if refused else ""),
    }


def _unknown(permission: str, status: int | None, hint: str = _TRY_LATER) -> Check:
    return {
        "permission": permission,
        "status": "unknown",
        "vendor_status": status,
        "reason": "",
        "hint": hint,
    }


def _failed(permission: str, error: BridgeError) -> Check:
    if isinstance(error, Retryable | Unknown):
        return _unknown(permission, None)
    return {
        "permission": permission,
        "status": "failed",
        "vendor_status": None,
        "reason": error.reason,
        "hint": error.detail or error.reason,
    }
