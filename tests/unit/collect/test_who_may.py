"""Every operation of the event API under every kind of credential, read from the API's own description."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bridge.flows.authorize import signature
from tests.unit.collect.builders import (
    BRAZE_ID,
    BROWSER_KEY,
    HMAC_SECRET,
    OFF_KEY,
    SERVER_KEY,
    TEST_KEY,
    Door,
    request,
    track,
)

DOCUMENT = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text())
OPERATIONS = [
    (method.upper(), path)
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if not path.startswith("/v1/admin/")
]
PUBLIC = {"/v1/openapi.json"}
KEYED_BY_PATH = {"/v1/pixel/{type}", "/v1/projects/{writeKey}/settings"}
ORDER = {
    "activation_id": "act-1",
    "kind": "campaign",
    "integration_id": BRAZE_ID,
    "settings": {"campaign_id": "c"},
    "rows": [{"external_id": "u"}],
}
NOBODY = {
    "none": "",
    "unknown": "dk_live_" + "9" * 32,
    "off": OFF_KEY,
    "a token": "sb_admin",
    "malformed": "dk_",
    "another case": SERVER_KEY.upper(),
    "and more": SERVER_KEY + "0",
    "cut short": SERVER_KEY[:-1],
    "long": "dk_" + "x" * 10_000,
}


def ask(door: Door, method: str, path: str, key: str, scheme: str = "Basic", **headers: str) -> int:
    filled = path.replace("{type}", "track").replace("{writeKey}", key or "x")
    body: Any = None
    if method == "POST":
        body = ORDER if "activations" in path else ({"batch": [track()]} if path in BATCHES else track())
    given = base64.b64encode(f"{key}:".encode()).decode() if scheme == "Basic" else key
    said = {"authorization": f"{scheme} {given}"} if key and path not in KEYED_BY_PATH else {}
    query = f"event=e&userId=u&messageId=m&writeKey={key}" if "pixel" in path else ""
    return door(request(method, filled, body, key=None, headers=said | headers, query=query)).status


BATCHES = {"/v1/batch", "/v1/b", "/v1/import"}
SDK = {path for _, path in OPERATIONS} - PUBLIC - {"/v1/events", "/v1/activations"}


def test_the_description_names_every_path_the_door_knows():
    from bridge.flows.events.front_door import EVENT_PATHS  # noqa: PLC0415

    assert set(EVENT_PATHS) <= {path for _, path in OPERATIONS}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_a_browsers_key_reaches_the_paths_of_the_sdks_and_nothing_else(
    door: Door, method: str, path: str, scheme: str
) -> None:
    status = ask(door, method, path, BROWSER_KEY, scheme)
    assert status in ({200} if path in SDK | PUBLIC else {401, 403})
    assert (door.braze.bodies, door.exports.files) == ([], {})


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_a_servers_bare_key_opens_no_more_than_a_browsers(
    door: Door, method: str, path: str, scheme: str
) -> None:
    status = ask(door, method, path, SERVER_KEY, scheme)
    assert status in ({200} if path in SDK | PUBLIC else {401, 403})
    assert (door.braze.bodies, door.exports.files) == ([], {})


@pytest.mark.parametrize("kind", NOBODY)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_is_no_write_key_opens_nothing_that_takes_one(
    door: Door, method: str, path: str, kind: str
) -> None:
    for scheme in ("Basic", "Bearer"):
        status = ask(door, method, path, NOBODY[kind], scheme)
        ordered = path == "/v1/activations" and kind == "a token" and scheme == "Bearer"
        expected = {200} if path in PUBLIC else {202} if ordered else {401, 403}
        assert status in expected, (scheme, status)
    assert door.queue.bodies == []


@pytest.mark.parametrize("key", [BROWSER_KEY, TEST_KEY, OFF_KEY, "dk_live_unknown"])
@pytest.mark.parametrize("path", ["/v1/events", "/v1/activations"])
def test_nobody_signs_but_a_server_source_with_a_secret(door: Door, key: str, path: str) -> None:
    """The right secret under another's key is no signature of theirs."""
    raw = json.dumps(ORDER if "activations" in path else track()).encode()
    stamp = str(int(door.now.timestamp() * 1000))
    proof = {"x-timestamp": stamp, "x-signature": signature(HMAC_SECRET, stamp, raw)}
    reply = door(request("POST", path, raw, key=None, headers={"authorization": f"Bearer {key}", **proof}))
    assert reply.status in {401, 403}
    assert (door.queue.bodies, door.braze.bodies) == ([], [])


def test_a_repeated_order_triggers_a_campaign_once_however_it_is_authorised(door: Door) -> None:
    raw = json.dumps(ORDER).encode()
    stamp = str(int(door.now.timestamp() * 1000))
    proof = {"x-timestamp": stamp, "x-signature": signature(HMAC_SECRET, stamp, raw)}
    by_token = request(
        "POST", "/v1/activations", raw, key=None, headers={"authorization": "Bearer sb_activator"}
    )
    by_signature = request(
        "POST", "/v1/activations", raw, key=None, headers={"authorization": f"Bearer {SERVER_KEY}", **proof}
    )
    answers = [door(one) for one in (by_token, by_signature, by_token, by_signature)]
    assert {answer.status for answer in answers} == {202}
    assert len({json.dumps(answer.json, sort_keys=True) for answer in answers}) == 1
    assert len(door.braze.bodies) == 1
