"""One field of an integration's configuration, as the form shows it and the API checks it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Option(BaseModel):
    """A value the form offers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: str
    label: str


class ConfigField(BaseModel):
    """`options` bind a `select` and suggest for a `string`; `minimum`, `maximum` bound an `integer`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    label: str
    type: Literal["string", "secret", "select", "boolean", "integer", "textarea"]
    required: bool = False
    placeholder: str = ""
    help_text: str = ""
    default: Any = None
    options: tuple[Option, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    format: Literal["", "url", "path_template", "header_template"] = ""
