"""What the stand-ins' switches have in common: they are set by name, and can make things go wrong."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from local.standins.faults import Fault
from local.standins.web import Reply, json_reply


class Switches(BaseModel):
    """`seed` decides which requests the `faults` hit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    faults: tuple[Fault, ...] = ()
    seed: int = 0

    def changed(self, changes: Mapping[str, object]) -> Self:
        """Apply changes; null resets one switch; raise pydantic's ValidationError for anything unknown."""
        kept = {name: getattr(self, name) for name in self.model_fields_set if name not in changes}
        given = {name: value for name, value in changes.items() if value is not None}
        unknown = {name: None for name in changes if name not in type(self).model_fields}
        return self.model_validate({**kept, **given, **unknown})

    def shown(self) -> Reply:
        """Answer with every switch."""
        return Reply(200, self.model_dump_json().encode(), {"content-type": "application/json"})


def unchanged(error: ValidationError) -> Reply:
    """Answer which switches cannot be set so."""
    details = [{"mode": ".".join(map(str, one["loc"])), "detail": one["msg"]} for one in error.errors()]
    return json_reply(400, {"error": "modes not changed", "details": details})
