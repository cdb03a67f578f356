"""The counting mode: /users/track for benchmarks, where objects are counted and nothing is kept."""

import json
from dataclasses import replace
from functools import cache

from local.standins.braze.gate import Turned, spend
from local.standins.braze.rates import track_windows
from local.standins.braze.workspace import Workspace
from local.standins.web import Answer, Reply, encode, json_reply


def count(workspace: Workspace, body: bytes) -> Reply:
    """Answer 201 with the number of identifiers found; rate limits hold, nothing else is checked."""
    try:
        told = spend(workspace, track_windows(workspace.modes))
    except Turned as turned:
        return turned.reply
    reply = _reply(*_add(workspace, body))
    return replace(reply, headers={**reply.headers, **told}) if told else reply


def count_unhindered(workspace: Workspace, body: bytes) -> Answer:
    """Do the same for an account without limits and faults, framed beforehand."""
    return _answer(*_add(workspace, body))


def count_objects(body: bytes) -> tuple[int, int]:
    """Count attributes and events by their identifiers; a body with both arrays is read in full."""
    objects = body.count(b'"external_id"') + body.count(b'"braze_id"')
    if body.startswith(b'{"attributes"') and b'"events"' not in body:
        return objects, 0
    if body.startswith(b'{"events"') and b'"attributes"' not in body:
        return 0, objects
    read = json.loads(body)
    return len(read.get("attributes") or ()), len(read.get("events") or ())


def _add(workspace: Workspace, body: bytes) -> tuple[int, int]:
    attributes, events = count_objects(body)
    workspace.counts["attributes"] += attributes
    workspace.counts["events"] += events
    return attributes, events


@cache
def _reply(attributes: int, events: int) -> Reply:
    counters = {"attributes_processed": attributes, "events_processed": events}
    return json_reply(201, {**{name: n for name, n in counters.items() if n}, "message": "success"})


@cache
def _answer(attributes: int, events: int) -> Answer:
    return encode(_reply(attributes, events))
