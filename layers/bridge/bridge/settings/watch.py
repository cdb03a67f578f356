"""What the watch function is told."""

from dataclasses import dataclass

from bridge.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings(Settings):
    """Where to look, and whom to tell."""

    installations_table: str
    deliveries_table: str
    runs_table: str
    alarm_topic: str
    api_url: str
