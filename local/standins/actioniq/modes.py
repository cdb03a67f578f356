"""The switches of the ActionIQ stand-in."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from local.standins.faults import Fault


class Modes(BaseModel):
    """What goes wrong, and whether a 429 says how long to wait."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    counting: bool = False
    """Count records without reading them (benchmarks)."""

    retry_after: Literal["retry-after", "none"] = "retry-after"
    faults: tuple[Fault, ...] = ()
    seed: int = 0

    def changed(self, changes: Mapping[str, object]) -> "Modes":
        """Apply changes; null resets one switch; raise pydantic's ValidationError for anything unknown."""
        kept = {name: getattr(self, name) for name in self.model_fields_set if name not in changes}
        given = {name: value for name, value in changes.items() if value is not None}
        unknown = {name: None for name in changes if name not in Modes.model_fields}
        return Modes.model_validate({**kept, **given, **unknown})
