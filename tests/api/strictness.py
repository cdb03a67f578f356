"""The description as the tests read it: an answer may hold nothing that is not described."""

from copy import deepcopy
from typing import Any

SCHEMAS = "#/components/schemas/"


def strict(document: dict[str, Any]) -> dict[str, Any]:
    made = deepcopy(document)
    schemas = made["components"]["schemas"]
    asked, answered = _reached(made, "requestBody"), _reached(made, "responses")
    for name in answered - asked:
        _close(schemas[name])
    return made


def _reached(document: dict[str, Any], part: str) -> set[str]:
    roots = [one.get(part, {}) for methods in document["paths"].values() for one in methods.values()]
    if part == "responses":
        roots.append(document["components"]["responses"])
    found: set[str] = set()
    waiting = [name for root in roots for name in _named(root)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _named(document["components"]["schemas"][name])
    return found


def _named(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for one in node for name in _named(one)]
    if not isinstance(node, dict):
        return []
    here = node.get("$ref", "")
    own = [here.removeprefix(SCHEMAS)] if isinstance(here, str) and here.startswith(SCHEMAS) else []
    return own + [name for one in node.values() for name in _named(one)]


def _close(node: Any) -> None:
    if isinstance(node, list):
        for one in node:
            _close(one)
    elif isinstance(node, dict):
        if "properties" in node and node.get("required"):
            node.setdefault("additionalProperties", False)
        for one in node.values():
            _close(one)
