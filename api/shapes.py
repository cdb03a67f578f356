"""The words JSON Schemas are written with here."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

SCHEMAS = "#/components/schemas/"


def ref(name: str) -> Schema:
    """A schema that stands under `components`."""
    return {"$ref": SCHEMAS + name}


def text(description: str = "", **limits: Any) -> Schema:
    """A string; `limits` are JSON Schema keywords."""
    return {"type": "string", **_described(description), **limits}


def whole(description: str = "", **limits: Any) -> Schema:
    """An integer."""
    return {"type": "integer", **_described(description), **limits}


def flag(description: str = "") -> Schema:
    """True or false."""
    return {"type": "boolean", **_described(description)}


def one_of(*values: str, description: str = "") -> Schema:
    """A string out of a closed set."""
    return {"type": "string", **_described(description), "enum": list(values)}


def moment(description: str = "") -> Schema:
    """A time as we give it: UTC, milliseconds, `Z`."""
    return text(description or "ISO 8601, UTC.", format="date-time")


def array(items: Schema, description: str = "", **limits: Any) -> Schema:
    """A list."""
    return {"type": "array", **_described(description), "items": items, **limits}


def record(properties: Mapping[str, Schema], description: str = "", optional: tuple[str, ...] = ()) -> Schema:
    """An object that always has all its properties but the `optional` ones."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        **_described(description),
        "required": required,
        "properties": dict(properties),
    }


def mapping(values: Schema, description: str = "") -> Schema:
    """An object whose names are data."""
    return {"type": "object", **_described(description), "additionalProperties": values}


def anything(description: str) -> Schema:
    """Whatever JSON can hold."""
    return {"description": description}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    if isinstance(schema.get("type"), str):
        made = {**schema, "type": [schema["type"], "null"]}
        return made | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})
    return {"anyOf": [schema, {"type": "null"}]}


def page(items: Schema, description: str) -> Schema:
    """A list as the admin API gives it."""
    following = nullable(text("Send it back as `cursor` for the next page; null at the end."))
    return record({"data": array(items), "next_cursor": following, "has_more": flag()}, description)


def of_model(model: type[BaseModel], *, answers: bool = False) -> tuple[Schema, dict[str, Schema]]:
    """A pydantic model's schema and those it refers to; `answers` for what it gives instead of what it takes."""
    template = SCHEMAS + "{model}"
    made = model.model_json_schema(ref_template=template, mode="serialization" if answers else "validation")
    others = made.pop("$defs", {})
    return untitled(made), {name: untitled(other) for name, other in others.items()}


def untitled(schema: Any) -> Any:
    """Without the titles pydantic makes from field names."""
    if isinstance(schema, list):
        return [untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: (
            {key: untitled(one) for key, one in value.items()} if name == "properties" else untitled(value)
        )
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str))
    }


def _described(description: str) -> Schema:
    return {"description": description} if description else {}
