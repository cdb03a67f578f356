"""All scenes of one SDK, played once; the tests then look at what came of them."""

import json
import os
import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.sdk import script
from tests.sdk.relay import Relay, relayed
from tests.sdk.sdks import Sdk
from tests.sdk.setbacks import THROTTLED, TOO_LARGE, UNAVAILABLE
from tests.sdk.world import World, until

Json = dict[str, Any]
WRONG_KEY = "dk_live_00000000000000000000000000000000"
LINGER = 1.5
"""Seconds an SDK that was refused is given to try again: each would within one."""
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Performance:
    """What the SDK said about its scenes, and what the relays of some of them saw."""

    sdk: Sdk
    world: World
    scenes: dict[str, Json]
    relays: dict[str, Relay]
    version: str
    began: datetime
    ended: datetime

    @property
    def message_ids(self) -> list[str]:
        """Of the calls, in their order."""
        found: list[str] = self.scenes["calls"]["message_ids"]
        return found


def performed(sdk: Sdk, world: World, chromium: str | None) -> Performance:
    """Play the scenes and wait until the vendors hold what they imply."""
    with ExitStack() as open_relays:
        relays = {
            name: open_relays.enter_context(relayed(world.stack.api_url, SETBACKS.get(name)))
            for name in RELAYED[sdk.browser]
        }
        scenes = _browser_scenes(world, relays) if sdk.browser else _server_scenes(sdk, world, relays)
        play = {"clock_is_off_by": script.CLOCK_IS_OFF_BY, "scenes": scenes}
        if sdk.browser:
            play |= {"chromium": chromium, "shop_port": _free_port()}
        began = datetime.now(UTC)
        told = _told(sdk, play)
        ended = datetime.now(UTC)
    until(
        lambda: len(world.records()) >= expected_records(sdk) and len(world.events()) >= expected_events(sdk)
    )
    until(
        lambda: all(
            len(world.filtered(one)) >= len(script.FILTERED) + sent_twice(sdk)
            for one in (world.actioniq, world.braze)
        )
    )
    time.sleep(1)
    return Performance(sdk, world, told["scenes"], relays, told["version"], began, ended)


def expected_records(sdk: Sdk) -> int:
    """Five of the calls, the batch, and what goes out besides."""
    return 5 + script.BULK + _besides(sdk)


def expected_events(sdk: Sdk) -> int:
    """As above; Braze is not sent the anonymous page, and an identify is no event there."""
    return 3 + script.BULK + _besides(sdk)


def _besides(sdk: Sdk) -> int:
    """What came through after a setback, and what an SDK sends ahead of its batches; in the browser, one scene more."""
    return 2 * few(sdk) + (1 if sdk.browser else 2 * sdk.alone)


def few(sdk: Sdk) -> int:
    """Events of a scene with a setback."""
    return 1 if sdk.browser else script.FEW


def sent_twice(sdk: Sdk) -> int:
    """Events of the request that was taken and said not to be."""
    return sdk.alone or few(sdk)


SETBACKS = {"unavailable": UNAVAILABLE, "throttled": THROTTLED, "too_large": TOO_LARGE}
RELAYED = {
    False: ("bulk", "wrong_key", "refused", *SETBACKS),
    True: ("by_settings", "bulk", "wrong_key", "wrong_key_at_load", "refused", *SETBACKS),
}


def _server_scenes(sdk: Sdk, world: World, relays: dict[str, Relay]) -> Json:
    usual = {"write_key": world.write_key, "batch": 20, "interval": 0.5, "gzip": False}

    def batch(name: str, count: int, event: str) -> Json:
        sent = script.bulk(world.user(name), count + sdk.alone, event)
        return usual | {"host": relays[name].url, "batch": count, "interval": 10, "gzip": True, "calls": sent}

    lost = script.bulk(world.user("wrong-key"), 1, "Lost")
    return {
        "calls": usual | {"host": world.stack.api_url, "calls": script.calls(world.user("calls"))},
        "bulk": batch("bulk", script.BULK, "Bulk"),
        "wrong_key": usual
        | {"host": relays["wrong_key"].url, "write_key": WRONG_KEY, "calls": lost, "linger": LINGER},
        "refused": batch("refused", script.TOO_MANY, "Refused") | {"linger": LINGER},
        "unavailable": batch("unavailable", script.FEW - sdk.alone, "Unavailable"),
        "throttled": batch("throttled", script.FEW - sdk.alone, "Throttled"),
        "too_large": batch("too_large", script.FEW, "Too Large") | {"linger": LINGER},
    }


def _browser_scenes(world: World, relays: dict[str, Relay]) -> Json:
    """Where to send to is for the page to say, or for us, as in `by_settings`; the SDK's documentation has both."""
    reserved = {"call": "identify", "user_id": world.user("refused"), "traits": {"AIQ_42_1": True}}
    batching = {"strategy": "batching", "config": {"size": script.BULK, "timeout": 10_000}}
    lost = script.bulk("nobody", 1, "Lost")

    def one(name: str, event: str, posts: int) -> Json:
        load, calls = _settings(world.write_key, relays[name].url), script.bulk(world.user(name), 1, event)
        return {"load": load, "user_id": world.user(name), "calls": calls, "posts": posts, "linger": LINGER}

    asks = {"writeKey": world.write_key, "cdnURL": relays["by_settings"].url}
    asks_in_vain = {"writeKey": WRONG_KEY, "cdnURL": relays["wrong_key_at_load"].url}
    return {
        "calls": {
            "load": _settings(world.write_key, world.stack.api_url),
            "anonymous_id": f"anon-{world.user('calls')}",
            "calls": script.calls(world.user("calls")),
            "posts": 8,
        },
        "by_settings": {
            "load": asks,
            "user_id": world.user("by-settings"),
            "calls": script.bulk(world.user("by-settings"), 1, "By Settings"),
            "posts": 1,
        },
        "bulk": {
            "load": _settings(world.write_key, relays["bulk"].url, deliveryStrategy=batching),
            "user_id": world.user("bulk"),
            "calls": script.bulk(world.user("bulk"), script.BULK),
            "posts": 1,
        },
        "wrong_key": {
            "load": _settings(WRONG_KEY, relays["wrong_key"].url),
            "calls": lost,
            "posts": 1,
            "linger": LINGER,
        },
        "wrong_key_at_load": {"load": asks_in_vain, "calls": lost, "posts": 0, "linger": LINGER},
        "refused": {
            "load": _settings(world.write_key, relays["refused"].url),
            "calls": [reserved],
            "posts": 1,
            "linger": LINGER,
        },
        "unavailable": one("unavailable", "Unavailable", 2),
        "throttled": one("throttled", "Throttled", 2),
        "too_large": one("too_large", "Too Large", 1),
    }


def _settings(write_key: str, url: str, **more: Any) -> Json:
    there = {"apiKey": write_key, "apiHost": f"{url.removeprefix('http://')}/v1", "protocol": "http"}
    return {"writeKey": write_key, "cdnSettings": {"integrations": {"Segment.io": there | more}}}


def _told(sdk: Sdk, play: Json) -> Json:
    done = subprocess.run(
        sdk.command,
        input=json.dumps(play),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
    )
    if done.returncode:
        raise RuntimeError(f"{sdk.name}: {done.stderr[-2000:]}")
    told: Json = json.loads(done.stdout)
    return told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
