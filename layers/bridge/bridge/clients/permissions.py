"""What a key may do, asked by calls that change nothing: one result per permission, within ten seconds."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from pydantic import SecretStr

from bridge.clients.actioniq import ActionIqClient
from bridge.clients.braze import BrazeClient
from bridge.clients.hosts import AllowedHosts
from bridge.clients.statuses import successful
from bridge.clients.transport import Timeouts, Transport
from bridge.errors import BridgeError, TooLarge
from mapping.installation import ActionIqSettings, BrazeSettings

PROBING = Timeouts(connect=3.0, read=4.0, whole=5.0)
"""Seconds: the calls run side by side, so together they end within ten."""

_NOBODY = "signal-bridge-permission-check"
_LET_IN = (400, 429)
_NO_CAMPAIGN = "00000000-0000-0000-0000-000000000000"

# permission → a call that needs it and does nothing: no objects, an id nobody has, a read, a send to no one
_BRAZE_CALLS: Mapping[str, tuple[str, str, Any]] = {
    "users.track": ("POST", "/users/track", {"attributes": [], "events": []}),
    "users.export.ids": (
        "POST",
        "/users/export/ids",
        {"external_ids": [_NOBODY], "fields_to_export": ["external_id"]},
    ),
    "campaigns.list": ("GET", "/campaigns/list?page=0", None),
    "campaigns.trigger.send": (
        "POST",
        "/campaigns/trigger/send",
        {"campaign_id": _NO_CAMPAIGN, "broadcast": False, "recipients": []},
    ),
}


@dataclass(frozen=True, slots=True)
class Permission:
    """`check` names the permission; any status but `ok` comes with a hint."""

    check: str
    status: Literal["ok", "missing", "invalid_key", "wrong_address", "unreachable", "failed"]
    hint: str = ""

    def document(self) -> dict[str, str]:
        """As the test route answers it."""
        return {name: value for name, value in asdict(self).items() if value or name != "hint"}


def probing_transport(hosts: AllowedHosts) -> Transport:
    """A transport with the timeouts of a test."""
    return Transport(hosts, size=len(_BRAZE_CALLS), timeouts=PROBING)


def probe_braze(
    transport: Transport, clock: Callable[[], datetime], config: Mapping[str, Any], secrets: Mapping[str, str]
) -> list[Permission]:
    """The four permissions Braze's side needs; a 400 means the call was let in and found empty."""
    endpoint = BrazeSettings.model_validate(dict(config)).rest_endpoint
    key, client = SecretStr(secrets.get("rest_api_key", "").strip()), BrazeClient(transport, clock)

    def status_of(call: tuple[str, str, Any]) -> int | BridgeError:
        try:
            return client.probe(call[0], endpoint, call[1], key, call[2])
        except BridgeError as error:
            return error

    with ThreadPoolExecutor(len(_BRAZE_CALLS)) as pool:
        found = dict(zip(_BRAZE_CALLS, pool.map(status_of, _BRAZE_CALLS.values()), strict=True))
    none_let_in = all(status in (401, 403) for status in found.values())
    return [_judged(permission, status, none_let_in=none_let_in) for permission, status in found.items()]


def _judged(permission: str, status: int | BridgeError, *, none_let_in: bool) -> Permission:
    if isinstance(status, BridgeError):
        return Permission(permission, "unreachable", status.detail or status.reason)
    if successful(status) or status in _LET_IN:
        return Permission(permission, "ok")
    if status in (401, 403) and none_let_in:
        return Permission(
            permission, "invalid_key", "Braze refuses the key: is it of this instance and workspace?"
        )
    if status in (401, 403):
        return Permission(
            permission, "missing", f"make a key with the permission {permission}; it cannot be added"
        )
    if status == HTTPStatus.NOT_FOUND:
        return Permission(
            permission, "wrong_address", "this REST endpoint is not Braze's: see Settings > API Keys"
        )
    return Permission(permission, "failed", f"Braze answered {status}")


def probe_actioniq(
    transport: Transport,
    clock: Callable[[], datetime],
    config: Mapping[str, Any],
    secrets: Mapping[str, str],
    default_base_url: str,
) -> list[Permission]:
    """Writing to the destination, tried with no records; a 400 means the call was let in and found empty."""
    settings = ActionIqSettings.model_validate(dict(config))
    name, value = settings.header(secrets.get("api_key", "").strip())
    client = ActionIqClient(transport, clock)
    try:
        client.send_records(settings.url(default_base_url), name, SecretStr(value), [])
    except TooLarge:
        return [Permission("records.write", "ok")]
    except BridgeError as error:
        return [
            Permission("records.write", _STATUS_OF.get(error.reason, "failed"), error.detail or error.reason)
        ]
    return [Permission("records.write", "ok")]


_STATUS_OF: Mapping[
    str, Literal["ok", "missing", "invalid_key", "wrong_address", "unreachable", "failed"]
] = {
    "unauthorized": "invalid_key",
    "forbidden": "missing",
    "not_found": "wrong_address",
    "host_not_allowed": "wrong_address",
    "connect_failed": "unreachable",
    "no_answer": "unreachable",
    "connection_broke": "unreachable",
    "rate_limited": "ok",
}
