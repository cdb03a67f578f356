"""What both Python SDKs are told to do: scenes come in as JSON, what became of them goes out as JSON."""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

Json = dict[str, Any]
ARGUMENTS = {
    "page": ("user_id", "anonymous_id", "category", "name", "properties"),
    "screen": ("user_id", "anonymous_id", "category", "name", "properties"),
    "track": ("user_id", "anonymous_id", "event", "properties"),
    "identify": ("user_id", "anonymous_id", "traits"),
    "group": ("user_id", "anonymous_id", "group_id", "traits"),
    "alias": ("user_id", "previous_id"),
}


def perform(new_client: Callable[[Json, Callable[..., None]], Any], version: str) -> None:
    """Every scene with a client of its own, by a clock that is wrong."""
    play = json.load(sys.stdin)
    there = datetime.now(UTC) + timedelta(seconds=play["clock_is_off_by"])
    with time_machine.travel(there, tick=True):
        scenes = {name: _performed(scene, new_client) for name, scene in play["scenes"].items()}
    json.dump({"version": version, "scenes": scenes}, sys.stdout)


def _performed(scene: Json, new_client: Callable[[Json, Callable[..., None]], Any]) -> Json:
    errors: list[Json] = []
    client = new_client(scene, lambda error, _batch: errors.append(_shown(error)))
    ids = [_call(client, call) for call in scene["calls"]]
    client.shutdown() if hasattr(client, "shutdown") else client.flush()
    time.sleep(scene.get("linger", 0))
    return {"message_ids": ids, "errors": errors}


def _call(client: Any, call: Json) -> str:
    arguments = {name: call[name] for name in ARGUMENTS[call["call"]] if name in call}
    if "at" in call:
        arguments["timestamp"] = datetime.now(UTC) + timedelta(seconds=call["at"])
    taken, message = getattr(client, call["call"])(**arguments)
    if not taken:
        raise RuntimeError("the SDK's queue is full")
    found: str = message["messageId"]
    return found


def _shown(error: Exception) -> Json:
    named = {name: getattr(error, name, None) for name in ("status", "code", "message")}
    return {"type": type(error).__name__} | named
