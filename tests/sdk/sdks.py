"""The SDKs, and what sets one apart from another on the wire."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLAYERS = Path(__file__).parent / "players"
TOOLS = ROOT / ".tools" / "sdk" / "bin"


@dataclass(frozen=True, slots=True)
class Sdk:
    """`alone`: the SDK sends its first event by itself, at once; `gzip`: it can compress what it sends."""

    name: str
    version: str
    player: str
    gzip: bool = False
    alone: int = 0

    @property
    def browser(self) -> bool:
        """Runs in a page, with a public write key."""
        return self.player == "browser.mjs"

    @property
    def command(self) -> list[str]:
        """What plays its scenes."""
        runtime = "node" if self.player.endswith(".mjs") else "python"
        return [str(TOOLS / runtime), str(PLAYERS / self.player)]


SDKS = (
    Sdk("segment-analytics-python", "2.4.0", "segment_python.py", gzip=True),
    Sdk("rudder-sdk-python", "2.1.9", "rudder_python.py", gzip=True),
    Sdk("@segment/analytics-node", "3.1.0", "segment_node.mjs"),
    Sdk("@rudderstack/rudder-sdk-node", "3.0.13", "rudder_node.mjs", gzip=True, alone=1),
    Sdk("@segment/analytics-next", "1.84.3", "browser.mjs"),
)
BROWSER = next(sdk for sdk in SDKS if sdk.browser)
