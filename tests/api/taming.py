"""What a generated request must not do: touch what others made, feed on their events, leave this machine."""

import re
from collections.abc import Callable
from typing import Any

import schemathesis

from tests.api.house import House

GIVEN_OUT = re.compile(r"(int|src|tok|run|ltr|dlv|aud|rpl)_[0-9a-zA-Z]{16,}")
NAMELESS = "nobody"

Body = dict[str, Any]


def tame(name: str, case: schemathesis.Case, house: House) -> None:
    """Half of the requests meet what this run made for itself; what changes or deletes meets nothing else."""
    turn = house.turn()
    case.path_parameters = {key: _stranger(value) for key, value in case.path_parameters.items()}
    own = _fitting(case.body) if name == "install" else None
    if turn % 2 == 0 and (own := own or _own(name, house, turn)):
        key = next(iter(case.path_parameters))
        case.path_parameters = {**case.path_parameters, key: own}
    if name.startswith("install") and turn % 2 == 0:
        case.query = {key: value for key, value in (case.query or {}).items() if key != "test"}
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = house.prefix + str(case.headers["Idempotency-Key"])[:100]
    change = _installed if name.startswith("install") else BODIES.get(name)
    if isinstance(case.body, dict) and change:
        case.body = change(dict(case.body), house, turn)


def _stranger(value: Any) -> Any:
    return NAMELESS if isinstance(value, str) and GIVEN_OUT.search(value) else value


def _own(name: str, house: House, turn: int) -> str | None:
    """An id that is there, for operations that read, or that change what is this run's own."""
    if name in {"getIntegration", "changeIntegration", "listRevisions", "testIntegration", *SWITCHES}:
        return house.ids["actioniq" if turn % 4 else "braze"]
    if name in {"getCatalogEntry", "install"}:
        return "actioniq" if turn % 4 else "braze"
    if name == "sdkSettings":
        return house.write_key
    runs = dict.fromkeys(("getRun", "getRunReport", "getRunRejects"), "run")
    reads = {**runs, "getLiveEvent": "delivery", "getDeadLetter": "letter", "getReplay": "replay"}
    return house.ids.get(reads[name]) if name in reads else None


def _fitting(body: Any) -> str | None:
    """The integration a body is for: any other refuses its fields."""
    config = body.get("config") if isinstance(body, dict) else None
    keys = {"api_key": "actioniq", "rest_api_key": "braze"} if isinstance(config, dict) else {}
    return next((entry for field, entry in keys.items() if field in config), None)


def _named(body: Body, house: House, turn: int) -> Body:
    name = body.get("name")
    if isinstance(name, str) and name.strip() and len(name) <= 120:
        body["name"] = f"{house.prefix} {turn} {name}"[:120]
    return body


def _installed(body: Body, house: House, turn: int) -> Body:
    """Fed by no source, and its vendors are the stand-ins."""
    if body.get("sources") is None:
        body["sources"] = []
    return _at_home(_named(body, house, turn), house)


def _changed(body: Body, house: House, turn: int) -> Body:
    if "sources" in body and body["sources"] is None:
        body["sources"] = []
    return _at_home(_named(body, house, turn), house)


def _at_home(body: Body, house: House) -> Body:
    config = body.get("config")
    if not isinstance(config, dict):
        return body
    stack = house.stack
    homes = {"rest_endpoint": stack.braze_url, "base_url": stack.actioniq_url, "url": stack.braze_url}
    moved = {
        key: home for key, home in homes.items() if isinstance(config.get(key), str) and "//" in config[key]
    }
    return body | {"config": config | moved}


def _replayed(body: Body, house: House, _: int) -> Body:
    """No letter of anybody's: reasons are narrowed to an installation without letters, ids are made up."""
    if "reason" in body:
        body["integration_id"] = house.ids["journeys"]
    if isinstance(body.get("ids"), list):
        body["ids"] = [
            "ltr_0" if isinstance(one, str) and GIVEN_OUT.search(one) else one for one in body["ids"]
        ]
    return body


def _started(body: Body, house: House, _: int) -> Body:
    """As `_replayed`; nor does it start a replay of everything."""
    if body.get("all") is True:
        body = {name: value for name, value in body.items() if name != "all"}
    return body | {"integration_id": house.ids["journeys"]}


def _ordered(body: Body, house: House, turn: int) -> Body:
    """Audiences go to nobody: a run of theirs would stay."""
    key = body.get("activation_id")
    if isinstance(key, str) and re.fullmatch(r"[\x21-\x7e]{1,100}", key):
        body["activation_id"] = f"{house.prefix}-{turn}-{key}"
    if body.get("kind") != "audience" and isinstance(body.get("integration_id"), str):
        body["integration_id"] = house.ids["journeys"]
    return body


def _nobodys(body: Body, house: House, _: int) -> Body:
    """Erases nobody: identifiers are this run's own inventions."""
    return {
        name: f"{house.prefix}-{value}" if isinstance(value, str) and value else value
        for name, value in body.items()
    }


SWITCHES = ("enableIntegration", "disableIntegration")
BODIES: dict[str, Callable[[Body, House, int], Body]] = {
    "changeIntegration": _changed,
    "createSource": _named,
    "createToken": _named,
    "replayDeadLetters": _replayed,
    "startReplay": _started,
    "eraseSubject": _nobodys,
    "activate": _ordered,
}
