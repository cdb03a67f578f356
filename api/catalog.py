"""What each integration's `config` may hold, straight from its catalog file."""

from collections.abc import Sequence
from typing import Any

from api.shapes import Schema, nullable, one_of, ref, text, whole
from mapping.catalog import CatalogEntry
from mapping.catalog.fields import ConfigField
from mapping.catalog.validation import MASK, MAX_STRING, MAX_TEXT

_KEY_SHAPE = r"[\x21-\x7e]+"
_PATTERNS = {
    "": r"[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*",
    "url": r"[hH][tT][tT][pP][sS]?://[^\s?#@\\]+",
    "path_template": r"/[^\s?#\\]*\{[^\s?#\\]*",
    "header_template": r"[A-Za-z0-9!#$%&'*+.^_`|~-]+:.*\{api_key\}.*",
}
_FORMAT_NOTES = {
    "": "",
    "url": "https, on a host this stack lets a key go to.",
    "path_template": "Holds `{account_id}` and `{destination_id}`.",
    "header_template": "`Name: value`, the value with `{api_key}`.",
}


def config_name(entry: CatalogEntry, suffix: str = "Config") -> str:
    """`Actioniq` + `Config`."""
    return "".join(part.capitalize() for part in entry.key.replace("-", "_").split("_")) + suffix


def config_schemas(entry: CatalogEntry) -> dict[str, Schema]:
    """For installing, for changing, and as it is shown."""
    fields = entry.config_fields
    whole_config = {
        "type": "object",
        "description": f"Configuration of {entry.name}.",
        "required": [field.key for field in fields if field.required],
        "properties": {field.key: _given(field) for field in fields},
        "additionalProperties": False,
        **_needs(fields),
    }
    change = {
        "type": "object",
        "description": f"A change to the configuration of {entry.name}: null takes an optional field away; "
        f'a secret left out or sent as "{MASK}" stays.',
        "properties": {field.key: _changed(field) for field in fields},
        "additionalProperties": False,
    }
    shown = {
        "type": "object",
        "description": f"Configuration of {entry.name}, secrets masked.",
        "properties": {field.key: _shown(field) for field in fields},
    }
    return {
        config_name(entry): whole_config,
        config_name(entry, "ConfigChange"): change,
        config_name(entry, "ConfigShown"): shown,
    }


def install_schema(entry: CatalogEntry, base: Schema) -> Schema:
    """The body of an install of this integration: `base` with what this entry offers."""
    offered = {
        "variant": one_of(*(variant.key for variant in entry.variants)) | {"default": "default"},
        "delivery_mode": one_of(*entry.delivery_modes) | {"default": "server_side"},
        "config": ref(config_name(entry)),
    }
    preset = {name for variant in entry.variants for name in variant.default_config}
    config: Schema = offered["config"]
    if preset:
        config = {**config, "description": f"A variant may fill in: {', '.join(sorted(preset))}."}
    return {**base, "properties": {**base["properties"], **offered, "config": config}}


def example(entry: CatalogEntry) -> dict[str, Any]:
    """An install body out of the required fields and their placeholders."""
    config = {field.key: field.placeholder for field in entry.config_fields if field.required}
    return {
        "name": entry.name,
        "variant": entry.variants[0].key,
        "config": config,
        "delivery_mode": entry.delivery_modes[0],
    }


def _needs(fields: Sequence[ConfigField]) -> Schema:
    """What another field's value calls for: there, and not blank."""
    rules = [
        {
            "if": {"properties": {need.field: {"const": need.value}}, "required": [need.field]},
            "then": {
                "properties": {field.key: {"type": "string", "pattern": r"\S"}},
                "required": [field.key],
            },
        }
        for field in fields
        if (need := field.required_if)
    ]
    return {"allOf": rules} if rules else {}


def _given(field: ConfigField) -> Schema:
    made = _typed(field)
    if field.type == "secret":
        made = {**made, "writeOnly": True, "format": "password", "not": {"const": MASK}}
    if field.default is not None:
        made = {**made, "default": field.default}
    return made if field.required else nullable(made)


def _changed(field: ConfigField) -> Schema:
    made = _typed(field)
    if field.type == "secret":
        made = {**made, "writeOnly": True, "format": "password"}
    return nullable(made)


def _shown(field: ConfigField) -> Schema:
    if field.type == "secret":
        return {"const": MASK, "description": field.label}
    kinds: dict[str, Schema] = {
        "boolean": {"type": "boolean"},
        "integer": {"type": "integer"},
        "list": {"type": "array", "items": {"type": "string"}},
    }
    return {**kinds.get(field.type, {"type": "string"}), "description": field.label}


def _typed(field: ConfigField) -> Schema:
    note = " ".join(
        part for part in (f"{field.label}.", field.help_text, _FORMAT_NOTES[field.format]) if part
    )
    if field.type == "boolean":
        return {"type": "boolean", "description": note}
    if field.type == "integer":
        bounds = {"minimum": field.minimum, "maximum": field.maximum}
        return whole(note, **{name: bound for name, bound in bounds.items() if bound is not None})
    if field.type == "select":
        return one_of(*(option.value for option in field.options), description=note)
    if field.type == "list":
        offered = one_of(*(option.value for option in field.options))
        return {"type": "array", "items": offered, "description": note}
    return _text(field, note)


def _text(field: ConfigField, note: str) -> Schema:
    """Blanks around a value are taken off; an optional one may be blank, which is as good as absent."""
    if field.type == "textarea":
        return text(note, maxLength=MAX_TEXT)
    shape = _KEY_SHAPE if field.type == "secret" else (field.pattern or _PATTERNS[field.format])
    pattern = rf"^\s*{shape}\s*$" if field.required else rf"^\s*(?:{shape})?\s*$"
    examples = [option.value for option in field.options] or [field.placeholder] if field.placeholder else []
    return text(note, maxLength=MAX_STRING, pattern=pattern, **({"examples": examples} if examples else {}))
