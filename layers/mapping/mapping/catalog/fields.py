"""One field of an integration's configuration, as the form shows it and the API checks it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Option(BaseModel):
    """A value the form offers."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    value: str
    label: str


class Condition(BaseModel):
    """True when another field holds this value."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    field: str
    value: str


class ConfigField(BaseModel):
    """`options` bind a `select` and the items of a `list`, and suggest for a `string`.

    `minimum` and `maximum` bound an `integer`; the whole of a `string` matches `pattern`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    key: str
    label: str
    type: Literal["string", "secret", "select", "boolean", "integer", "textarea", "list"]
    required: bool = False
    required_if: Condition | None = None
    placeholder: str = ""
    help_text: str = ""
    default: Any = None
    options: tuple[Option, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    pattern: str = ""
    format: Literal["", "url", "path_template", "header_template"] = ""
