"""POST /users/track (facts 2)."""

from collections.abc import Callable

from local.standins.braze.checks import CHECKS, identifier_error
from local.standins.braze.effects import apply
from local.standins.braze.gate import admit, read_body, spend, turn_away
from local.standins.braze.modes import Modes
from local.standins.braze.rates import track_windows
from local.standins.braze.workspace import Workspace
from local.standins.web import Json, Reply, Request, json_reply

MOST_OBJECTS = {"combined75": 75, "combined50": 50, "per_array75": 75}
NOTHING_VALID = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."

type Arrays = dict[str, list[object]]
type Accepted = list[tuple[str, Json]]


def track(workspace: Workspace, request: Request, refuse: Callable[[], str | None]) -> Reply:
    """Accept a request; `refuse` may name an error for an object that is otherwise good."""
    admit(workspace, request, "users.track")
    body = read_body(request)
    arrays = _arrays(body)
    _check_count(arrays, workspace.modes)
    told = spend(workspace, track_windows(workspace.modes))
    accepted: Accepted = []
    errors: list[Json] = []
    processed = {f"{kind}_processed": 0 for kind in arrays}
    for kind, objects in arrays.items():
        for index, sent in enumerate(objects):
            faults, drops = _judge(workspace, kind, sent, refuse)
            errors += [{"type": fault, "input_array": kind, "index": index} for fault in faults]
            if isinstance(sent, dict) and not drops:
                accepted.append((kind, sent))
                processed[f"{kind}_processed"] += _counted(workspace, sent)
    if not accepted and workspace.modes.nothing_valid == 400:
        raise turn_away(400, NOTHING_VALID, errors=_shaped(errors, workspace.modes))
    workspace.counts["refused"] += len(errors)
    workspace.applying.accept(lambda: _apply(workspace, accepted), workspace.modes)
    answer: Json = {**processed, "message": "success"}
    if errors:
        answer["errors"] = _shaped(errors, workspace.modes)
    return json_reply(201, answer, told)


def _arrays(body: Json) -> Arrays:
    arrays: Arrays = {}
    for kind in CHECKS:
        if body.get(kind) is not None:
            if not isinstance(body[kind], list):
                raise turn_away(400, f"'{kind}' must be an array")
            arrays[kind] = body[kind]
    return arrays


def _check_count(arrays: Arrays, modes: Modes) -> None:
    sizes = [len(objects) for objects in arrays.values()] or [0]
    size = max(sizes) if modes.objects_rule == "per_array75" else sum(sizes)
    if size > MOST_OBJECTS[modes.objects_rule]:
        raise turn_away(400, "Max Input Length Exceeded")


def _judge(
    workspace: Workspace, kind: str, sent: object, refuse: Callable[[], str | None]
) -> tuple[list[str], bool]:
    """Return the object's errors and whether it is dropped."""
    if not isinstance(sent, dict):
        return ["each entry must be an object"], True
    wrong = identifier_error(sent, workspace.modes) or refuse()
    if wrong:
        return [wrong], True
    errors = CHECKS[kind](sent)
    spared = kind == "attributes" and workspace.modes.bad_field == "field"
    return errors, bool(errors) and not spared


def _counted(workspace: Workspace, sent: Json) -> int:
    if workspace.modes.skipped_counts or not sent.get("_update_existing_only") or "push_token_import" in sent:
        return 1
    found = workspace.profiles.resolve(sent, workspace.now(), create=False)
    return 0 if found is None else 1


def _apply(workspace: Workspace, accepted: Accepted) -> None:
    for kind, sent in accepted:
        apply(workspace, kind, sent)


def _shaped(errors: list[Json], modes: Modes) -> list[object]:
    if modes.error_shape == "object":
        return list(errors)
    return [f"{one['type']} ({one['input_array']}[{one['index']}])" for one in errors]
