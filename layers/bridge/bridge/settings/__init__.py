"""The environment, read once: one frozen model per function stands in a module of its own beside this one."""

import os
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError


class InvalidSettings(Exception):
    """A variable is missing or malformed; the message names the variables and never repeats a value."""


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaList = Annotated[tuple[str, ...], BeforeValidator(_split)]


class Settings(BaseModel):
    """Base of each function's settings: the field `braze_queue_url` is the variable `BRAZE_QUEUE_URL`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the variables this model names; an empty one counts as absent. Raises InvalidSettings."""
        source = os.environ if environ is None else environ
        found = {field: source[field.upper()] for field in cls.model_fields if source.get(field.upper())}
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            faults = error.errors(include_input=False, include_url=False)
            named = [f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in faults]
            raise InvalidSettings("; ".join(named)) from None
