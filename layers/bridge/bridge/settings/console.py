"""What the console function is told."""

from dataclasses import dataclass

from bridge.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings(Settings):
    """`api_url` is empty where the API's own address will do."""

    api_url: str = ""
