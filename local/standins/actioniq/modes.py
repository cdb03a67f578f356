"""The switches of the ActionIQ stand-in."""

from typing import Literal

from local.standins.switches import Switches


class Modes(Switches):
    """What goes wrong, and whether a 429 says how long to wait."""

    counting: bool = False
    """Count records without reading them (benchmarks)."""

    retry_after: Literal["retry-after", "none"] = "retry-after"
