"""The operations of docs/openapi.json as Markdown; mkdocs calls it while it builds the page of the API."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
DESCRIPTION = Path(__file__).parents[1] / "docs" / "openapi.json"
SLOT = "<!-- operations -->"
METHODS = ("get", "post", "patch", "put", "delete")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """`markdown` with the reference where a page asks for it: a hook of mkdocs."""
    if SLOT not in markdown:
        return markdown
    return markdown.replace(SLOT, reference(json.loads(DESCRIPTION.read_text(encoding="utf-8"))))


def reference(document: Json) -> str:
    """A section for each tag, a subsection for each operation."""
    operations = [
        (method, path, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    sections = []
    for tag in document["tags"]:
        mine = [one for one in operations if tag["name"] in one[2]["tags"]]
        sections += [f"## {tag['name']}", *(_operation(document, *one) for one in mine)]
    return "\n\n".join(sections)


def _operation(document: Json, method: str, path: str, operation: Json) -> str:
    parts = [f"### {method.upper()} {path}", _sentence(operation["summary"])]
    if said := operation.get("description"):
        parts.append(said.strip())
    parts += _parameters(document, operation.get("parameters", []))
    parts += _body(document, operation)
    parts += _answers(document, operation["responses"])
    return "\n\n".join(parts)


def _parameters(document: Json, listed: list[Json]) -> list[str]:
    found = [_resolved(document, one) for one in listed]
    rows = [
        (f"`{one['name']}`", one["in"], _type(one["schema"]), _yes(one.get("required")), _cell(one))
        for one in found
    ]
    return [_table(("parameter", "in", "type", "required", "what"), rows)] if rows else []


def _body(document: Json, operation: Json) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if not content:
        return []
    schema = _resolved(document, content["schema"])
    required = schema.get("required", [])
    rows = [
        (f"`{name}`", _type(field), _yes(name in required), _cell(field))
        for name, field in schema.get("properties", {}).items()
    ]
    shown = [_table(("field of the body", "type", "required", "what"), rows)] if rows else []
    first = next(iter(content.get("examples", {}).values()), None)
    if first:
        shown.append(f"```json\n{json.dumps(first['value'], indent=2, ensure_ascii=False)}\n```")
    return shown


def _answers(document: Json, responses: Json) -> list[str]:
    fine = [
        f"**{status}**: {_cell(_resolved(document, answer))}"
        for status, answer in responses.items()
        if status < "400"
    ]
    others = ", ".join(status for status in responses if status >= "400")
    return [*fine, f"Otherwise: {others}."] if others else fine


def _resolved(document: Json, node: Json) -> Json:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"] if one is not None)
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"] if one.get("type") != "null")
    if isinstance(kinds := schema.get("type", "any"), list):
        return " or ".join(one for one in kinds if one != "null")
    return f"list of {_type(schema['items'])}" if kinds == "array" and "items" in schema else str(kinds)


def _cell(node: Json) -> str:
    text = node.get("description") or node.get("schema", {}).get("description", "")
    return " ".join(str(text).split()).replace("|", "\\|")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _yes(required: Any) -> str:
    return "yes" if required else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *rows))
