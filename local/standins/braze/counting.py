"""The counting mode: /users/track for benchmarks, where objects are counted and nothing is kept."""

import json

from local.standins.braze.gate import Turned, spend
from local.standins.braze.rates import track_windows
from local.standins.braze.workspace import Workspace
from local.standins.web import Reply

_ANSWERS: dict[tuple[int, int], bytes] = {}


def count(workspace: Workspace, body: bytes) -> Reply:
    """Answer 201 with the number of identifiers found; rate limits hold, nothing else is checked."""
    attributes, events = count_objects(body)
    try:
        told = spend(workspace, track_windows(workspace.modes))
    except Turned as turned:
        return turned.reply
    counts = workspace.counts
    counts["attributes"] += attributes
    counts["events"] += events
    return Reply(201, _answer(attributes, events), {"content-type": "application/json", **told})


def count_objects(body: bytes) -> tuple[int, int]:
    """Count attributes and events by their identifiers; a body with both arrays is read in full."""
    objects = body.count(b'"external_id"') + body.count(b'"braze_id"') + body.count(b'"user_alias"')
    if b'"events"' not in body:
        return objects, 0
    if b'"attributes"' not in body:
        return 0, objects
    read = json.loads(body)
    return len(read.get("attributes") or ()), len(read.get("events") or ())


def _answer(attributes: int, events: int) -> bytes:
    found = _ANSWERS.get((attributes, events))
    if found is None:
        counters = {"attributes_processed": attributes, "events_processed": events}
        body = {name: number for name, number in counters.items() if number}
        found = _ANSWERS[attributes, events] = json.dumps({**body, "message": "success"}).encode()
    return found
